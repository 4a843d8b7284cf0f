#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/types/data_type.h"

namespace freshet {

/// How the values of a key's rows become one value in an AGGREGATE KEY table. The numbers are stored: append only.
enum class Aggregation : uint8_t {
  kNone = 0,              ///< key columns, and all columns of other tables
  kSum = 1,               ///< of the values that are not NULL; NULL when all are
  kMin = 2,               ///< NULL counts only when there is nothing else
  kMax = 3,               ///< as kMin
  kReplace = 4,           ///< the last one, NULL too
  kReplaceIfNotNull = 5,  ///< the last one that is not NULL
  kBitmapUnion = 6,       ///< the numbers of all sets
};
inline constexpr Aggregation kLastAggregation = Aggregation::kBitmapUnion;

/// As written in DDL, e.g. "REPLACE_IF_NOT_NULL"; "NONE" for kNone.
std::string_view aggregation_name(Aggregation aggregation);
/// Nothing when no aggregation is called `name` (upper case).
std::optional<Aggregation> find_aggregation(std::string_view name);
/// Whether values of `type` can be aggregated so; kNone takes all.
bool can_aggregate(Aggregation aggregation, const DataType& type);

}  // namespace freshet
