#include "connectors/http/load_answer.h"

#include <fmt/format.h>

#include "connectors/http/json_text.h"

namespace freshet::connectors::http {

namespace {

std::string message_text(const Status& status) {
  if (status.ok()) return "OK";
  const bool is_label = status.code() == StatusCode::kLabelExists;
  return fmt::format("[{}]{}{}", status_code_name(status.code()), is_label ? "TStatus: errCode = 2, detailMessage = " : "",
                     status.message());
}

}  // namespace

std::string_view load_status_text(const Status& status) {
  if (status.ok()) return "Success";
  return status.code() == StatusCode::kLabelExists ? "Label Already Exists" : "Fail";
}

std::string load_answer(const ingest::LoadReport& report, std::string_view error_url) {
  PrettyObject answer;
  answer.field("TxnId", report.transaction_id == 0 ? int64_t{-1} : static_cast<int64_t>(report.transaction_id));
  answer.field("Label", report.label);
  answer.field("Comment", report.comment);
  if (report.group_commit) {
    answer.flag("GroupCommit", true);
  } else {
    answer.field("TwoPhaseCommit", report.two_phase_commit ? "true" : "false");
  }
  answer.field("Status", load_status_text(report.status));
  if (report.status.code() == StatusCode::kLabelExists) answer.field("ExistingJobStatus", report.existing_job_status);
  answer.field("Message", message_text(report.status));
  answer.field("NumberTotalRows", report.total_rows);
  answer.field("NumberLoadedRows", report.loaded_rows);
  answer.field("NumberFilteredRows", report.filtered_rows);
  answer.field("NumberUnselectedRows", report.unselected_rows);
  answer.field("LoadBytes", report.load_bytes);
  answer.field("LoadTimeMs", report.load_ms);
  if (!report.group_commit) answer.field("BeginTxnTimeMs", report.begin_ms);
  answer.field("StreamLoadPutTimeMs", report.plan_ms);
  answer.field("ReadDataTimeMs", report.read_ms);
  answer.field("WriteDataTimeMs", report.write_ms);
  answer.field("ReceiveDataTimeMs", report.receive_ms);
  if (!report.group_commit) answer.field("CommitAndPublishTimeMs", report.commit_ms);
  if (!error_url.empty()) answer.field("ErrorURL", error_url);
  if (!report.first_error.empty()) answer.field("FirstErrorMsg", report.first_error);
  return std::move(answer).end();
}

}  // namespace freshet::connectors::http
