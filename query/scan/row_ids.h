#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/commit/load_commit.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// A hidden column of every table: a number for each row that holds within one snapshot alone.
inline constexpr std::string_view kRowIdColumn = "__FRESHET_ROW_ID__";

/// The row ids of one segment or delta buffer: the place of the view among all of the table above 32 bits, the row below.
class RowIds {
 public:
  /// The delta buffer or segment `view` of the tablet at `tablet`.
  RowIds(const storage::TableSnapshot& table, size_t tablet, bool is_delta, size_t view);
  int64_t of(RowOrdinal row) const { return first_ + static_cast<int64_t>(row); }

 private:
  int64_t first_;
};

/// Where the rows with these ids lie in the snapshot that they are of, by tablet and rowset.
std::vector<storage::TabletRows> rows_of_ids(const storage::TableSnapshot& table, std::vector<int64_t> ids);

}  // namespace freshet::query
