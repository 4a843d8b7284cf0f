#pragma once

#include <string_view>

#include "query/ddl/statement.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// Doris's property of tables with BUCKETS AUTO.
inline constexpr std::string_view kAutoBucketsProperty = "_auto_bucket";
inline constexpr std::string_view kPartitionSizeProperty = "estimate_partition_size";
/// BUCKETS AUTO: bytes that one bucket is meant to hold, and most buckets for each core.
inline constexpr uint64_t kAutoBucketBytes = 1ull << 30;
inline constexpr uint32_t kAutoBucketsPerCore = 4;

/// Buckets of each partition: the number in the DDL, else for BUCKETS AUTO what the cores and `estimate_partition_size` say,
/// else kDefaultBuckets. InvalidArgument for a size that is none.
Result<uint64_t> choose_bucket_count(const CreateTable& table);
/// With an estimate: one bucket for each kAutoBucketBytes, at most kAutoBucketsPerCore for each core. Without: one for each
/// two cores, so that flushes and compactions of one partition go side by side.
uint64_t auto_bucket_count(uint32_t cores, std::optional<uint64_t> partition_bytes);
/// "10G", "500MB", "1T": bytes.
Result<uint64_t> parse_partition_size(std::string_view text);
bool has_auto_buckets(const TableSchema& schema);

}  // namespace freshet::query
