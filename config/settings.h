#pragma once

#include <cstdint>
#include <string>

namespace freshet::config {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

/// Where a server listens. Port 0 lets the system pick a free one.
struct Address {
  std::string host;
  uint16_t port = 0;

  std::string to_string() const;
  bool operator==(const Address&) const = default;
};

struct HttpSettings {
  Address address{"127.0.0.1", 8030};
  Address load_address{"127.0.0.1", 8040};
  uint64_t max_connections = 1024;
  uint64_t max_body_bytes = 10 * kGiB;
  bool open_metrics = false;
  bool redirects_with_credentials = false;
  bool operator==(const HttpSettings&) const = default;
};

struct MysqlSettings {
  Address address{"127.0.0.1", 9030};
  uint64_t max_connections = 1024;
  uint64_t idle_timeout_seconds = 28800;
  uint64_t max_open_cursors = 64;
  uint64_t busy_wait_microseconds = 100;
  std::string tls_certificate_file;  ///< Empty: a self-signed one is made in the data folder.
  std::string tls_key_file;
  bool require_tls = false;
  bool operator==(const MysqlSettings&) const = default;
};

struct UserSettings {
  std::string root_password;  ///< Empty: root connects without a password.
  bool operator==(const UserSettings&) const = default;
};

/// What the server may hold in memory, and the parts of it. Each 0 is a share of the limit; see size_for_machine.
struct MemorySettings {
  uint64_t limit_bytes = 0;
  uint64_t page_cache_bytes = 0;
  uint64_t query_bytes = 0;
  uint64_t small_query_bytes = 0;
  uint64_t load_bytes = 0;
  uint64_t delta_bytes = 0;
  uint64_t compaction_bytes = 0;
  uint64_t wait_seconds = 60;
  bool operator==(const MemorySettings&) const = default;
};

struct StorageSettings {
  uint64_t memtable_bytes = 128 * kMiB;
  uint64_t small_commit_bytes = 1 * kMiB;
  uint64_t dependent_rows = 32 * kMiB;
  uint64_t delta_flush_bytes = 64 * kMiB;
  uint64_t delta_flush_rows = 500'000;
  uint64_t delta_flush_seconds = 60;
  uint64_t delete_fold_commits = 1000;
  uint64_t disk_reserve_bytes = 64 * kMiB;
  uint64_t disk_full_wait_seconds = 86400;
  uint64_t quarantine_keep_seconds = 604'800;
  uint64_t open_files = 0;
  uint64_t label_keep_seconds = 259'200;
  uint64_t label_limit = 1'000'000;
  uint64_t precommit_timeout_seconds = 3600;
  uint64_t precommitted_limit = 1000;
  uint64_t history_versions = 1'000'000;
  bool operator==(const StorageSettings&) const = default;
};

struct CompactionSettings {
  uint64_t threads = 1;
  uint64_t trigger_segments = 8;
  uint64_t max_segments = 64;
  double dead_fraction = 0.2;
  double base_fraction = 0.25;
  uint64_t rate_bytes_per_second = 0;  ///< 0: no limit.
  uint64_t tombstone_keep_seconds = 604800;
  bool operator==(const CompactionSettings&) const = default;
};

struct IngestSettings {
  uint64_t max_running_loads = 128;
  uint64_t silent_load_seconds = 10;
  uint64_t load_timeout_seconds = 600;
  uint64_t max_row_bytes = 16 * kMiB;
  uint64_t max_decompressed_bytes = 40 * kGiB;
  uint64_t max_expansion_ratio = 250;
  uint64_t max_spooled_bytes = 10 * kGiB;
  uint64_t parquet_memory_bytes = 256 * kMiB;
  uint64_t max_arrow_batch_bytes = 256 * kMiB;
  uint64_t error_log_rows = 100;
  uint64_t error_logs_kept = 1000;
  uint64_t finished_loads_kept = 1000;
  bool operator==(const IngestSettings&) const = default;
};

struct KafkaSettings {
  uint64_t min_commit_interval_ms = 20;
  uint64_t poll_timeout_ms = 10;
  uint64_t request_timeout_ms = 5000;
  uint64_t retry_backoff_ms_max = 5000;
  uint64_t lasting_error_retries = 20;
  bool operator==(const KafkaSettings&) const = default;
};

struct QuerySettings {
  uint64_t duckdb_threads = 0;  ///< 0: one for each core.
  uint64_t small_scan_bytes = 16 * kMiB;
  uint64_t small_milliseconds = 1000;
  uint64_t small_concurrency = 0;  ///< 0: eight for each core.
  uint64_t prompt_percent = 2;
  uint64_t yielding_concurrency = 0;  ///< 0: one for each core, and one more.
  uint64_t big_concurrency = 0;       ///< 0: two for each core, at least four.
  uint64_t big_queue_length = 1000;
  uint64_t big_queue_seconds = 0;
  uint64_t timeout_seconds = 900;
  uint64_t write_timeout_seconds = 14'400;
  uint64_t hang_up_check_ms = 500;
  uint64_t spill_bytes = 0;
  uint64_t write_attempts = 20;
  uint64_t transaction_bytes = 256ull << 20;
  bool operator==(const QuerySettings&) const = default;
};

struct LogSettings {
  std::string level = "info";  ///< debug, info, warning or error.
  uint64_t slow_statement_ms = 1000;
  bool audit = false;
  uint64_t max_file_bytes = 64 * kMiB;
  uint64_t old_files = 4;
  uint64_t max_statement_bytes = 4 * kKiB;
  bool operator==(const LogSettings&) const = default;
};

/// Every setting of the server with its default. main.cpp reads it once and hands each room what it needs; no room reads it
/// from here later. Units are in the names. settings_table.h has the sentence and the bounds of each.
struct Settings {
  std::string data_dir = "./freshet-data";
  HttpSettings http;
  MysqlSettings mysql;
  UserSettings users;
  MemorySettings memory;
  StorageSettings storage;
  CompactionSettings compaction;
  IngestSettings ingest;
  KafkaSettings kafka;
  QuerySettings query;
  LogSettings log;
  bool operator==(const Settings&) const = default;
};

}  // namespace freshet::config
