#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "query/access/seen.h"
#include "query/dialect/tokenizer.h"
#include "query/routine_load_spec.h"
#include "query/show/like_pattern.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"
#include "storage/base/json_string.h"
#include "storage/types/text_number.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr std::string_view kColumnNames[] = {"Id",
                                             "Name",
                                             "CreateTime",
                                             "PauseTime",
                                             "EndTime",
                                             "DbName",
                                             "TableName",
                                             "IsMultiTable",
                                             "State",
                                             "DataSourceType",
                                             "CurrentTaskNum",
                                             "JobProperties",
                                             "DataSourceProperties",
                                             "CustomProperties",
                                             "Statistic",
                                             "Progress",
                                             "Lag",
                                             "ReasonOfStateChanged",
                                             "ErrorLogUrls",
                                             "OtherMsg",
                                             "User",
                                             "Comment",
                                             "ComputeGroup"};

TextCell time_text(int64_t unix_seconds) {
  if (unix_seconds == 0) return std::nullopt;
  std::string text;
  format_datetime(unix_seconds * 1'000'000, 0, text);
  return text;
}

std::string json_object(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  return out + "}";
}

std::string json_object(const std::map<int32_t, int64_t>& numbers) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [partition, number] : numbers) members.emplace_back(fmt::to_string(partition), fmt::to_string(number));
  return json_object(members);
}

std::string statistic(const ingest::RoutineLoadStatus& job) {
  const uint64_t execute_ms = std::max<uint64_t>(1, job.execute_ms);
  return fmt::format(
      R"({{"receivedBytes":{},"runningTxns":[],"errorRows":{},"committedTaskNum":{},"loadedRows":{},"loadRowsRate":{},)"
      R"("abortedTaskNum":{},"errorRowsAfterResumed":{},"totalRows":{},"unselectedRows":{},"receivedBytesRate":{},)"
      R"("taskExecuteTimeMs":{},"lostRows":{},"lastCommitUnixMs":{}}})",
      job.received_bytes, job.error_rows, job.committed_tasks, job.loaded_rows, job.loaded_rows * 1000 / execute_ms,
      job.aborted_tasks, job.error_rows_after_resumed, job.total_rows, job.unselected_rows,
      job.received_bytes * 1000 / execute_ms, job.execute_ms, job.lost_rows, job.last_commit_unix_ms);
}

std::string or_star(const std::string& text) { return text.empty() ? "*" : text; }

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ",")); }

std::string_view text_of(bool value) { return value ? "true" : "false"; }

std::string_view update_mode(const ingest::LoadRequest& load) {
  if (load.flexible_columns) return "UPDATE_FLEXIBLE_COLUMNS";
  return load.partial_columns ? "UPDATE_FIXED_COLUMNS" : "UPSERT";
}

std::string_view merge_type(const ingest::LoadRequest& load) {
  switch (load.merge_type) {
    case ingest::MergeType::kAppend: return "APPEND";
    case ingest::MergeType::kDelete: return "DELETE";
    case ingest::MergeType::kMerge: return "MERGE";
  }
  return "";
}

/// What holds for the job, and beside it what its properties say.
std::string job_properties(const ingest::RoutineLoadStatus& job) {
  const ingest::LoadRequest& load = job.spec.load;
  std::vector<std::string> columns = load.columns;
  for (const ingest::ColumnExpression& each : load.expressions) columns.push_back(each.column + "=" + each.expression);
  std::vector<std::pair<std::string, std::string>> members = {
      {"columnToColumnExpr", joined(columns)},
      {"whereExpr", or_star(load.where)},
      {"precedingFilter", or_star(load.preceding_filter)},
      {"delete", or_star(load.delete_condition)},
      {"partitions", or_star(joined(load.partitions))},
      {"sequence_col", or_star(load.sequence_column)},
      {"merge_type", std::string(merge_type(load))},
      {"column_separator", "'" + load.column_separator + "'"},
      {"line_delimiter", load.line_delimiter},
      {"jsonpaths", ""},
      {"strict_mode", std::string(text_of(load.strict_mode))},
      {"partial_columns", std::string(text_of(load.partial_columns))},
      {"unique_key_update_mode", std::string(update_mode(load))},
      {"partial_update_new_key_behavior", load.partial_new_keys == ingest::NewKeys::kRefused ? "ERROR" : "APPEND"},
      {"max_error_number", fmt::to_string(job.spec.max_error_number)},
      {"max_filter_ratio", fmt::to_string(job.spec.max_filter_ratio)},
      {"max_batch_interval", fmt::to_string(job.spec.max_batch_interval_seconds)},
      {"max_batch_rows", fmt::to_string(job.spec.max_batch_rows)},
      {"max_batch_size", fmt::to_string(job.spec.max_batch_bytes)},
      {"current_concurrent_number", job.state == ingest::RoutineLoadState::kRunning ? "1" : "0"},
      {"format", "csv"},
      {"timezone", "UTC"},
  };
  for (const auto& [given, value] : job.spec.job_properties) {
    const std::string name = to_lower(given);
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == name; });
    if (found == members.end()) members.emplace_back(name, value);
    if (name == "format" || name == "jsonpaths" || name == "timezone") found->second = value;
  }
  return json_object(members);
}

/// property.* as given, secrets masked.
std::string custom_properties(const ingest::RoutineLoadStatus& job) {
  constexpr std::string_view kPrefix = "property.";
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [name, value] : job.spec.source_properties) {
    if (name.starts_with(kPrefix)) members.emplace_back(name.substr(kPrefix.size()), value);
  }
  return json_object(members);
}

