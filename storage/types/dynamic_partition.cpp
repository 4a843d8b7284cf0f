#include "storage/types/dynamic_partition.h"

#include <algorithm>
#include <charconv>

#include "storage/base/limits.h"
#include "storage/types/partition_time.h"

namespace freshet {
namespace {

constexpr int64_t kDayMicros = 86'400'000'000;
constexpr int64_t kMinuteMicros = 60'000'000;
constexpr int64_t kLongestOffsetMinutes = 14 * 60;

/// The properties dynamic_partition.* of one table.
class RuleReader {
 public:
  explicit RuleReader(const TableSchema& schema) : schema_(schema) {}

  const std::string* find(std::string_view name) const {
    for (const auto& [key, value] : schema_.properties) {
      if (std::string_view(key).starts_with(kDynamicPartitionFamily) &&
          std::string_view(key).substr(kDynamicPartitionFamily.size()) == name) {
        return &value;
      }
    }
    return nullptr;
  }

  Result<bool> flag(std::string_view name) const {
    const std::string* value = find(name);
    if (value == nullptr || same_name(*value, "false")) return false;
    if (same_name(*value, "true")) return true;
    return wrong(name, *value, "true or false");
  }

  Result<std::optional<int64_t>> number(std::string_view name, int64_t least, int64_t most) const {
    const std::string* value = find(name);
    if (value == nullptr) return std::optional<int64_t>();
    int64_t number = 0;
    const char* end = value->data() + value->size();
    const auto [rest, error] = std::from_chars(value->data(), end, number);
    if (error == std::errc() && rest == end && number >= least && number <= most) return std::optional(number);
    return wrong(name, *value, fmt::format("a whole number from {} to {}", least, most));
  }

  Result<PartitionUnit> unit() const {
    const std::string* value = find("time_unit");
    if (value == nullptr) return missing("time_unit");
    for (PartitionUnit unit :
         {PartitionUnit::kHour, PartitionUnit::kDay, PartitionUnit::kWeek, PartitionUnit::kMonth, PartitionUnit::kYear}) {
      if (same_name(*value, unit_name(unit))) return unit;
    }
    return wrong("time_unit", *value, "HOUR, DAY, WEEK, MONTH or YEAR");
  }

  /// "+08:00", "-3:30", "UTC".
  Result<int64_t> offset() const {
    const std::string* value = find("time_zone");
    if (value == nullptr || same_name(*value, "UTC") || same_name(*value, "GMT") || same_name(*value, "Etc/UTC")) {
      return int64_t{0};
    }
    const std::string_view text = *value;
    const size_t colon = text.find(':');
    int64_t hours = 0, minutes = 0;
    const bool has_sign = !text.empty() && (text[0] == '+' || text[0] == '-');
    const bool is_read = has_sign && colon != std::string_view::npos && read(text.substr(1, colon - 1), hours) &&
                         read(text.substr(colon + 1), minutes);
    const int64_t all = hours * 60 + minutes;
    if (!is_read || minutes >= 60 || all > kLongestOffsetMinutes) {
      return wrong("time_zone", *value, "an offset like +08:00, or UTC (names of zones are not offered)");
    }
    return (text[0] == '-' ? -all : all) * kMinuteMicros;
  }

  static Status missing(std::string_view name) {
    return Status::InvalidArgument("Must assign {}{} properties", kDynamicPartitionFamily, name);
  }

 private:
  static bool read(std::string_view digits, int64_t& out) {
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc() && rest == digits.data() + digits.size() && out >= 0 && out < 100;
  }
  static Status wrong(std::string_view name, std::string_view value, std::string_view right) {
    return Status::InvalidArgument("Property '{}{}' takes {}, not '{}'", kDynamicPartitionFamily, name, right, value);
  }

