#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/decode/row_batch.h"
#include "ingest/decode/text_arena.h"
#include "ingest/load_request.h"

namespace freshet::ingest {

/// How a CSV body is written.
struct CsvDialect {
  std::string separator = "\t";
  std::string delimiter = "\n";
  char enclose = 0;  ///< 0 = none
  char escape = 0;   ///< 0 = none
  bool trim_double_quotes = false;
  bool empty_field_as_null = false;
  bool takes_more_fields = false;  ///< than there are columns, and drops them

  static CsvDialect of(const LoadRequest& request);
};

/// Splits CSV text into rows and fields. Empty lines are no rows; with the delimiter "\n" a '\r' before it is dropped; \N is
/// NULL. One thread.
class CsvSplitter {
 public:
  CsvSplitter(CsvDialect dialect, size_t width);

  /// Splits whole rows off the front of `bytes` until the batch is full, and answers the bytes used. 0 = the first row is
  /// not complete; call again with the same bytes and more behind them. Cells point into `bytes` and the splitter's arena.
  size_t split(std::string_view bytes, RowBatch& batch);
  /// Length of the first row with its delimiter; 0 = it is not complete.
  size_t row_length(std::string_view bytes);
  /// After the rows of earlier split() calls were converted.
  void release_texts() { arena_.clear(); }
  /// Splits what is behind the last delimiter of a text, after split() answered 0 for it. False = a field of it is enclosed
  /// and not closed.
  bool split_last(std::string_view row, RowBatch& batch);

  uint64_t lines() const { return lines_; }  ///< rows so far, empty and malformed ones included
  const CsvDialect& dialect() const { return dialect_; }

 private:
  size_t split_plain(std::string_view bytes, RowBatch& batch);
  size_t split_any(std::string_view bytes, RowBatch& batch);
  size_t find_enclosed_end(std::string_view bytes);
  void end_plain_row(const char* row, const char* field, const char* end, size_t fields, RowBatch& batch);
  void split_row(std::string_view row, RowBatch& batch);
  size_t enclosed_length(std::string_view field) const;
  void set_enclosed(Cell& cell, std::string_view field);
  std::string_view without_return(std::string_view row) const;
  void finish_row(std::string_view row, size_t fields, RowBatch& batch);
  /// Quotes and empty fields of the rows from `first_row` on, where the dialect says something of them.
  void normalize(RowBatch& batch, size_t first_row) const;

  /// Where in an incomplete row the search for its end goes on.
  struct Resume {
    size_t at = 0;
    bool is_enclosed = false;
    bool is_field_start = true;
  };

  CsvDialect dialect_;
  size_t width_;
  bool is_plain_;  ///< single-byte separator and delimiter, nothing enclosed
  bool strips_return_;
  Resume resume_;
  uint64_t lines_ = 0;
  TextArena arena_;
};

}  // namespace freshet::ingest
