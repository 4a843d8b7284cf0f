#pragma once

#include <cstdint>

#include "storage/types/partition.h"

/// Time steps of partitions, on microseconds since 1970-01-01 00:00:00 without a time zone.
namespace freshet {

/// The start of the unit that `micros` is in; weeks begin on Monday.
int64_t truncate_time(PartitionUnit unit, int64_t micros);
/// `micros` and `count` units, which may be negative; a month's last days step to the last day there is.
int64_t add_time(PartitionUnit unit, int64_t micros, int64_t count);

/// The range [low, high) of times as bounds of a DATE or DATETIME column; an end beyond the last date is no end.
PartitionBounds time_bounds(const DataType& type, int64_t low_micros, int64_t high_micros);
/// The name of the partition that starts at `micros`, as Doris names it: p20240131, p202401, p2024 (years, months); weeks
/// are p2024_05, hours p2024013117.
std::string time_partition_name(std::string_view prefix, PartitionUnit unit, int64_t micros);

/// The partition that AUTO PARTITION makes for these values of the partition columns. InvalidArgument when there can be
/// none: a NULL in a RANGE.
Result<PartitionDefinition> auto_partition(const TableSchema& schema, const PartitionScheme& scheme,
                                           const BoundTuple& values);

}  // namespace freshet
