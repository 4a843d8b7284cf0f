#include "config/settings_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace freshet::config {
namespace {

constexpr double kAny = 0;
constexpr double kMaxSeconds = 10.0 * 366 * 86400;
constexpr double kTiB = 1024.0 * static_cast<double>(kGiB);

struct Suffix {
  std::string_view name;
  uint64_t factor;
};
constexpr Suffix kSuffixes[] = {{"KiB", kKiB}, {"MiB", kMiB}, {"GiB", kGiB}, {"TiB", 1024 * kGiB}, {"B", 1}};

std::string number_text(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) return std::to_string(static_cast<int64_t>(number));
  std::string text = std::to_string(number);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string size_text(uint64_t bytes) {
  for (const Suffix& suffix : {kSuffixes[3], kSuffixes[2], kSuffixes[1], kSuffixes[0]}) {
    if (bytes != 0 && bytes % suffix.factor == 0) return std::to_string(bytes / suffix.factor) + std::string(suffix.name);
  }
  return std::to_string(bytes);
}

std::string bound_text(const Setting& setting, double bound) {
  return setting.unit == SettingUnit::kBytes ? size_text(static_cast<uint64_t>(bound)) : number_text(bound);
}

std::optional<uint64_t> parse_whole(std::string_view text, uint64_t factor) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > UINT64_MAX / factor) return std::nullopt;
  return number * factor;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (!text.ends_with(suffix.name)) continue;
    text.remove_suffix(suffix.name.size());
    while (text.ends_with(' ')) text.remove_suffix(1);
    return parse_whole(text, suffix.factor);
  }
  return parse_whole(text, 1);
}

std::optional<double> parse_fraction(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<Address> parse_address(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  auto port = parse_whole(text.substr(colon + 1), 1);
  if (host.empty() || !port || *port > 65535) return std::nullopt;
  return Address{std::string(host), static_cast<uint16_t>(*port)};
}

std::string wanted_form(const Setting& setting) {
  switch (setting.unit) {
    case SettingUnit::kBytes: return "a size, as bytes or like 64MiB (KiB, MiB, GiB, TiB)";
    case SettingUnit::kSeconds: return "a whole number of seconds";
    case SettingUnit::kMilliseconds: return "a whole number of milliseconds";
    case SettingUnit::kFraction: return "a number";
    case SettingUnit::kAddress: return "an address like 127.0.0.1:8030 (port 0 picks a free one)";
    case SettingUnit::kFlag: return "true or false";
    case SettingUnit::kLevel: return "one of debug, info, warning, error";
    default: return "a whole number";
  }
}

std::string not_fitting(const Setting& setting, std::string_view text) {
  return "'" + std::string(text) + "' is not " + wanted_form(setting);
}

std::optional<std::string> out_of_bounds(const Setting& setting, double number, std::string_view text) {
  if (number >= setting.least && number <= setting.most) return std::nullopt;
  return "'" + std::string(text) + "' is out of bounds: it must be from " + bound_text(setting, setting.least) + " to " +
         bound_text(setting, setting.most);
}

std::optional<std::string> assign_text(const Setting& setting, std::string& value, std::string_view text) {
  constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
  if (setting.unit == SettingUnit::kLevel && std::ranges::find(kLevels, text) == std::end(kLevels)) {
    return not_fitting(setting, text);
  }
  if (setting.unit == SettingUnit::kText && text.empty()) return "must not be empty";
  value = text;
  return std::nullopt;
}

}  // namespace

