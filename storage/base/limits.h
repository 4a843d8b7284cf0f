#pragma once

#include <cstddef>
#include <cstdint>

namespace freshet {

/// Rows of one vector: DuckDB's STANDARD_VECTOR_SIZE. Page sizes are multiples of it.
inline constexpr uint32_t kVectorRows = 2048;
/// Rows of a page of narrow columns.
inline constexpr uint32_t kPageRows = 8192;
/// Rows of a page of a column whose values are wide (strings above kWideValueBytes on average).
inline constexpr uint32_t kWidePageRows = 2048;
inline constexpr uint32_t kWideValueBytes = 64;
/// Rows of one copy-on-write chunk of a delete bitmap.
inline constexpr uint32_t kBitmapChunkRows = 64 * 1024;
/// Longest encoded primary key. A longer one is a rejected row.
inline constexpr size_t kMaxKeyBytes = 4096;
/// Longest value of a STRING or JSON column.
inline constexpr size_t kMaxStringBytes = 16 * 1024 * 1024;
inline constexpr size_t kMaxColumns = 4096;
inline constexpr size_t kMaxKeyColumns = 64;
/// Buckets of one partition.
inline constexpr size_t kMaxBuckets = 256;
/// Partitions of one table, those of AUTO PARTITION included.
inline constexpr size_t kMaxPartitions = 4096;
/// Partitions that one load may create in a table with AUTO PARTITION.
inline constexpr size_t kMaxAutoPartitionsPerLoad = 1024;
/// Buckets of all partitions of a table: every commit copies a pointer for each.
inline constexpr size_t kMaxTabletsPerTable = 32768;
inline constexpr size_t kMaxPartitionColumns = 8;
/// Values of all LIST partitions of a table.
inline constexpr size_t kMaxPartitionValues = 65536;
inline constexpr size_t kMaxNameBytes = 64;
/// Most rows of one segment file; ordinals are 32 bit.
inline constexpr uint32_t kMaxSegmentRows = 1u << 30;

static_assert(kPageRows % kVectorRows == 0 && kWidePageRows % kVectorRows == 0);
static_assert(kBitmapChunkRows % kPageRows == 0, "a page never spans two bitmap chunks");

}  // namespace freshet