std::string source_properties(const ingest::RoutineLoadStatus& job) {
  std::string partitions;
  for (const auto& [partition, offset] : job.progress) {
    if (!partitions.empty()) partitions += ',';
    partitions += fmt::to_string(partition);
  }
  return json_object(
      {{"topic", job.spec.stream.topic}, {"currentKafkaPartitions", partitions}, {"brokerList", job.spec.stream.brokers}});
}

std::string error_log_urls(const ingest::RoutineLoadStatus& job, uint16_t http_port) {
  std::string urls;
  for (const std::string& id : job.error_log_ids) {
    if (!urls.empty()) urls += ", ";
    fmt::format_to(std::back_inserter(urls), "http://127.0.0.1:{}/api/_load_error_log?file={}", http_port, id);
  }
  return urls;
}

std::vector<TextCell> line(const ingest::RoutineLoadStatus& job, uint16_t http_port) {
  const bool is_running = job.state == ingest::RoutineLoadState::kRunning;
  return {fmt::to_string(job.id),
          job.spec.name,
          time_text(job.create_unix_seconds),
          time_text(job.pause_unix_seconds),
          time_text(job.end_unix_seconds),
          job.spec.load.database,
          job.spec.load.table,
          std::string(text_of(job.spec.is_multi_table())),
          std::string(ingest::routine_load_state_name(job.state)),
          "KAFKA",
          is_running ? "1" : "0",
          job_properties(job),
          source_properties(job),
          custom_properties(job),
          statistic(job),
          json_object(job.progress),
          json_object(job.lag),
          job.reason_of_state_changed,
          error_log_urls(job, http_port),
          job.other_message,
          job.spec.user.empty() ? "root" : job.spec.user,
          job.spec.comment,
          ""};
}

/// Jobs that the statement means; NotFound when it names one that is not there.
Result<std::vector<ingest::RoutineLoadStatus>> find_jobs(const Show& show, const SessionState& session,
                                                         const QueryServices& services) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  std::vector<ingest::RoutineLoadStatus> jobs = services.routine_loads.list(database, show.all);
  std::erase_if(jobs, [&](const ingest::RoutineLoadStatus& job) {
    return !sees_loads(session, job.spec.load.database, job.spec.load.table) ||
           (!show.name.empty() && job.spec.name != show.name) || (show.like && !like_matches(*show.like, job.spec.name));
  });
  if (jobs.empty() && !show.name.empty()) {
    return Status::NotFound("There is no job named {} in db {}. Include history? {}", show.name, database, show.all);
  }
  return jobs;
}

/// The job of WHERE JobName = 'j', which SHOW ROUTINE LOAD TASK needs.
Result<std::string> job_of_condition(std::string_view where) {
  const size_t equals = where.find('=');
  if (equals != std::string_view::npos) {
    const std::string_view name = trim_blanks(where.substr(0, equals));
    const std::string_view value = trim_blanks(where.substr(equals + 1));
    const bool is_quoted =
        value.size() >= 2 && (value.front() == '\'' || value.front() == '"') && value.back() == value.front();
    if (to_lower(name) == "jobname" && is_quoted) return std::string(value.substr(1, value.size() - 2));
  }
  return Status::InvalidArgument("SHOW ROUTINE LOAD TASK needs WHERE JobName = 'job'");
}

}  // namespace

Status show_routine_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const auto jobs, find_jobs(show, session, services));
  std::vector<std::vector<TextCell>> rows;
  for (const ingest::RoutineLoadStatus& job : jobs) rows.push_back(line(job, services.http_port()));
  const std::vector<std::string> names(std::begin(kColumnNames), std::end(kColumnNames));
  return write_text_rows(names, rows, out);
}

Status show_routine_load_task(const Show& show, const SessionState& session, const QueryServices& services,
                              ResultWriter& out) {
  Show named = show;
  FRESHET_ASSIGN_OR_RETURN(named.name, job_of_condition(show.where));
  FRESHET_ASSIGN_OR_RETURN(const auto jobs, find_jobs(named, session, services));
  std::vector<std::vector<TextCell>> rows;
  for (const ingest::RoutineLoadStatus& job : jobs) {
    if (job.state != ingest::RoutineLoadState::kRunning) continue;
    std::map<int32_t, int64_t> next;
    for (const auto& [partition, offset] : job.progress) next[partition] = offset + 1;
    // A job has one reader, whose commits follow each other: its task is the reader.
    rows.push_back({fmt::format("{}-{}", job.id, job.epoch), "-1", "UNKNOWN", fmt::to_string(job.id),
                    time_text(job.create_unix_seconds), time_text(job.start_unix_seconds),
                    fmt::to_string(job.spec.max_batch_interval_seconds), "1", json_object(next)});
  }
  return write_text_rows(std::vector<std::string>{"TaskId", "TxnId", "TxnStatus", "JobId", "CreateTime", "ExecuteStartTime",
                                                  "Timeout", "BeId", "DataSourceProperties"},
                         rows, out);
}

Status show_create_routine_load(const Show& show, const SessionState& session, const QueryServices& services,
                                ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const auto jobs, find_jobs(show, session, services));
  std::vector<std::vector<TextCell>> rows;
  for (const ingest::RoutineLoadStatus& job : jobs) {
    rows.push_back({fmt::to_string(job.id), job.spec.name, create_statement(job.spec)});
  }
  return write_text_rows(std::vector<std::string>{"JobId", "JobName", "CreateStmt"}, rows, out);
}

}  // namespace freshet::query
