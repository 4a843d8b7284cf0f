#include <algorithm>
#include <string>

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
  require(s.mysql.tls_certificate_file.empty() == s.mysql.tls_key_file.empty(), "mysql.tls_key_file",
          "belongs to mysql.tls_certificate_file: set both or none");
  return problems;
}

void size_for_machine(Settings& s, uint64_t cores, uint64_t memory_bytes) {
  QuerySettings& query = s.query;
  if (query.duckdb_threads == 0) query.duckdb_threads = cores;
  if (query.small_concurrency == 0) query.small_concurrency = 8 * cores;
  if (query.yielding_concurrency == 0) query.yielding_concurrency = cores + 1;
  if (query.big_concurrency == 0) query.big_concurrency = std::max<uint64_t>(4, 2 * cores);
  MemorySettings& memory = s.memory;
  if (memory.limit_bytes == 0) memory.limit_bytes = memory_bytes / 5 * 4;
  const uint64_t tenth = memory.limit_bytes / 10;
  if (memory.page_cache_bytes == 0) memory.page_cache_bytes = 3 * tenth;
  if (memory.query_bytes == 0) memory.query_bytes = 4 * tenth;
  if (memory.small_query_bytes == 0) memory.small_query_bytes = memory.query_bytes / 8;
  if (memory.load_bytes == 0) memory.load_bytes = tenth;
  if (memory.delta_bytes == 0) memory.delta_bytes = tenth;
  if (memory.compaction_bytes == 0) memory.compaction_bytes = tenth;
}

ConfigProblems check_memory(const Settings& s) {
  const MemorySettings& memory = s.memory;
  ConfigProblems problems;
  const uint64_t parts =
      memory.page_cache_bytes + memory.query_bytes + memory.load_bytes + memory.delta_bytes + memory.compaction_bytes;
  if (parts > memory.limit_bytes) {
    problems.push_back({0, "memory.limit_bytes",
                        "is " + std::to_string(memory.limit_bytes) + " bytes, but its parts are " + std::to_string(parts) +
                            " together: lower one of them (those that are 0 take their share of the limit)"});
  }
  const auto require = [&](uint64_t bytes, uint64_t least, const char* key, const char* why) {
    if (bytes < least) {
      problems.push_back(
          {0, key, "is " + std::to_string(bytes) + " bytes; at least " + std::to_string(least) + " are needed: " + why});
    }
  };
  if (memory.small_query_bytes > memory.query_bytes / 2) {
    problems.push_back(
        {0, "memory.small_query_bytes", "must not be above half of memory.query_bytes, of which it is a part"});
  }
  require(memory.load_bytes, 2 * s.ingest.max_row_bytes, "memory.load_bytes", "twice ingest.max_row_bytes");
  require(memory.delta_bytes, 2 * s.storage.small_commit_bytes, "memory.delta_bytes", "twice storage.small_commit_bytes");
  require(memory.compaction_bytes, 16 * kMiB, "memory.compaction_bytes", "a merge of a million rows");
  return problems;
}

}  // namespace freshet::config
