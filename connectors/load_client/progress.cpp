#include "connectors/load_client/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace freshet::connectors::load_client {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBarWidth = 24;
constexpr size_t kLineWidth = 200;
constexpr size_t kUsualWidth = 80;
constexpr size_t kThousand = 3;
constexpr uint64_t kSecondsPerMinute = 60;
constexpr const char* kClearLine = "\r\033[K";

size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

}  // namespace

std::string with_commas(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > kThousand;) text.insert(at -= kThousand, ",");
  return text;
}

std::string shown_bytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); value /= 1000) ++unit;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

Progress::Progress(const LoadCounts& counts, uint64_t total_bytes, bool has_bar, uint64_t report_seconds, std::FILE* out)
    : counts_(counts),
      total_bytes_(total_bytes),
      has_bar_(has_bar),
      report_every_(report_seconds),
      out_(out),
      began_(Clock::now()),
      reported_(began_) {}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

std::string Progress::line(const LoadCounts& counts, uint64_t total_bytes, double seconds, size_t width) {
  const uint64_t bytes = counts.bytes, rows = counts.loaded_rows;
  std::string text;
  if (total_bytes != 0) {
    const double share = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total_bytes));
    const auto filled = static_cast<size_t>(share * kBarWidth);
    text = fmt::format("[{}{}] {:3.0f}%  {} of {}", std::string(filled, '#'), std::string(kBarWidth - filled, '.'),
                       share * 100, shown_bytes(bytes), shown_bytes(total_bytes));
  } else {
    text = shown_bytes(bytes);
  }
  const double rate = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
  text += fmt::format("  {} rows  {} rows/s  {} rejected", with_commas(rows), with_commas(static_cast<uint64_t>(rate)),
                      with_commas(counts.filtered_rows));
  const uint64_t fresh = bytes - std::min<uint64_t>(bytes, counts.bytes_before);
  if (total_bytes > bytes && fresh != 0) {
    const auto left = static_cast<uint64_t>(seconds * static_cast<double>(total_bytes - bytes) / static_cast<double>(fresh));
    text += fmt::format("  {}:{:02} left", left / kSecondsPerMinute, left % kSecondsPerMinute);
  }
  return text.substr(0, width);
}

void Progress::tick() {
  const std::lock_guard lock(mutex_);
  if (has_bar_) return draw();
  if (Clock::now() - reported_ < report_every_) return;
  reported_ = Clock::now();
  fmt::print(out_, "{}\n", line(counts_, total_bytes_, seconds(), kLineWidth));
}

void Progress::tell(std::string_view message) {
  const std::lock_guard lock(mutex_);
  fmt::print(out_, "{}{}\n", has_bar_ ? kClearLine : "", message);
  if (has_bar_) draw();
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  if (has_bar_) fmt::print(out_, "{}", kClearLine);
}

void Progress::draw() {
  fmt::print(out_, "{}{}", kClearLine, line(counts_, total_bytes_, seconds(), terminal_width() - 1));
  std::fflush(out_);
}

}  // namespace freshet::connectors::load_client
