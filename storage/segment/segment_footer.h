#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/segment/column_reader.h"
#include "storage/segment/page_frame.h"

namespace freshet::storage {

/// How the rows of a segment are found by key. The numbers are stored: append only.
enum class KeyForm : uint8_t {
  kShortKeys = 0,  ///< kDuplicate: sparse index only
  kFixed = 1,      ///< kUnique, 64-bit keys
  kBytes = 2,      ///< kUnique, byte keys
};

/// What the footer says of one column.
struct ColumnFooter {
  ColumnId id;
  std::string name;  ///< when it was written
  DataType type;
  uint32_t page_rows = 0;
  std::vector<PageLocation> pages;
  std::vector<ZoneMap> zones;  ///< one a page
  ZoneMap segment_zone;
};

/// What the footer says of the row store (row_store.h).
struct RowStoreFooter {
  std::vector<ColumnId> columns;  ///< what each row holds, in its order; empty: there is no row store
  std::vector<PageLocation> pages;
  std::vector<RowOrdinal> ends;  ///< the row behind the last one of each page
};

/// The directory of a segment file (FORMAT.md, "Footer").
struct SegmentFooter {
  RowsetId id;
  TabletId tablet;
  uint32_t schema_version = 0;
  uint32_t row_count = 0;
  CommitNumber newest_commit;
  uint32_t level = 0;
  KeyForm key_form = KeyForm::kShortKeys;
  std::string min_key;
  std::string max_key;
  PageLocation key_top;     ///< kUnique
  PageLocation key_filter;  ///< kUnique
  PageLocation short_keys;  ///< kDuplicate
  std::vector<ColumnFooter> columns;
  RowStoreFooter rows;
};

/// The first bytes of a segment file: magic, format version, checksum, id.
std::string make_segment_header(RowsetId id, bool has_rows);
/// Footer, its length and checksum, closing magic: the last bytes of a file that is `offset` bytes long so far.
std::string make_segment_tail(const SegmentFooter& footer, uint64_t offset);
/// Reads and checks header and footer, and that every page lies between them. Corruption names the file.
Result<SegmentFooter> read_segment_footer(const ReadableFile& file);

}  // namespace freshet::storage
