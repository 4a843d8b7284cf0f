#include <fmt/format.h>

#include "connectors/http/connection.h"
#include "connectors/http/json_text.h"
#include "storage/types/value_text.h"

namespace freshet::connectors::http {
namespace {

constexpr unsigned kMillisecondDigits = 3;

HttpAnswer json_answer(std::string body) {
  HttpAnswer answer;
  answer.body = std::move(body);
  return answer;
}

/// Doris answers failures of these requests with HTTP status 200 and a status of their own.
HttpAnswer failed(const Status& status) {
  return json_answer(fmt::format(R"({{"status":"Fail","msg":{}}})", json_string(status.message())));
}

std::string time_text(int64_t unix_micros) {
  std::string text;
  format_datetime(unix_micros, kMillisecondDigits, text);
  return json_string(text);
}

HttpAnswer run(query::CompactionAdmin& compaction, const Route& route) {
  const std::string tablet(route.query_value("tablet_id")), table(route.query_value("table_id"));
  const Status status = compaction.run(tablet, table, std::string(route.query_value("compact_type")));
  if (!status.ok()) return failed(status);
  return json_answer(
      fmt::format(R"({{"status":"Success","msg":"compaction task is successfully triggered. Table id: {}. Tablet id: {}"}})",
                  table.empty() ? "0" : table, tablet.empty() ? "0" : tablet));
}

HttpAnswer show(const query::CompactionAdmin& compaction, const Route& route) {
  const auto report = compaction.show(std::string(route.query_value("tablet_id")));
  if (!report.ok()) return failed(report.status());
  std::string rowsets;
  for (size_t i = 0; i < report->rowsets.size(); ++i) {
    const auto& rowset = report->rowsets[i];
    // [version-version] segments DATA overlap id size, then what Doris does not tell.
    rowsets += fmt::format(R"({}"[{}-{}] {} DATA NONOVERLAPPING {} {} rows {} deleted {}")", i == 0 ? "" : ",", i, i,
                           rowset.is_segment ? 1 : 0, rowset.id.value, rowset.bytes, rowset.rows, rowset.dead_rows);
  }
  return json_answer(
      fmt::format(R"({{"tablet_id":{},"cumulative policy type":"size_based","cumulative point":{},"last success time":{},)"
                  R"("last failure time":{},"last failure":{},"rowsets":[{}],"missing_rowsets":[],"stale_rowsets":[]}})",
                  report->tablet.value, report->rowsets.size(), time_text(report->state.last_success_unix_micros),
                  time_text(report->state.last_failure_unix_micros), json_string(report->state.last_error), rowsets));
}

/// What runs in the whole server, by kind and disk; there is one disk.
HttpAnswer overall_status(const query::CompactionAdmin& compaction) {
  std::string cumulative, base;
  for (const auto& [tablet, kind] : compaction.running()) {
    std::string& list = kind == storage::CompactionKind::kCumulative ? cumulative : base;
    list += fmt::format("{}{}", list.empty() ? "" : ",", tablet.value);
  }
  return json_answer(fmt::format(R"({{"CumulativeCompaction":{{"segments":[{}]}},"BaseCompaction":{{"segments":[{}]}}}})",
                                 cumulative, base));
}

HttpAnswer run_status(const query::CompactionAdmin& compaction, const Route& route) {
  if (route.query_value("tablet_id").empty()) return overall_status(compaction);
  const auto report = compaction.show(std::string(route.query_value("tablet_id")));
  if (!report.ok()) return failed(report.status());
  const bool is_running = report->state.is_running;
  return json_answer(fmt::format(
      R"({{"status":"Success","run_status":{},"msg":"compaction task for this tablet is {}running","tablet_id":{},)"
      R"("compact_type":"{}"}})",
      is_running, is_running ? "" : "not ", report->tablet.value,
      is_running ? storage::compaction_kind_name(report->state.kind) : ""));
}

}  // namespace

HttpAnswer answer_compaction_request(ServerContext& context, const Route& route) {
  query::CompactionAdmin* compaction = context.services.compaction;
  if (compaction == nullptr) return error_answer(404, "compaction is not offered here");
  switch (route.endpoint) {
    case Endpoint::kCompactionRun: return run(*compaction, route);
    case Endpoint::kCompactionShow: return show(*compaction, route);
    default: return run_status(*compaction, route);
  }
}

}  // namespace freshet::connectors::http
