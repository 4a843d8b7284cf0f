#include "query/workload/workload_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "query/dialect/number_text.h"
#include "query/dialect/tokenizer.h"
#include "storage/meta/record_seal.h"

namespace freshet::query {
namespace {

constexpr std::string_view kRecordName = "workload group";
constexpr uint8_t kRecordVersion = 1;
constexpr uint64_t kMostTimeoutSeconds = 10ull * 366 * 86400;

Status wrong_value(std::string_view name, std::string_view value, std::string_view wanted) {
  return Status::InvalidArgument("workload group's {} must be {}, but the value is '{}'", name, wanted, value);
}

Status read_whole(std::string_view name, std::string_view value, uint64_t least, uint64_t most, uint64_t& out) {
  const auto number = parse_number<uint64_t>(value);
  if (!number || *number < least || *number > most) {
    return wrong_value(name, value, fmt::format("a whole number from {} to {}", least, most));
  }
  out = *number;
  return Status::OK();
}

/// "-1" stands for nothing (0).
Status read_limit(std::string_view name, std::string_view value, uint64_t most, uint32_t& out) {
  uint64_t number = 0;
  if (value != "-1") FRESHET_RETURN_IF_ERROR(read_whole(name, value, 1, most, number));
  out = static_cast<uint32_t>(number);
  return Status::OK();
}

Status read_percent(std::string_view name, std::string_view value, double& out) {
  const auto number = value.ends_with('%') ? parse_number<double>(value.substr(0, value.size() - 1)) : std::nullopt;
  if (!number || !std::isfinite(*number) || *number <= 0 || *number > 100) {
    return wrong_value(name, value, "a percentage above 0% and up to 100%, like 30%");
  }
  out = *number;
  return Status::OK();
}

Status read_flag(std::string_view name, std::string_view value, bool& out) {
  const std::string text = to_lower(value);
  if (text != "true" && text != "false") return wrong_value(name, value, "true or false");
  out = text == "true";
  return Status::OK();
}

struct Property {
  std::string_view name;
  Status (*take)(std::string_view name, std::string_view value, WorkloadGroup& group);
  std::string (*shown)(const WorkloadGroup& group);
};

constexpr uint64_t kMostQueries = INT32_MAX;
constexpr uint64_t kMostThreads = 1024;
constexpr uint64_t kMostCpuShare = 10'000;

/// In the order of SHOW WORKLOAD GROUPS.
constexpr Property kProperties[] = {
    {"cpu_share",
     [](auto name, auto value, auto& group) { return read_whole(name, value, 1, kMostCpuShare, group.cpu_share); },
     [](const auto& group) { return fmt::to_string(group.cpu_share); }},
    {"memory_limit",
     [](auto name, auto value, auto& group) { return read_percent(name, value, group.memory_limit_percent); },
     [](const auto& group) { return fmt::format("{}%", group.memory_limit_percent); }},
    {"enable_memory_overcommit",
     [](auto name, auto value, auto& group) { return read_flag(name, value, group.memory_overcommit); },
     [](const auto& group) { return std::string(group.memory_overcommit ? "true" : "false"); }},
    {"max_concurrency",
     [](auto name, auto value, auto& group) { return read_whole(name, value, 0, kMostQueries, group.max_concurrency); },
     [](const auto& group) { return fmt::to_string(group.max_concurrency); }},
    {"max_queue_size",
     [](auto name, auto value, auto& group) { return read_whole(name, value, 0, kMostQueries, group.max_queue_size); },
     [](const auto& group) { return fmt::to_string(group.max_queue_size); }},
    {"queue_timeout",
     [](auto name, auto value, auto& group) {
       return read_whole(name, value, 0, kMostQueries, group.queue_timeout_milliseconds);
     },
     [](const auto& group) { return fmt::to_string(group.queue_timeout_milliseconds); }},
    {"cpu_hard_limit",
     [](auto name, auto value, auto& group) {
       const auto number = value.ends_with('%') ? value.substr(0, value.size() - 1) : value;
       if (value == "-1%") return wrong_value(name, value, "a percentage from 1% to 100%, or -1");
       return read_limit(name, number, 100, group.cpu_hard_limit_percent);
     },
     [](const auto& group) {
       return group.cpu_hard_limit_percent == 0 ? std::string("-1") : fmt::format("{}%", group.cpu_hard_limit_percent);
     }},
    {"scan_thread_num",
     [](auto name, auto value, auto& group) { return read_limit(name, value, kMostThreads, group.scan_thread_num); },
     [](const auto& group) {
       return group.scan_thread_num == 0 ? std::string("-1") : fmt::to_string(group.scan_thread_num);
     }},
    {"query_timeout",
     [](auto name, auto value, auto& group) {
       return read_whole(name, value, 0, kMostTimeoutSeconds, group.query_timeout_seconds);
     },
     [](const auto& group) { return fmt::to_string(group.query_timeout_seconds); }},
};

/// Doris has none of this name.
constexpr const Property& kQueryTimeout = *std::prev(std::end(kProperties));

struct Refused {
  std::string_view name;
  std::optional<std::string_view> shown;  ///< as SHOW WORKLOAD GROUPS has it
  std::string_view reason;
};

constexpr std::string_view kNoRemote = "all data is on the disk of this server";
constexpr std::string_view kSpillsAtLimit = "queries spill when the memory of their group is in use, not earlier";
constexpr std::string_view kNoReadLimit =
    "what a group reads from disk is not limited; cpu_share and max_concurrency are offered";
constexpr std::string_view kSharesInstead = "cpu_share, cpu_hard_limit and memory_limit are offered";

constexpr Refused kRefused[] = {
    {"max_remote_scan_thread_num", "-1", kNoRemote},
    {"min_remote_scan_thread_num", "-1", kNoRemote},
    {"memory_low_watermark", "-1", kSpillsAtLimit},
    {"memory_high_watermark", "-1", kSpillsAtLimit},
    {"tag", "", "there is one server"},
    {"read_bytes_per_second", "-1", kNoReadLimit},
    {"remote_read_bytes_per_second", "-1", kNoRemote},
    {"spill_threshold_low_watermark", std::nullopt, kSpillsAtLimit},
    {"spill_threshold_high_watermark", std::nullopt, kSpillsAtLimit},
    {"min_cpu_percent", std::nullopt, kSharesInstead},
    {"max_cpu_percent", std::nullopt, kSharesInstead},
    {"min_memory_percent", std::nullopt, kSharesInstead},
    {"max_memory_percent", std::nullopt, kSharesInstead},
    {"slot_memory_policy", std::nullopt, kSharesInstead},
    {"write_buffer_ratio", std::nullopt, "the memory of loads is bounded for the whole server, by memory.load_bytes"},
};

/// Doris's own columns in its order, then Freshet's.
template <typename Visit>
void for_each_column(Visit visit) {
  for (const Property& property : kProperties) {
    if (&property == &kQueryTimeout) break;
    visit(property.name, &property, "");
  }
  for (const Refused& refused : kRefused) {
    if (refused.shown) visit(refused.name, nullptr, *refused.shown);
  }
  visit(kQueryTimeout.name, &kQueryTimeout, "");
}

const Property* find_property(std::string_view name) {
  const auto found = std::ranges::find(kProperties, name, &Property::name);
  return found == std::end(kProperties) ? nullptr : &*found;
}

void note_given(Properties& given, const std::string& name, const std::string& value) {
  const auto found = std::ranges::find(given, name, [](const auto& property) { return property.first; });
  if (found != given.end()) {
    found->second = value;
  } else {
    given.emplace_back(name, value);
  }
}

}  // namespace

Status apply_properties(WorkloadGroup& group, const Properties& properties) {
  for (const auto& [written, value] : properties) {
    const std::string name = to_lower(written);
    if (value.empty()) continue;
    if (const Property* property = find_property(name)) {
      FRESHET_RETURN_IF_ERROR(property->take(name, value, group));
      note_given(group.given, name, value);
      continue;
    }
    const auto refused = std::ranges::find(kRefused, name, &Refused::name);
    if (refused == std::end(kRefused)) return Status::InvalidArgument("Property {} is not supported.", name);
    if (value != "-1") return Status::Unsupported("Property {} is not supported: {}", name, refused->reason);
  }
  return Status::OK();
}

Status check_groups(std::span<const WorkloadGroup> groups, uint32_t processors) {
  double sum = 0;
  for (const WorkloadGroup& group : groups) {
    sum += group.memory_limit_percent;
    const uint32_t percent = group.cpu_hard_limit_percent;
    if (percent != 0 && percent * processors < 100) {
      return Status::InvalidArgument(
          "workload group {}: a cpu_hard_limit of {}% is less than one of the {} processors; the least is {}%", group.name,
          percent, processors, (100 + processors - 1) / processors);
    }
  }
  if (sum > 100) {
    return Status::InvalidArgument(
        "The sum of all workload group memory_limit cannot be greater than 100%, but it would be {}%", sum);
  }
  return Status::OK();
}

uint32_t processors_of(const WorkloadGroup& group, uint32_t processors) {
  if (group.cpu_hard_limit_percent == 0) return 0;
  return std::max(1u, group.cpu_hard_limit_percent * processors / 100);
}

std::vector<std::string> workload_group_columns() {
  std::vector<std::string> columns{"Id", "Name"};
  for_each_column([&](std::string_view name, const Property*, std::string_view) { columns.emplace_back(name); });
  return columns;
}

std::vector<std::string> workload_group_row(const WorkloadGroup& group) {
  std::vector<std::string> row{fmt::to_string(group.id), group.name};
  for_each_column([&](std::string_view, const Property* property, std::string_view fixed) {
    row.push_back(property != nullptr ? property->shown(group) : std::string(fixed));
  });
  return row;
}

std::string encode_workload_group(const WorkloadGroup& group) {
  std::string out = storage::begin_record(kRecordVersion);
  put_fixed<uint64_t>(out, group.id);
  put_length_prefixed(out, group.name);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(group.given.size()));
  for (const auto& [name, value] : group.given) {
    put_length_prefixed(out, name);
    put_length_prefixed(out, value);
  }
  return storage::seal(std::move(out));
}

Result<WorkloadGroup> decode_workload_group(std::string_view bytes, const WorkloadGroup& defaults) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader in, storage::unseal(bytes, kRecordName, kRecordVersion));
  WorkloadGroup group = defaults;
  group.id = in.fixed<uint64_t>();
  group.name = in.length_prefixed();
  Properties given;
  for (uint32_t left = in.fixed<uint32_t>(); left > 0 && in.ok(); --left) {
    const std::string name(in.length_prefixed());
    given.emplace_back(name, in.length_prefixed());
  }
  FRESHET_RETURN_IF_ERROR(storage::check_end(in, kRecordName));
  const Status applied = apply_properties(group, given);
  if (!applied.ok()) return Status::Corruption("the record of workload group {}: {}", group.name, applied.message());
  return group;
}

}  // namespace freshet::query
