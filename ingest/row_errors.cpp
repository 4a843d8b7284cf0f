#include "ingest/row_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "storage/base/log.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "error_log_";
constexpr size_t kIdDigits = 16 + 32;  ///< microseconds since 1970 and 128 random bits, in hex

bool is_id(std::string_view text) {
  if (text.size() != kPrefix.size() + kIdDigits || !text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string make_id() {
  using namespace std::chrono;
  const auto micros = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  std::random_device random;
  return fmt::format("{}{:016x}{:08x}{:08x}{:08x}{:08x}", kPrefix, micros, random(), random(), random(), random());
}

/// Cuts without splitting a character, and shows what is not UTF-8 as '?'.
void append_row_text(std::string& out, std::string_view row) {
  bool is_cut = false;
  if (row.size() > RowErrors::kRowBytesKept) {
    size_t end = RowErrors::kRowBytesKept;
    while (end > 0 && (static_cast<uint8_t>(row[end]) & 0xC0) == 0x80) --end;
    row = row.substr(0, end);
    is_cut = true;
  }
  if (is_utf8(row)) {
    out.append(row);
  } else {
    for (char c : row) out.push_back(static_cast<uint8_t>(c) < 0x80 ? c : '?');
  }
  if (is_cut) out.append("...");
}

}  // namespace

std::string row_text(const Block& block, size_t row) {
  std::string text;
  for (const Column& column : block.columns) {
    if (&column != &block.columns.front()) text += '\t';
    if (column.is_null(row)) {
      text += "\\N";
    } else {
      format_value(column, row, text);
    }
  }
  return text;
}

void RowErrors::add(std::string_view reason, std::string_view row) {
  if (count_++ == 0) first_ = reason;
  if (count_ > rows_kept_) return;
  text_.append("Reason: ").append(reason).append(". src line [");
  append_row_text(text_, row);
  text_.append("];\n");
  line_ends_.push_back(text_.size());
}

void RowErrors::append(const RowErrors& other) {
  if (count_ == 0) first_ = other.first_;
  count_ += other.count_;
  const size_t fitting = std::min<size_t>(rows_kept_ - line_ends_.size(), other.line_ends_.size());
  const size_t begin = text_.size();
  if (fitting > 0) text_.append(other.text_, 0, other.line_ends_[fitting - 1]);
  for (size_t i = 0; i < fitting; ++i) line_ends_.push_back(begin + other.line_ends_[i]);
}

void RowErrors::clear() {
  count_ = 0;
  line_ends_.clear();
  first_.clear();
  text_.clear();
}

Result<std::unique_ptr<ErrorLogs>> ErrorLogs::open(const std::string& directory, uint64_t logs_kept) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return Status::IoError("cannot create the error log directory {}: {}", directory, error.message());
  std::unique_ptr<ErrorLogs> logs(new ErrorLogs(directory, std::max<uint64_t>(logs_kept, 1)));
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (is_id(name)) logs->files_.push_back(std::move(name));
  }
  if (error) return Status::IoError("cannot list the error log directory {}: {}", directory, error.message());
  std::sort(logs->files_.begin(), logs->files_.end());
  logs->remove_oldest();
  return logs;
}

void ErrorLogs::remove_oldest() {
  if (files_.size() <= logs_kept_) return;
  const size_t excess = files_.size() - logs_kept_;
  for (size_t i = 0; i < excess; ++i) {
    std::error_code error;
    fs::remove(fs::path(directory_) / files_[i], error);
    if (error) log_warning("cannot remove the old error log {}/{}: {}", directory_, files_[i], error.message());
  }
  files_.erase(files_.begin(), files_.begin() + static_cast<ptrdiff_t>(excess));
}

Result<std::string> ErrorLogs::save(const RowErrors& errors) {
  const std::string id = make_id();
  const fs::path path = fs::path(directory_) / id;
  std::ofstream file(path, std::ios::binary);
  file << errors.text();
  if (errors.count() != 0 && errors.text().empty()) file << "Reason: " << errors.first() << ".\n";
  file.close();
  if (!file) {
    std::error_code ignored;
    fs::remove(path, ignored);
    return Status::IoError("cannot write the error log {}", path.string());
  }
  std::lock_guard lock(mutex_);
  files_.push_back(id);
  remove_oldest();
  return id;
}

Result<std::string> ErrorLogs::read(std::string_view id) const {
  if (!is_id(id)) return Status::NotFound("there is no error log of that name");
  std::ifstream file(fs::path(directory_) / id, std::ios::binary);
  if (!file) return Status::NotFound("there is no error log {}: it may have been removed by age", id);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace freshet::ingest
