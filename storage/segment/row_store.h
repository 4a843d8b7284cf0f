#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/segment/cached_pages.h"
#include "storage/segment/column_reader.h"
#include "storage/segment/row_layout.h"
#include "storage/segment/segment_footer.h"

namespace freshet::storage {

/// A page of whole rows, pinned in memory.
class RowPage {
 public:
  /// `page` was checked by RowStore::find_fault().
  explicit RowPage(PageCache::PagePtr page);
  RowOrdinal first_row() const { return first_row_; }
  uint32_t row_count() const { return row_count_; }
  bool has(RowOrdinal row) const { return row >= first_row_ && row - first_row_ < row_count_; }
  /// The bytes of a row of the segment that is in this page.
  std::string_view row(RowOrdinal row) const {
    const char* ends = payload_.data() + size_t{row - first_row_} * sizeof(uint32_t);
    const auto begin = load_fixed<uint32_t>(ends);
    return payload_.substr(begin, load_fixed<uint32_t>(ends + sizeof(uint32_t)) - begin);
  }

 private:
  PageCache::PagePtr page_;
  std::string_view payload_;
  RowOrdinal first_row_;
  uint32_t row_count_;
};

/// How the rows of a segment's row store lie. REQUIRES: the footer has its columns still.
RowLayout row_layout_of(const SegmentFooter& footer);

/// The rows of a segment once more, each with all its values side by side: a row of many columns by key takes one page
/// instead of one for each column. Made of the columns when the segment is written (row_store_writer.h), and never different
/// from them. Immutable; any thread.
class RowStore {
 public:
  /// `source` must outlive it.
  RowStore(const PageSource& source, RowStoreFooter footer, RowLayout layout);

  const RowLayout& layout() const { return layout_; }
  uint32_t page_count() const { return static_cast<uint32_t>(pages_.size()); }
  const PageLocation& location(uint32_t page) const { return pages_.locations()[page]; }
  uint32_t page_of(RowOrdinal row) const;
  /// Corruption names the file and the page.
  Result<RowPage> page(uint32_t page) const;
  /// Reads page `page` from the file, not from the cache, and checks it.
  Result<std::string> read_page(uint32_t page) const;

  /// Reads every page again and compares it with `columns`, which are those of layout(); problems are appended. Leaves the
  /// rest when `is_stopped`.
  void verify(std::span<const ColumnReader* const> columns, std::vector<std::string>& problems,
              const std::function<bool()>& is_stopped) const;
  uint64_t resident_bytes() const;

 private:
  std::string_view find_fault(std::string_view bytes, uint32_t page) const;
  Status compare(std::span<const RowPage> pages, std::span<const ColumnReader* const> columns) const;

  const PageSource& source_;
  RowStoreFooter footer_;  ///< its pages have moved to pages_
  CachedPages pages_;
  const RowLayout layout_;
};

}  // namespace freshet::storage
