#pragma once

#include "storage/segment/cached_pages.h"
#include "storage/segment/segment_footer.h"

namespace freshet::storage {

/// ColumnReader over the pages of a segment file.
class FileColumnReader final : public ColumnReader {
 public:
  /// `source` must outlive it.
  FileColumnReader(const PageSource& source, ColumnFooter footer, uint32_t row_count)
      : footer_(std::move(footer)), pages_(source, std::move(footer_.pages)), row_count_(row_count) {}

  const DataType& type() const override { return footer_.type; }
  uint32_t page_rows() const override { return footer_.page_rows; }
  uint32_t page_count() const override { return static_cast<uint32_t>(pages_.size()); }
  const ZoneMap& page_zone(uint32_t page) const override { return footer_.zones[page]; }
  const ZoneMap& segment_zone() const override { return footer_.segment_zone; }
  Result<std::shared_ptr<const ColumnPage>> page(uint32_t page) const override;

  const PageLocation& location(uint32_t page) const { return pages_.locations()[page]; }
  /// Reads page `page` from the file, not from the cache, and checks it.
  Result<std::string> read_page(uint32_t page) const;
  uint64_t resident_bytes() const;

 private:
  std::string_view find_fault(std::string_view bytes, uint32_t page) const;

  ColumnFooter footer_;  ///< its pages have moved to pages_
  CachedPages pages_;
  uint32_t row_count_;
};

}  // namespace freshet::storage
