#include "connectors/server/metrics_text.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <utility>

#include "connectors/http/prometheus_text.h"
#include "connectors/http/routine_load_metrics.h"

namespace freshet::connectors {
namespace {

void add_statements(const query::StatementJournal& journal, PrometheusText& text) {
  for (const query::StatementClass kind : query::kStatementClasses) {
    text.histogram("freshet_statement_seconds",
                   "SQL statements by what they are: point (by the whole key), small, big, write, other",
                   journal.latencies(kind), {{"class", query::statement_class_name(kind)}});
  }
  for (const query::StatementClass kind : query::kStatementClasses) {
    text.counter("freshet_statement_errors_total", "SQL statements that ended with an error",
                 static_cast<double>(journal.errors(kind)), {{"class", query::statement_class_name(kind)}});
  }
  text.counter("freshet_slow_statements_total", "Statements that took log.slow_statement_ms or longer",
               static_cast<double>(journal.slow_statements()));
  text.counter("freshet_statement_log_dropped_total", "Lines of the slow and audit logs that could not be written",
               static_cast<double>(journal.dropped_lines()));
}

void add_storage(const storage::StorageStats& stats, PrometheusText& text) {
  text.counter("freshet_commits_total", "Commits of loads", stats.commits);
  if (stats.newest_commit_unix_micros != 0) {
    text.gauge("freshet_newest_commit_timestamp_seconds", "When the newest commit of a load became visible, since 1970",
               static_cast<double>(stats.newest_commit_unix_micros) / 1e6);
  }
  text.counter("freshet_rows_written_total", "Rows that loads wrote", stats.rows_written);
  text.counter("freshet_rows_replaced_total", "Rows that newer rows or deletes replaced", stats.rows_replaced);
  text.gauge("freshet_segments", "Segment files of all tables", stats.segments);
  text.gauge("freshet_segment_bytes", "Bytes of all segment files", stats.segment_bytes);
  text.gauge("freshet_delta_rows", "Rows in delta buffers", stats.delta_rows);
  text.gauge("freshet_delta_bytes", "Bytes of delta buffers", stats.delta_bytes);
  text.counter("freshet_flushes_total", "Delta buffers written as segments", stats.flushes);
  text.gauge("freshet_compaction_waiting_rowsets", "Segments that the compactions which tablets need now have to merge",
             stats.compaction_waiting_rowsets);
  text.gauge("freshet_compaction_waiting_bytes", "Bytes of the live rows of these segments", stats.compaction_waiting_bytes);
  text.counter("freshet_compactions_total", "Compactions", stats.compactions);
  text.counter("freshet_compaction_written_bytes_total", "Bytes that compactions wrote", stats.compaction_bytes_written);
  text.gauge("freshet_index_resident_bytes", "Memory of key indexes and key filters", stats.index_resident_bytes);
  text.gauge("freshet_index_resident_rows", "Rows of the segments whose key index is in memory", stats.index_resident_rows);
  text.gauge("freshet_index_bytes_per_key", "Memory of key indexes and key filters for each of these rows",
             stats.index_resident_rows == 0
                 ? 0
                 : static_cast<double>(stats.index_resident_bytes) / static_cast<double>(stats.index_resident_rows));
  text.gauge("freshet_load_memory_bytes", "Memory of the rows that running loads collect", stats.load_memory_bytes);
  text.gauge("freshet_tablet_rowsets_max", "Segments and delta buffers of the tablet that has most of them",
             stats.most_rowsets);
  text.counter("freshet_flush_written_bytes_total", "Bytes that flushes wrote", stats.flush_bytes_written);
  text.counter("freshet_delete_folds_total", "Folds of deletes without a flush or compaction", stats.folds);
  text.counter("freshet_delete_fold_written_bytes_total",
               "Bytes of delete bitmaps that folds, flushes and compactions wrote", stats.fold_bytes_written);
  text.counter("freshet_carried_written_bytes_total", "Bytes of rows in commit records", stats.carried_bytes_written);
  text.counter("freshet_delete_record_written_bytes_total", "Bytes of deletes in commit records",
               stats.delete_record_bytes_written);
  text.gauge("freshet_compactions_without_room", "Tablets whose compaction waits for room on the disk",
             stats.compactions_without_room);
  text.gauge("freshet_page_cache_bytes", "Memory of the page cache", stats.page_cache_bytes);
  text.gauge("freshet_page_cache_capacity_bytes", "What the page cache may take, beside key indexes and key filters",
             stats.page_cache_capacity_bytes);
  text.counter("freshet_page_cache_hits_total", "Pages found in the page cache", stats.page_cache_hits);
  text.counter("freshet_page_cache_misses_total", "Pages read from files", stats.page_cache_misses);
  text.gauge("freshet_labels", "Labels kept", stats.labels);
  text.counter("freshet_grouped_loads_total", "Loads that shared their commit with others", stats.grouped_loads);
  text.gauge("freshet_precommitted_loads", "Loads between the two phases of their commit", stats.precommitted_loads);
  text.gauge("freshet_disk_free_bytes", "Free bytes of the data disk", stats.disk_free_bytes);
}

/// Resident memory of the process; 0 when the system does not tell.
uint64_t process_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0;
  uint64_t resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

/// All memory by what holds it, under one name: to see at a glance what grows.
void add_memory(const storage::StorageStats& stats, const query::QueryLanes& lanes, PrometheusText& text) {
  uint64_t big_query_bytes = 0;
  for (const auto& group : lanes.group_figures()) big_query_bytes += group.usage.memory_bytes;
  const std::pair<const char*, uint64_t> parts[] = {
      {"page_cache", stats.page_cache_bytes},
      {"indexes", stats.index_resident_bytes},
      {"loads", stats.load_memory_bytes},
      {"delta_buffers", stats.delta_bytes},
      {"small_queries", lanes.small_figures().usage.memory_bytes},
      {"big_queries", big_query_bytes},
      {"process", process_bytes()},
  };
  for (const auto& [part, bytes] : parts) {
    text.gauge("freshet_memory_bytes", "Memory by what holds it; process: all that is resident, these parts included",
               static_cast<double>(bytes), {{"part", part}});
  }
}

using Lane = query::QueryLanes::Figures;

/// One sample of each lane: small queries together, big ones by workload group.
void add_lanes(const query::QueryLanes& lanes, PrometheusText& text) {
  const Lane small = lanes.small_figures();
  const std::vector<Lane> groups = lanes.group_figures();
  const auto add = [&](bool is_counter, const char* name, const char* help, auto value) {
    const auto sample = [&](const char* lane, std::string_view group, const Lane& figures) {
      const PrometheusText::Labels labels = {{"class", lane}, {"group", group}};
      is_counter ? text.counter(name, help, static_cast<double>(value(figures)), labels)
                 : text.gauge(name, help, static_cast<double>(value(figures)), labels);
    };
    sample("small", "", small);
    for (const Lane& group : groups) sample("big", group.name, group);
  };
  add(false, "freshet_queries_running", "Queries that run now, by class and workload group",
      [](const Lane& lane) { return lane.queue.running; });
  add(false, "freshet_queries_waiting", "Queries that wait for a place to run",
      [](const Lane& lane) { return lane.queue.waiting; });
  add(true, "freshet_queries_admitted_total", "Queries that got a place to run",
      [](const Lane& lane) { return lane.queue.admitted; });
  add(true, "freshet_queries_rejected_total", "Queries that found the queue full",
      [](const Lane& lane) { return lane.queue.rejected; });
  add(true, "freshet_queries_queue_timeout_total", "Queries that waited in the queue until their time was over",
      [](const Lane& lane) { return lane.queue.timed_out; });
  add(false, "freshet_query_memory_bytes", "Memory that queries hold",
      [](const Lane& lane) { return lane.usage.memory_bytes; });
  add(false, "freshet_query_memory_limit_bytes", "Memory that queries may hold before they spill",
      [](const Lane& lane) { return lane.usage.memory_limit_bytes; });
  add(false, "freshet_query_spilled_bytes", "What queries have spilled to disk and still need",
      [](const Lane& lane) { return lane.usage.spilled_bytes; });
  const query::AdmissionQueue::Figures yielding = lanes.yielding_figures();
  text.counter("freshet_small_queries_yielding_total", "Small queries that yielded: beyond query.prompt_percent",
               static_cast<double>(yielding.admitted));
  text.gauge("freshet_small_queries_yielding_waiting", "Small queries that wait for one that yields to answer",
             static_cast<double>(yielding.waiting));
}

}  // namespace

std::string metrics_text(const MetricsSources& sources) {
  PrometheusText text;
  const storage::StorageStats stats = sources.storage.stats();
  add_storage(stats, text);
  add_memory(stats, sources.lanes, text);
  text.gauge("freshet_running_loads", "Stream loads that run now", static_cast<double>(sources.loads.running_loads()));
  text.counter("freshet_mysql_commands_total", "Commands served over the MySQL protocol",
               static_cast<double>(sources.mysql.commands_served()));
  text.counter("freshet_mysql_commands_met_awake_total",
               "Of these, that found their thread awake (mysql.busy_wait_microseconds)",
               static_cast<double>(sources.mysql.commands_met_awake()));
  text.gauge("freshet_mysql_connections", "Open connections of the MySQL protocol",
             static_cast<double>(sources.connections.size()));
  add_statements(sources.journal, text);
  add_lanes(sources.lanes, text);
  write_routine_load_metrics(sources.routine_loads.list("", false), text);
  return text.text();
}

}  // namespace freshet::connectors
