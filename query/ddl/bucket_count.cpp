#include "query/ddl/bucket_count.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "query/ddl/table_definition.h"
#include "query/dialect/tokenizer.h"
#include "storage/base/limits.h"

namespace freshet::query {

Result<uint64_t> parse_partition_size(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit = to_upper(trim(std::string_view(end, text.data() + text.size())));
  if (unit.size() > 1 && unit.back() == 'B') unit.pop_back();
  constexpr std::string_view kUnits = "BKMGTP";
  const size_t power = unit.empty() ? 0 : kUnits.find(unit);
  constexpr double kMostBytes = 1e18;
  if (error == std::errc() && unit.size() <= 1 && power != std::string_view::npos && number > 0) {
    const double bytes = number * static_cast<double>(1ull << (10 * power));
    if (bytes < kMostBytes) return static_cast<uint64_t>(bytes);
  }
  return Status::InvalidArgument("Property '{}' takes a size like 500M or 10G, not '{}'", kPartitionSizeProperty, text);
}

uint64_t auto_bucket_count(uint32_t cores, std::optional<uint64_t> partition_bytes) {
  cores = std::max(1u, cores);
  const uint64_t wanted =
      partition_bytes ? (*partition_bytes + kAutoBucketBytes - 1) / kAutoBucketBytes : (uint64_t{cores} + 1) / 2;
  const uint64_t most = std::min<uint64_t>(uint64_t{cores} * kAutoBucketsPerCore, kMaxBuckets);
  return std::clamp<uint64_t>(wanted, 1, most);
}

Result<uint64_t> choose_bucket_count(const CreateTable& table) {
  std::optional<uint64_t> bytes;
  for (const auto& [name, value] : table.properties) {
    if (name != kPartitionSizeProperty) continue;
    FRESHET_ASSIGN_OR_RETURN(bytes, parse_partition_size(value));
  }
  if (!table.auto_buckets) return table.buckets.value_or(kDefaultBuckets);
  return auto_bucket_count(std::thread::hardware_concurrency(), bytes);
}

bool has_auto_buckets(const TableSchema& schema) {
  return std::any_of(schema.properties.begin(), schema.properties.end(),
                     [](const auto& property) { return property.first == kAutoBucketsProperty; });
}

}  // namespace freshet::query
