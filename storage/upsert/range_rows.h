#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/result.h"
#include "storage/tablet/row_reader.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// Keys from `low` on that are below `end`, in the form of KeyRun::encoded_at.
struct EncodedRange {
  std::string low;
  std::string end;  ///< empty: there is no end
};

/// The keys that begin with the bytes of `low` or `high`, and all between. `is_fixed`: keys are numbers of 64 bits.
EncodedRange range_of_prefixes(std::string low, std::string high, bool is_fixed);

/// Where the live rows with keys in `range` lie: those of each delta buffer, then those of each segment in key order.
/// kUnique tables only. Takes the rows that it looks at, dead ones and all of the delta buffers included, from `rows_left`;
/// nothing when they are more: then a scan is the better way.
Result<std::optional<std::vector<RowLocation>>> find_rows_in_range(const TabletSnapshot& tablet, const EncodedRange& range,
                                                                   uint64_t& rows_left);

}  // namespace freshet::storage
