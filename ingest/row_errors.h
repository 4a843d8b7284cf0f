#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"
#include "storage/types/block.h"

namespace freshet::ingest {

/// A row as text, with tabs between its values.
std::string row_text(const Block& block, size_t row);

/// The rejected rows of one load: their number, the first reason, and the text of the first `rows_kept` of them, a line
/// each: "Reason: <why>. src line [<row, cut to kRowBytesKept>];". One thread.
class RowErrors {
 public:
  static constexpr size_t kRowBytesKept = 1024;

  explicit RowErrors(uint64_t rows_kept) : rows_kept_(rows_kept) {}

  void add(std::string_view reason, std::string_view row);
  uint64_t count() const { return count_; }
  /// Reason of the first rejected row; empty when there is none.
  const std::string& first() const { return first_; }
  const std::string& text() const { return text_; }
  /// Adds the rejected rows of another part of the load.
  void append(const RowErrors& other);
  void clear();

 private:
  uint64_t rows_kept_;
  uint64_t count_ = 0;
  std::vector<size_t> line_ends_;  ///< of the kept rows, in text_
  std::string first_;
  std::string text_;
};

/// The kept rejected rows of finished loads, one file each in a directory; the oldest files go first. Any thread.
class ErrorLogs {
 public:
  /// Makes the directory when it is missing.
  static Result<std::unique_ptr<ErrorLogs>> open(const std::string& directory, uint64_t logs_kept);

  /// Keeps the text and answers the id that reads it. Ids cannot be guessed and sort by time.
  Result<std::string> save(const RowErrors& errors);
  /// NotFound when there is no such log (or it was removed by age), and for every text that is not an id.
  Result<std::string> read(std::string_view id) const;

 private:
  ErrorLogs(std::string directory, uint64_t logs_kept) : directory_(std::move(directory)), logs_kept_(logs_kept) {}
  void remove_oldest();

  const std::string directory_;
  const uint64_t logs_kept_;
  std::mutex mutex_;                ///< guards files_
  std::vector<std::string> files_;  ///< names, oldest first
};

}  // namespace freshet::ingest
