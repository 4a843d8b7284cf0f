#pragma once

#include "storage/segment/page_encoder.h"
#include "storage/segment/segment_footer.h"
#include "storage/types/schema.h"

namespace freshet::storage {

/// Cuts the values of one column, given in pieces, into pages and writes them. One owner; not thread-safe.
class ColumnWriter {
 public:
  /// `encoder` and `sink` must outlive it.
  ColumnWriter(const ColumnSchema& column, PageCompression compression, PageEncoder& encoder, PageSink& sink);

  Status append(const Column& values);
  /// Writes the last page. Nothing may be appended after it.
  Status finish();
  uint64_t row_count() const { return row_count_; }
  /// REQUIRES: finish() was called.
  ColumnFooter take_footer() { return std::move(footer_); }

 private:
  /// Writes the whole pages at the front of `values`; answers how many rows they took.
  Result<size_t> write_pages(const Column& values);
  Status write_page(const Column& values, size_t first, size_t count);
  void choose_page_rows(const Column& sample);

  PageCompression compression_;
  PageEncoder& encoder_;
  PageSink& sink_;
  Column pending_;  ///< fewer rows than a page
  uint64_t row_count_ = 0;
  uint64_t rows_written_ = 0;
  ColumnFooter footer_;
};

}  // namespace freshet::storage