std::string Address::to_string() const {
  bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ConfigProblem::to_string() const {
  std::string text = line > 0 ? "line " + std::to_string(line) + ": " : "";
  return text + (key.empty() ? "" : key + ": ") + message;
}

std::vector<Setting> settings_table(Settings& s) {
  using enum SettingUnit;
  return {
      {"data_dir", "Folder of all data; one server at a time.", kText, kAny, kAny, &s.data_dir},
      {"http.address", "Where loads, health and metrics are served.", kAddress, kAny, kAny, &s.http.address},
      {"http.load_address", "A second port for loads, to which clients are sent that ask before they send their body.",
       kAddress, kAny, kAny, &s.http.load_address},
      {"http.max_connections", "Connections open at once; more are refused.", kCount, 1, 100'000, &s.http.max_connections},
      {"http.max_body_bytes", "Longest body of one load.", kBytes, 1024, 1024 * kTiB, &s.http.max_body_bytes},
      {"http.open_metrics", "GET /metrics asks for no login; else it needs PROCESS.", kFlag, kAny, kAny,
       &s.http.open_metrics},
      {"http.redirects_with_credentials",
       "Loads are sent to the load port with user and password in the address, as Doris does, for clients that need it.",
       kFlag, kAny, kAny, &s.http.redirects_with_credentials},
      {"mysql.address", "Where the MySQL protocol is served.", kAddress, kAny, kAny, &s.mysql.address},
      {"mysql.max_connections", "Connections open at once; more are refused.", kCount, 1, 100'000, &s.mysql.max_connections},
      {"mysql.idle_timeout_seconds", "A connection that is silent for so long is closed; wait_timeout begins with it.",
       kSeconds, 1, kMaxSeconds, &s.mysql.idle_timeout_seconds},
      {"mysql.max_open_cursors", "Cursors of prepared statements open at once in one session.", kCount, 1, 100'000,
       &s.mysql.max_open_cursors},
      {"mysql.busy_wait_microseconds",
       "How long a connection waits awake for a client that asks again at once, on an idle server; 0: never.", kCount, 0,
       10'000, &s.mysql.busy_wait_microseconds},
      {"mysql.tls_certificate_file", "PEM file with the certificate for TLS; empty: a self-signed one is made.", kFile, kAny,
       kAny, &s.mysql.tls_certificate_file},
      {"mysql.tls_key_file", "PEM file with the key of that certificate.", kFile, kAny, kAny, &s.mysql.tls_key_file},
      {"mysql.require_tls", "Refuse clients that do not turn to TLS.", kFlag, kAny, kAny, &s.mysql.require_tls},
      {"users.root_password", "Password of root in both protocols; empty: none.", kSecret, kAny, kAny,
       &s.users.root_password},
      {"memory.limit_bytes", "All of the parts below together; 0: four fifths of the machine's memory.", kBytes, 0,
       64 * kTiB, &s.memory.limit_bytes},
      {"memory.page_cache_bytes",
       "Pages of segment files, and the key indexes and key filters of open ones; 0: three tenths of the limit.", kBytes, 0,
       64 * kTiB, &s.memory.page_cache_bytes},
      {"memory.query_bytes", "Running queries, which spill beyond it; 0: two fifths of the limit.", kBytes, 0, 64 * kTiB,
       &s.memory.query_bytes},
      {"memory.small_query_bytes", "... of them, what small queries share; 0: an eighth of memory.query_bytes.", kBytes, 0,
       64 * kTiB, &s.memory.small_query_bytes},
      {"memory.load_bytes", "Rows that running loads collect; 0: a tenth of the limit.", kBytes, 0, 64 * kTiB,
       &s.memory.load_bytes},
      {"memory.delta_bytes", "Delta buffers of all tablets; 0: a tenth of the limit.", kBytes, 0, 64 * kTiB,
       &s.memory.delta_bytes},
      {"memory.compaction_bytes", "Row maps of running compactions; 0: a tenth of the limit.", kBytes, 0, 64 * kTiB,
       &s.memory.compaction_bytes},
      {"memory.wait_seconds", "A load that finds its memory in use waits so long, then it is refused.", kSeconds, 1,
       kMaxSeconds, &s.memory.wait_seconds},
      {"storage.memtable_bytes", "Rows that one load collects for a tablet before they become a segment file.", kBytes,
       1.0 * kMiB, 64.0 * kGiB, &s.storage.memtable_bytes},
      {"storage.small_commit_bytes", "Commits up to this size keep their rows in the commit record and the delta buffer.",
       kBytes, 0, 64.0 * kMiB, &s.storage.small_commit_bytes},
      {"storage.dependent_rows",
       "Rows of one load that are made of rows of the table (partial updates, UPDATE, DELETE, AGGREGATE KEY tables); more "
       "are "
       "refused.",
       kCount, 1, 1e9, &s.storage.dependent_rows},
      {"storage.delta_flush_bytes", "The delta buffer of a tablet becomes a segment file at this size.", kBytes, 64.0 * kKiB,
       16.0 * kGiB, &s.storage.delta_flush_bytes},
      {"storage.delta_flush_rows", "... or at this number of rows.", kCount, 1, 1e9, &s.storage.delta_flush_rows},
      {"storage.delta_flush_seconds", "... or when its oldest row is this old.", kSeconds, 1, kMaxSeconds,
       &s.storage.delta_flush_seconds},
      {"storage.delete_fold_commits",
       "Records of deleted rows of a tablet become whole bitmaps at this number; or at the age of a flush.", kCount, 1, 1e9,
       &s.storage.delete_fold_commits},
      {"storage.disk_reserve_bytes", "Loads are refused, and compactions wait, while less than this is free on the disk.",
       kBytes, 0, 64 * kTiB, &s.storage.disk_reserve_bytes},
      {"storage.disk_full_wait_seconds",
       "A commit that finds the disk full waits so long for room; then a restart is needed.", kSeconds, 0, kMaxSeconds,
       &s.storage.disk_full_wait_seconds},
      {"storage.quarantine_keep_seconds",
       "Files that belong to no commit are kept in segments/quarantine so long; a start then removes them.", kSeconds, 0,
       kMaxSeconds, &s.storage.quarantine_keep_seconds},
      {"storage.open_files",
       "Segment files that are open at once; others are opened when they are read. 0: half of what the system allows the "
       "process.",
       kCount, 0, 1e8, &s.storage.open_files},
      {"storage.label_keep_seconds", "A load's label is remembered for so long.", kSeconds, 60, kMaxSeconds,
       &s.storage.label_keep_seconds},
      {"storage.label_limit", "Labels remembered at once; loads are refused beyond, none is forgotten early.", kCount, 1,
       1e9, &s.storage.label_limit},
      {"storage.precommit_timeout_seconds", "A load that waits longer for the second phase of its commit is aborted.",
       kSeconds, 1, kMaxSeconds, &s.storage.precommit_timeout_seconds},
      {"storage.precommitted_limit", "Loads that may wait for the second phase of their commit; more are refused.", kCount,
       1, 1e6, &s.storage.precommitted_limit},
      {"storage.history_versions", "Versions kept of a table with history; beyond, it is shorter than its retention.",
       kCount, 1, 1e9, &s.storage.history_versions},
      {"compaction.threads", "Compactions at once; flushes have a thread of their own.", kCount, 1, 256,
       &s.compaction.threads},
      {"compaction.trigger_segments", "A tablet is compacted from this number of segments of one size.", kCount, 2, 10'000,
       &s.compaction.trigger_segments},
      {"compaction.max_segments", "Segments and delta buffers of a tablet; loads wait at so many.", kCount, 4, 100'000,
       &s.compaction.max_segments},
      {"compaction.dead_fraction", "A segment is rewritten when this part of its rows is deleted.", kFraction, 0.01, 1,
       &s.compaction.dead_fraction},
      {"compaction.base_fraction",
       "All segments of unique keys are merged when the smaller ones hold this part of the largest.", kFraction, 0.05, 1,
       &s.compaction.base_fraction},
      {"compaction.rate_bytes_per_second", "Bytes written by compaction; 0: no limit.", kBytes, 0, 64 * kTiB,
       &s.compaction.rate_bytes_per_second},
      {"compaction.tombstone_keep_seconds",
       "Tables with a sequence column remember deletes so long; older rows that come later than that are taken as new.",
       kSeconds, 0, kMaxSeconds, &s.compaction.tombstone_keep_seconds},
      {"ingest.max_running_loads", "Loads at once; more are refused.", kCount, 1, 100'000, &s.ingest.max_running_loads},
      {"ingest.silent_load_seconds", "... but one whose client sent nothing for so long gives its place to a new one.",
       kSeconds, 1, kMaxSeconds, &s.ingest.silent_load_seconds},
      {"ingest.load_timeout_seconds", "A load that takes longer is ended, unless it names a limit of its own.", kSeconds, 1,
       kMaxSeconds, &s.ingest.load_timeout_seconds},
      {"ingest.max_row_bytes", "A longer row is rejected.", kBytes, 1024, 1.0 * kGiB, &s.ingest.max_row_bytes},
      {"ingest.max_decompressed_bytes", "A compressed body that becomes more than this is refused.", kBytes, 1024,
       1024 * kTiB, &s.ingest.max_decompressed_bytes},
      {"ingest.max_expansion_ratio", "... or, beyond 64 MiB, more than so many times its size.", kCount, 1, 1e9,
       &s.ingest.max_expansion_ratio},
      {"ingest.max_spooled_bytes", "A Parquet body, which is kept on disk until it is complete, is refused beyond this.",
       kBytes, 1024, 1024 * kTiB, &s.ingest.max_spooled_bytes},
      {"ingest.parquet_memory_bytes", "Parquet bodies of all loads are read in this much memory.", kBytes, 32 * kMiB,
       1 * kTiB, &s.ingest.parquet_memory_bytes},
      {"ingest.max_arrow_batch_bytes", "An Arrow stream with a larger message, unpacked, or larger dictionaries is refused.",
       kBytes, 1024, 64.0 * kGiB, &s.ingest.max_arrow_batch_bytes},
      {"ingest.error_log_rows", "Rejected rows of one load that are kept for its ErrorURL.", kCount, 0, 1e6,
       &s.ingest.error_log_rows},
      {"ingest.error_logs_kept", "... and of how many loads; the oldest go first.", kCount, 1, 1e6,
       &s.ingest.error_logs_kept},
      {"ingest.finished_loads_kept", "Loads that have ended and that SHOW STREAM LOAD tells of.", kCount, 0, 1e6,
       &s.ingest.finished_loads_kept},
      {"kafka.min_commit_interval_ms", "A job commits as soon as it has rows, but not more often than this.", kMilliseconds,
       0, 3.6e6, &s.kafka.min_commit_interval_ms},
      {"kafka.poll_timeout_ms", "A job without rows looks again after so long.", kMilliseconds, 1, 60'000,
       &s.kafka.poll_timeout_ms},
      {"kafka.request_timeout_ms", "A broker that has not answered for so long counts as away.", kMilliseconds, 100, 600'000,
       &s.kafka.request_timeout_ms},
      {"kafka.retry_backoff_ms_max", "A job that cannot go on (broker away, disk full) tries again after at most so long.",
       kMilliseconds, 100, 3.6e6, &s.kafka.retry_backoff_ms_max},
      {"kafka.lasting_error_retries",
       "A job pauses when what does not end by itself (no such topic, wrong password) was tried again so often.", kCount, 0,
       1e6, &s.kafka.lasting_error_retries},
      {"query.duckdb_threads", "Threads of running queries; 0: one for each core.", kCount, 0, 1024,
       &s.query.duckdb_threads},
      {"query.small_scan_bytes", "A query with more to read is big: it waits in the queue of its workload group.", kBytes, 0,
       1 * kTiB, &s.query.small_scan_bytes},
      {"query.small_milliseconds", "... and so is one that has not begun to answer after so long.", kMilliseconds, 1, 3.6e6,
       &s.query.small_milliseconds},
      {"query.small_concurrency", "Small queries at once; more wait for them. 0: eight for each core.", kCount, 0, 100'000,
       &s.query.small_concurrency},
      {"query.prompt_percent",
       "Of all processors, what small queries get at once; those that come beyond it yield to loads.", kCount, 0, 100,
       &s.query.prompt_percent},
      {"query.yielding_concurrency",
       "... and so many of them run at once until they answer; 0: one for each core, and one more.", kCount, 0, 100'000,
       &s.query.yielding_concurrency},
      {"query.big_concurrency",
       "Big queries of the workload group normal at once (max_concurrency); 0: two for each core, at least four.", kCount, 0,
       100'000, &s.query.big_concurrency},
      {"query.big_queue_length", "... that wait for them (max_queue_size); more are refused.", kCount, 0, 100'000,
       &s.query.big_queue_length},
      {"query.big_queue_seconds", "... and how long (queue_timeout); 0: as long as their own time limit.", kSeconds, 0,
       kMaxSeconds / 1000, &s.query.big_queue_seconds},
      {"query.timeout_seconds", "A query that takes longer is ended (query_timeout of sessions); 0: none is.", kSeconds, 0,
       kMaxSeconds, &s.query.timeout_seconds},
      {"query.write_timeout_seconds",
       "The same for the reading part of statements that write (insert_timeout of sessions); 0: none is.", kSeconds, 0,
       kMaxSeconds, &s.query.write_timeout_seconds},
      {"query.hang_up_check_ms", "A statement is ended when its client has gone, which is looked for so often.",
       kMilliseconds, 10, 60'000, &s.query.hang_up_check_ms},
      {"query.spill_bytes", "What the queries of one workload group may spill to disk; 0: nine tenths of its free space.",
       kBytes, 0, 1024 * kTiB, &s.query.spill_bytes},
      {"query.write_attempts", "An UPDATE or DELETE whose rows others change meanwhile is run so often, then it fails.",
       kCount, 1, 1e6, &s.query.write_attempts},
      {"query.transaction_bytes", "Rows that a transaction holds in memory until its COMMIT.", kBytes, 1024, kTiB,
       &s.query.transaction_bytes},
      {"log.level", "debug, info, warning or error.", kLevel, kAny, kAny, &s.log.level},
      {"log.slow_statement_ms", "A statement that takes so many milliseconds is written to logs/slow.jsonl; 0: none is.",
       kCount, 0, 1e9, &s.log.slow_statement_ms},
      {"log.audit", "Write every statement to logs/audit.jsonl.", kFlag, kAny, kAny, &s.log.audit},
      {"log.max_file_bytes", "Each of these logs begins anew at this size.", kBytes, 4096, 1.0 * kTiB,
       &s.log.max_file_bytes},
      {"log.old_files", "So many full files of each are kept.", kCount, 0, 1000, &s.log.old_files},
      {"log.max_statement_bytes", "A longer statement is cut off in them.", kBytes, 64, 64.0 * kMiB,
       &s.log.max_statement_bytes},
  };
}

std::optional<std::string> assign_setting(const Setting& setting, std::string_view text) {
  if (auto* value = std::get_if<std::string*>(&setting.value)) return assign_text(setting, **value, text);
  if (auto* value = std::get_if<Address*>(&setting.value)) {
    auto address = parse_address(text);
    if (!address) return not_fitting(setting, text);
    **value = *address;
    return std::nullopt;
  }
  if (auto* value = std::get_if<bool*>(&setting.value)) {
    if (text != "true" && text != "false") return not_fitting(setting, text);
    **value = text == "true";
    return std::nullopt;
  }
  if (auto* value = std::get_if<double*>(&setting.value)) {
    auto number = parse_fraction(text);
    if (!number) return not_fitting(setting, text);
    **value = *number;
    return out_of_bounds(setting, *number, text);
  }
  auto number = setting.unit == SettingUnit::kBytes ? parse_size(text) : parse_whole(text, 1);
  if (!number) return not_fitting(setting, text);
  *std::get<uint64_t*>(setting.value) = *number;
  return out_of_bounds(setting, static_cast<double>(*number), text);
}

std::string setting_text(const Setting& setting) {
  if (auto* value = std::get_if<std::string*>(&setting.value)) {
    return setting.unit == SettingUnit::kSecret && !(*value)->empty() ? "***" : **value;
  }
  if (auto* value = std::get_if<Address*>(&setting.value)) return (*value)->to_string();
  if (auto* value = std::get_if<bool*>(&setting.value)) return **value ? "true" : "false";
  if (auto* value = std::get_if<double*>(&setting.value)) return number_text(**value);
  uint64_t number = *std::get<uint64_t*>(setting.value);
  return setting.unit == SettingUnit::kBytes ? size_text(number) : std::to_string(number);
}

std::string_view nearest_name(std::string_view wanted, const std::vector<std::string_view>& names) {
  std::string_view best;
  size_t best_distance = wanted.size() / 3 + 2;
  for (std::string_view name : names) {
    std::vector<size_t> row(name.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (size_t i = 0; i < wanted.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i + 1);
      for (size_t j = 0; j < name.size(); ++j) {
        size_t replaced = diagonal + (wanted[i] == name[j] ? 0 : 1);
        diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = name;
    }
  }
  return best;
}

std::string describe_settings() {
  Settings defaults;
  std::string text;
  for (const Setting& setting : settings_table(defaults)) {
    text += std::string(setting.name) + "\n    " + std::string(setting.sentence);
    std::string value = setting_text(setting);
    text += " Default: " + (value.empty() ? "empty" : value);
    if (setting.most > 0)
      text += "; from " + bound_text(setting, setting.least) + " to " + bound_text(setting, setting.most);
    text += ".\n";
  }
  return text;
}

}  // namespace freshet::config
