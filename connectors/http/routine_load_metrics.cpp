#include "connectors/http/routine_load_metrics.h"

#include <string>

namespace freshet::connectors {
namespace {

using Job = ingest::RoutineLoadStatus;

struct Counter {
  const char* name;
  const char* help;
  uint64_t Job::*value;
};

constexpr Counter kCounters[] = {
    {"freshet_routine_load_rows_total", "Rows that a routine load loaded.", &Job::loaded_rows},
    {"freshet_routine_load_error_rows_total", "Rows that a routine load rejected.", &Job::error_rows},
    {"freshet_routine_load_received_bytes_total", "Bytes of the messages that a routine load read.", &Job::received_bytes},
    {"freshet_routine_load_commits_total", "Commits of a routine load.", &Job::committed_tasks},
    {"freshet_routine_load_errors_total", "Errors after which a routine load began again at its last commit.",
     &Job::aborted_tasks},
    {"freshet_routine_load_gaps_total", "Ranges of offsets that retention took unread.", &Job::gap_count},
    {"freshet_routine_load_lost_rows_total", "Offsets that retention took unread.", &Job::lost_rows},
};

}  // namespace

void write_routine_load_metrics(const std::vector<Job>& jobs, PrometheusText& text) {
  for (const Counter& counter : kCounters) {
    for (const Job& job : jobs) {
      text.counter(counter.name, counter.help, static_cast<double>(job.*counter.value),
                   {{"database", job.spec.load.database}, {"job", job.spec.name}});
    }
  }
  for (const Job& job : jobs) {
    text.gauge("freshet_routine_load_state", "1 for the state that a routine load is in.", 1,
               {{"database", job.spec.load.database},
                {"job", job.spec.name},
                {"state", ingest::routine_load_state_name(job.state)}});
  }
  for (const Job& job : jobs) {
    if (!job.last_commit_age_ms) continue;
    text.gauge("freshet_routine_load_last_commit_age_seconds", "Time since the last commit of a routine load.",
               static_cast<double>(*job.last_commit_age_ms) / 1000,
               {{"database", job.spec.load.database}, {"job", job.spec.name}});
  }
  for (const Job& job : jobs) {
    for (const auto& [partition, lag] : job.lag) {
      text.gauge("freshet_routine_load_lag", "Records between a routine load and the end of a partition.",
                 static_cast<double>(lag),
                 {{"database", job.spec.load.database}, {"job", job.spec.name}, {"partition", std::to_string(partition)}});
    }
  }
}

}  // namespace freshet::connectors
