#include <fmt/format.h>

#include <algorithm>

#include "ingest/transactions.h"
#include "query/access/seen.h"
#include "query/show/row_filter.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using storage::LabelRecord;
using storage::LabelState;
using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<TextCell>>;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr uint64_t kMillisPerSecond = 1000;
constexpr ColumnAlias kTransactionAliases[] = {{"ID", "TransactionId"}, {"STATUS", "TransactionStatus"}};

TextCell time_cell(int64_t unix_micros) {
  if (unix_micros == 0) return std::nullopt;
  std::string text;
  format_datetime(unix_micros / kMicrosPerSecond * kMicrosPerSecond, 0, text);
  return text;
}

TextCell seconds_cell(int64_t unix_seconds) { return time_cell(unix_seconds * kMicrosPerSecond); }

/// When rows were made visible, or the load was given up; nothing while it goes on.
TextCell end_cell(const LabelRecord& load) {
  const bool has_ended = load.state == LabelState::kVisible || load.state == LabelState::kAborted;
  return has_ended ? seconds_cell(load.finished_unix_seconds) : std::nullopt;
}

std::string table_name(const storage::ServerSnapshot& snapshot, TableId id) {
  const auto found = snapshot.tables.find(id);
  return found == snapshot.tables.end() ? std::string() : found->second->name;
}

/// The loads of the statement's database that are known by their labels, in the order in which they began.
Result<std::vector<LabelRecord>> labelled_loads(const Show& show, const SessionState& session,
                                                const QueryServices& services) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  const auto id = snapshot->databases.find(database);
  if (id == snapshot->databases.end()) return Status::NotFound("Unknown database '{}'", database);
  std::vector<LabelRecord> loads;
  FRESHET_RETURN_IF_ERROR(services.storage.list_labels(id->second, [&](const LabelRecord& load) {
    if (sees_loads(session, database, table_name(*snapshot, load.table))) loads.push_back(load);
  }));
  std::sort(loads.begin(), loads.end(), [](const auto& a, const auto& b) { return a.transaction < b.transaction; });
  return loads;
}

Status answer(const Show& show, const Names& names, std::span<const ColumnAlias> aliases, Rows rows, ResultWriter& out) {
  return write_shown(show, names, std::move(rows), out, aliases);
}

/// SHOW LOAD's word for a state.
std::string_view load_state_name(LabelState state) {
  switch (state) {
    case LabelState::kRunning: return "LOADING";
    case LabelState::kPrecommitted: return "COMMITTED";
    case LabelState::kVisible: return "FINISHED";
    case LabelState::kAborted: return "CANCELLED";
  }
  return "";
}

std::string_view stream_load_status(const Status& status) {
  if (status.ok()) return "Success";
  return status.code() == StatusCode::kLabelExists ? "Label Already Exists" : "Fail";
}

}  // namespace

Status show_transaction(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<LabelRecord> loads, labelled_loads(show, session, services));
  Rows rows;
  for (const LabelRecord& load : loads) {
    const TextCell end = end_cell(load);
    const TextCell commit = load.state == LabelState::kVisible ? end : std::nullopt;
    rows.push_back({fmt::to_string(load.transaction.value), load.label, "BE: 127.0.0.1",
                    std::string(ingest::transaction_state_name(load.state)), "BACKEND_STREAMING",
                    seconds_cell(load.begun_unix_seconds), seconds_cell(load.precommitted_unix_seconds), commit, commit, end,
                    load.reason, "0", "-1",
                    fmt::to_string(load.is_two_phase ? load.precommit_timeout_seconds * kMillisPerSecond : 0), load.reason});
  }
  return answer(
      show,
      {"TransactionId", "Label", "Coordinator", "TransactionStatus", "LoadJobSourceType", "PrepareTime", "PreCommitTime",
       "CommitTime", "PublishTime", "FinishTime", "Reason", "ErrorReplicasCount", "ListenerId", "TimeoutMs", "ErrMsg"},
      kTransactionAliases, std::move(rows), out);
}

Status show_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<LabelRecord> loads, labelled_loads(show, session, services));
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  Rows rows;
  for (const LabelRecord& load : loads) {
    const bool is_done = load.state == LabelState::kVisible;
    const TextCell begin = seconds_cell(load.begun_unix_seconds), end = end_cell(load);
    const TextCell error =
        load.reason.empty() ? TextCell() : TextCell(fmt::format("type:LOAD_RUN_FAIL; msg:{}", load.reason));
    rows.push_back({fmt::to_string(load.transaction.value), load.label, std::string(load_state_name(load.state)),
                    is_done ? "100.00% (1/1)" : "0.00% (0/1)", "STREAM_LOAD",
                    fmt::format("dpp.abnorm.ALL={}; dpp.norm.ALL={}", load.filtered_rows, load.loaded_rows), std::nullopt,
                    error, begin, begin, begin, begin, end, std::nullopt,
                    fmt::format(R"({{"TableName":"{}","LoadedRows":{},"FilteredRows":{}}})",
                                table_name(*snapshot, load.table), load.loaded_rows, load.filtered_rows),
                    fmt::to_string(load.transaction.value), "{}", std::nullopt, std::nullopt});
  }
  return answer(show,
                {"JobId", "Label", "State", "Progress", "Type", "EtlInfo", "TaskInfo", "ErrorMsg", "CreateTime",
                 "EtlStartTime", "EtlFinishTime", "LoadStartTime", "LoadFinishTime", "URL", "JobDetails", "TransactionId",
                 "ErrorTablets", "User", "Comment"},
                {}, std::move(rows), out);
}

Status show_stream_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  Rows rows;
  for (const ingest::FinishedLoad& load : services.loads.finished_loads(database)) {
    if (!sees_loads(session, load.database, load.table)) continue;
    const ingest::LoadReport& report = load.report;
    const TextCell url = report.error_log_id.empty()
                             ? TextCell()
                             : TextCell(fmt::format("http://127.0.0.1:{}/api/_load_error_log?file={}", services.http_port(),
                                                    report.error_log_id));
    rows.push_back({report.label, load.database, load.table, load.client, std::string(stream_load_status(report.status)),
                    report.status.ok() ? std::string("OK") : report.status.message(), url, fmt::to_string(report.total_rows),
                    fmt::to_string(report.loaded_rows), fmt::to_string(report.filtered_rows),
                    fmt::to_string(report.unselected_rows), fmt::to_string(report.load_bytes),
                    time_cell(load.begun_unix_micros), time_cell(load.ended_unix_micros), load.user, report.comment,
                    report.first_error});
  }
  return answer(show,
                {"Label", "Db", "Table", "ClientIp", "Status", "Message", "Url", "TotalRows", "LoadedRows", "FilteredRows",
                 "UnselectedRows", "LoadBytes", "StartTime", "FinishTime", "User", "Comment", "FirstErrorMsg"},
                {}, std::move(rows), out);
}

}  // namespace freshet::query