  const TableSchema& schema_;
};

Status check_table(const TableSchema& schema, const PartitionScheme& scheme, PartitionUnit unit) {
  if (scheme.kind != PartitionKind::kRange || scheme.columns.size() != 1) {
    return Status::InvalidArgument("Dynamic partition only support single-column range partition");
  }
  const auto position = schema.find(scheme.columns[0]);
  if (!position) return Status::Corruption("partition column {} is no column of the table", scheme.columns[0].value);
  const ColumnSchema& column = schema.columns[*position];
  const bool has_hours = column.type.kind == TypeKind::kDateTime;
  if (has_hours || (column.type.kind == TypeKind::kDate && unit != PartitionUnit::kHour)) return Status::OK();
  return Status::InvalidArgument("Dynamic partitions by {} need a partition column of type {}, not {}", unit_name(unit),
                                 unit == PartitionUnit::kHour ? "DATETIME" : "DATE or DATETIME", column.type.to_string());
}

}  // namespace

Result<std::optional<DynamicPartitionRule>> dynamic_partition_rule(const TableSchema& schema,
                                                                   const PartitionScheme& scheme) {
  const RuleReader reader(schema);
  FRESHET_ASSIGN_OR_RETURN(const bool is_enabled, reader.flag("enable"));
  if (!is_enabled) return std::optional<DynamicPartitionRule>();
  DynamicPartitionRule rule;
  FRESHET_ASSIGN_OR_RETURN(rule.unit, reader.unit());
  FRESHET_RETURN_IF_ERROR(check_table(schema, scheme, rule.unit));
  FRESHET_ASSIGN_OR_RETURN(rule.start, reader.number("start", -1'000'000'000, -1));
  FRESHET_ASSIGN_OR_RETURN(const auto end, reader.number("end", 1, kMaxDynamicPartitions));
  if (!end) return RuleReader::missing("end");
  rule.end = *end;
  const std::string* prefix = reader.find("prefix");
  if (prefix == nullptr || prefix->empty()) return RuleReader::missing("prefix");
  rule.prefix = *prefix;
  FRESHET_ASSIGN_OR_RETURN(const auto buckets, reader.number("buckets", 1, kMaxBuckets));
  rule.buckets = static_cast<uint32_t>(buckets.value_or(0));
  FRESHET_ASSIGN_OR_RETURN(rule.offset_micros, reader.offset());
  FRESHET_ASSIGN_OR_RETURN(const bool makes_history, reader.flag("create_history_partition"));
  FRESHET_ASSIGN_OR_RETURN(const auto history, reader.number("history_partition_num", -1, kMaxDynamicPartitions));
  const bool history_is_given = history && *history >= 0;
  if (makes_history) {
    if (!rule.start && !history_is_given) {
      return Status::InvalidArgument(
          "Property 'dynamic_partition.create_history_partition' needs dynamic_partition.start or "
          "dynamic_partition.history_partition_num");
    }
    rule.history = rule.start ? -*rule.start : *history;
    if (history_is_given) rule.history = std::min(rule.history, *history);
  }
  if (rule.history + rule.end + 1 > kMaxDynamicPartitions) {
    return Status::InvalidArgument("Too many dynamic partitions: {}. Limit: {}", rule.history + rule.end + 1,
                                   kMaxDynamicPartitions);
  }
  FRESHET_ASSIGN_OR_RETURN(const auto week_day, reader.number("start_day_of_week", 1, 7));
  FRESHET_ASSIGN_OR_RETURN(const auto month_day, reader.number("start_day_of_month", 1, 28));
  if (rule.unit == PartitionUnit::kWeek) rule.first_day_shift = week_day.value_or(1) - 1;
  if (rule.unit == PartitionUnit::kMonth) rule.first_day_shift = month_day.value_or(1) - 1;
  return std::optional(std::move(rule));
}

Result<DynamicPartitionPlan> plan_dynamic_partitions(const DynamicPartitionRule& rule, const TableSchema& schema,
                                                     const PartitionMap& partitions, int64_t now_unix_micros) {
  const PartitionScheme& scheme = partitions.scheme();
  const DataType& type = schema.columns[*schema.find(scheme.columns[0])].type;
  const int64_t shift = rule.first_day_shift * kDayMicros;
  const int64_t now = truncate_time(rule.unit, now_unix_micros + rule.offset_micros - shift);
  const auto start_of = [&](int64_t units) { return add_time(rule.unit, now, units) + shift; };

  struct Range {
    std::string low;
    std::string high;
  };
  std::vector<Range> taken;
  DynamicPartitionPlan plan;
  std::string oldest;
  if (rule.start) {
    const PartitionBounds kept = time_bounds(type, start_of(*rule.start), start_of(*rule.start + 1));
    FRESHET_ASSIGN_OR_RETURN(oldest, encode_bound(schema, scheme, kept.low));
  }
  for (const Partition& partition : partitions.partitions()) {
    Range range;
    FRESHET_ASSIGN_OR_RETURN(range.low, encode_bound(schema, scheme, partition.bounds.low));
    FRESHET_ASSIGN_OR_RETURN(range.high, encode_bound(schema, scheme, partition.bounds.high));
    if (!oldest.empty() && !range.high.empty() && range.high <= oldest) {
      plan.dropped.push_back(partition.id);
    } else {
      taken.push_back(std::move(range));
    }
  }
  for (int64_t unit = -rule.history; unit <= rule.end; ++unit) {
    PartitionDefinition made;
    made.bounds = time_bounds(type, start_of(unit), start_of(unit + 1));
    FRESHET_ASSIGN_OR_RETURN(const std::string low, encode_bound(schema, scheme, made.bounds.low));
    FRESHET_ASSIGN_OR_RETURN(const std::string high, encode_bound(schema, scheme, made.bounds.high));
    const bool overlaps = std::any_of(taken.begin(), taken.end(), [&](const Range& range) {
      return (high.empty() || range.low < high) && (range.high.empty() || low < range.high);
    });
    made.name = time_partition_name(rule.prefix, rule.unit, start_of(unit));
    if (overlaps || partitions.find(made.name)) continue;
    made.bucket_count = rule.buckets;
    plan.added.push_back(std::move(made));
  }
  return plan;
}

}  // namespace freshet
