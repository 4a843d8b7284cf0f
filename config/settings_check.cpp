#include "config/read_settings.h"

namespace freshet::config {

ConfigProblems check_settings(const Settings& s) {
  ConfigProblems problems;
  auto require = [&](bool holds, const char* key, const char* message) {
    if (!holds) problems.push_back({0, key, message});
  };
  require(s.storage.small_commit_bytes <= s.storage.delta_flush_bytes, "storage.small_commit_bytes",
          "must not be above storage.delta_flush_bytes: one commit would overfill the delta buffer");
  require(s.storage.small_commit_bytes <= s.storage.memtable_bytes, "storage.small_commit_bytes",
          "must not be above storage.memtable_bytes: a small commit never leaves the memtable");
  require(s.ingest.max_row_bytes <= s.storage.memtable_bytes, "ingest.max_row_bytes",
          "must not be above storage.memtable_bytes: the row would not fit");
  require(s.compaction.trigger_segments < s.compaction.max_segments, "compaction.trigger_segments",
          "must be below compaction.max_segments: loads would wait before a compaction begins");
  require(s.http.address.port == 0 || s.http.address != s.mysql.address, "mysql.address",
          "is http.address too: give each a port of its own");
  return problems;
}

void size_for_machine(Settings& s, uint64_t cores, uint64_t memory_bytes) {
  if (s.query.duckdb_threads == 0) s.query.duckdb_threads = cores;
  if (s.storage.page_cache_bytes == 0) s.storage.page_cache_bytes = memory_bytes / 4;
  if (s.query.duckdb_memory_bytes == 0) s.query.duckdb_memory_bytes = memory_bytes / 5 * 2;
}

}  // namespace freshet::config
