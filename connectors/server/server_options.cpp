#include "connectors/server/server_options.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>

namespace freshet::connectors {

size_t open_segment_files(const config::Settings& settings) {
  constexpr uint64_t kFewest = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewest;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  const uint64_t half = std::max<uint64_t>(kFewest, limit.rlim_cur / 2);
  return settings.storage.open_files == 0 ? half : std::min(settings.storage.open_files, half);
}

storage::StorageOptions storage_options(const config::Settings& settings) {
  storage::StorageOptions options;
  options.page_cache_bytes = settings.memory.page_cache_bytes;
  options.load_memory_bytes = settings.memory.load_bytes;
  options.delta_memory_bytes = settings.memory.delta_bytes;
  options.compaction_memory_bytes = settings.memory.compaction_bytes;
  options.memory_wait_seconds = settings.memory.wait_seconds;
  options.small_commit_bytes = settings.storage.small_commit_bytes;
  options.dependent_rows = settings.storage.dependent_rows;
  options.delta_flush_bytes = settings.storage.delta_flush_bytes;
  options.delta_flush_rows = settings.storage.delta_flush_rows;
  options.delta_flush_seconds = settings.storage.delta_flush_seconds;
  options.delete_fold_commits = settings.storage.delete_fold_commits;
  options.disk_reserve_bytes = settings.storage.disk_reserve_bytes;
  options.disk_full_wait_seconds = settings.storage.disk_full_wait_seconds;
  options.quarantine_keep_seconds = settings.storage.quarantine_keep_seconds;
  options.compaction_trigger_segments = static_cast<uint32_t>(settings.compaction.trigger_segments);
  options.compaction_max_segments = static_cast<uint32_t>(settings.compaction.max_segments);
  options.compaction_dead_fraction = settings.compaction.dead_fraction;
  options.compaction_base_fraction = settings.compaction.base_fraction;
  options.compaction_bytes_per_second = settings.compaction.rate_bytes_per_second;
  options.tombstone_keep_seconds = settings.compaction.tombstone_keep_seconds;
  options.compaction_threads = static_cast<uint32_t>(settings.compaction.threads);
  options.label_keep_seconds = settings.storage.label_keep_seconds;
  options.label_limit = settings.storage.label_limit;
  options.precommit_timeout_seconds = settings.storage.precommit_timeout_seconds;
  options.precommitted_limit = settings.storage.precommitted_limit;
  options.history_versions = settings.storage.history_versions;
  return options;
}

ingest::IngestOptions ingest_options(const config::Settings& settings, const DataPaths& paths) {
  ingest::IngestOptions options;
  options.memtable_bytes = settings.storage.memtable_bytes;
  options.max_row_bytes = settings.ingest.max_row_bytes;
  options.max_running_loads = settings.ingest.max_running_loads;
  options.silent_load_seconds = settings.ingest.silent_load_seconds;
  options.finished_loads_kept = settings.ingest.finished_loads_kept;
  options.load_timeout_seconds = settings.ingest.load_timeout_seconds;
  options.expansion = {settings.ingest.max_decompressed_bytes, settings.ingest.max_expansion_ratio};
  options.error_rows_kept = settings.ingest.error_log_rows;
  options.error_logs_kept = settings.ingest.error_logs_kept;
  options.error_log_directory = paths.error_logs();
  options.spool = {paths.bodies(), settings.ingest.max_spooled_bytes};
  options.arrow_batch_bytes = settings.ingest.max_arrow_batch_bytes;
  return options;
}

ingest::RoutineLoadOptions routine_load_options(const config::KafkaSettings& settings) {
  ingest::RoutineLoadOptions options;
  options.min_commit_interval_ms = settings.min_commit_interval_ms;
  options.poll_timeout_ms = static_cast<int>(settings.poll_timeout_ms);
  options.retry_backoff_ms_max = settings.retry_backoff_ms_max;
  options.lasting_error_retries = settings.lasting_error_retries;
  return options;
}

query::StatementJournal::Options journal_options(const config::LogSettings& settings, const DataPaths& paths) {
  query::StatementJournal::Options options;
  options.folder = paths.logs();
  options.slow = std::chrono::milliseconds(settings.slow_statement_ms);
  options.audits = settings.audit;
  options.max_file_bytes = settings.max_file_bytes;
  options.old_files = settings.old_files;
  options.max_statement_bytes = settings.max_statement_bytes;
  return options;
}

query::WorkloadGroup normal_group(const config::QuerySettings& settings) {
  query::WorkloadGroup group;
  group.max_concurrency = settings.big_concurrency;
  group.max_queue_size = settings.big_queue_length;
  group.queue_timeout_milliseconds = settings.big_queue_seconds * 1000;
  return group;
}

query::QueryLaneOptions lane_options(const config::Settings& settings, const DataPaths& paths) {
  query::QueryLaneOptions options;
  options.engine.threads = static_cast<uint32_t>(settings.query.duckdb_threads);
  options.engine.temp_directory = paths.spilled();
  options.engine.temp_bytes = settings.query.spill_bytes;
  options.memory_bytes = settings.memory.query_bytes - settings.memory.small_query_bytes;
  options.small_memory_bytes = settings.memory.small_query_bytes;
  options.small_scan_bytes = settings.query.small_scan_bytes;
  options.small_time = std::chrono::milliseconds(settings.query.small_milliseconds);
  options.small_concurrency = settings.query.small_concurrency;
  options.prompt_percent = settings.query.prompt_percent;
  options.yielding_concurrency = settings.query.yielding_concurrency;
  return options;
}

}  // namespace freshet::connectors
