#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "query/show/like_pattern.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"
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

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
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
  const uint64_t unselected = job.total_rows - std::min(job.total_rows, job.loaded_rows + job.error_rows);
  return fmt::format(
      R"({{"receivedBytes":{},"runningTxns":[],"errorRows":{},"committedTaskNum":{},"loadedRows":{},"abortedTaskNum":{},)"
      R"("totalRows":{},"unselectedRows":{},"lostRows":{},"lastCommitUnixMs":{}}})",
      job.received_bytes, job.error_rows, job.committed_tasks, job.loaded_rows, job.aborted_tasks, job.total_rows,
      unselected, job.lost_rows, job.last_commit_unix_ms);
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
          "false",
          std::string(ingest::routine_load_state_name(job.state)),
          "KAFKA",
          is_running ? "1" : "0",
          json_object(job.spec.job_properties),
          source_properties(job),
          json_object(job.spec.source_properties),
          statistic(job),
          json_object(job.progress),
          json_object(job.lag),
          job.reason_of_state_changed,
          error_log_urls(job, http_port),
          job.other_message,
          "root",
          job.spec.comment,
          ""};
}

}  // namespace

Status show_routine_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  std::vector<std::vector<TextCell>> rows;
  for (const ingest::RoutineLoadStatus& job : services.routine_loads.list(database, show.all)) {
    if (!show.name.empty() && job.spec.name != show.name) continue;
    if (show.like && !like_matches(*show.like, job.spec.name)) continue;
    rows.push_back(line(job, services.http_port()));
  }
  if (rows.empty() && !show.name.empty()) {
    return Status::NotFound("There is no job named {} in db {}. Include history? {}", show.name, database, show.all);
  }
  const std::vector<std::string> names(std::begin(kColumnNames), std::end(kColumnNames));
  return write_text_rows(names, rows, out);
}

}  // namespace freshet::query
