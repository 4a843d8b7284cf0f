#include "connectors/http/stream_load.h"

#include <chrono>
#include <tuple>

#include "connectors/http/auth.h"
#include "connectors/http/host_header.h"
#include "connectors/http/json_text.h"
#include "connectors/http/load_answer.h"
#include "ingest/group_commit.h"
#include "query/http_stream_statement.h"
#include "storage/base/log.h"

namespace freshet::connectors::http {

namespace {

HttpAnswer answer_of(ServerContext& context, const ingest::LoadReport& report, const std::string& error_url) {
  Counters& counters = context.counters;
  const bool is_label = report.status.code() == StatusCode::kLabelExists;
  (report.status.ok() ? counters.loads_success : is_label ? counters.loads_label_exists : counters.loads_fail)++;
  HttpAnswer answer;
  answer.body = load_answer(report, error_url);
  return answer;
}

}  // namespace

HttpAnswer StreamLoadRequest::refuse(ServerContext& context, const Status& why) {
  ingest::LoadReport report;
  report.status = why;
  return answer_of(context, report, "");
}

HttpAnswer StreamLoadRequest::run() {
  const ingest::LoadReport report = load();
  context_.counters.load_body_bytes += reader_.body_bytes();
  if (!report.status.ok()) {
    log_info("load {} with label {} failed: {}", json_string(head_.target), json_string(report.label),
             json_string(report.status.to_string()));
  }
  std::string error_url;
  if (!report.error_log_id.empty()) {
    error_url = fmt::format("http://{}/api/_load_error_log?file={}", link_authority(head_, context_.options.address),
                            report.error_log_id);
  }
  return answer_of(context_, report, error_url);
}

ingest::LoadReport StreamLoadRequest::load() {
  ingest::LoadRequest request;
  ingest::LoadReport report;
  report.status = check_request(request);
  report.label = request.label;
  report.comment = request.comment;
  if (!report.status.ok()) return report;

  const std::unique_ptr<ingest::StreamLoad> load = context_.services.loads.begin(request, report);
  if (load == nullptr) return report;
  if (head_.expects_continue) {
    const Status sent = socket_.send_all(kContinue);
    if (!sent.ok()) return load->abort(sent);
  }
  return receive(*load, request, report.label);
}

Status StreamLoadRequest::check_request(ingest::LoadRequest& request) const {
  if (route_.endpoint == Endpoint::kHttpStream) {
    const std::string* sql = head_.header("sql");
    if (sql == nullptr)
      return Status::InvalidArgument("the header sql is missing: INSERT INTO db.t SELECT * FROM http_stream(...)");
    FRESHET_ASSIGN_OR_RETURN(
        request, query::parse_http_stream(*sql, head_.headers, [&](const auto&... names) { return columns_of(names...); }));
    FRESHET_RETURN_IF_ERROR(check_load(caller_, request.database, request.table));
  } else {
    request.database = route_.database;
    request.table = route_.table;
    FRESHET_RETURN_IF_ERROR(ingest::apply_load_properties(head_.headers, request));
  }
  // There is nothing to be put in a group.
  if (head_.content_length == uint64_t{0}) request.group_commit = false;
  // Loaders that send chunks label each of their loads: as in Doris the group counts, and not the label.
  const bool wants_group = request.group_commit.value_or(false) && ingest::may_commit_in_group(request);
  if (head_.is_chunked && wants_group) request.label.clear();
  request.user = caller_.user;
  request.client = socket_.peer_address();
  return check_framing();
}

Result<std::vector<std::string>> StreamLoadRequest::columns_of(const std::string& database, const std::string& table) const {
  FRESHET_RETURN_IF_ERROR(check_load(caller_, database, table));
  if (!context_.services.table_facts) return Status::NotFound("tables are not offered here");
  FRESHET_ASSIGN_OR_RETURN(const query::TableFacts facts, context_.services.table_facts(database, table));
  std::vector<std::string> names;
  for (const query::ColumnFacts& column : facts.columns) names.push_back(column.name);
  return names;
}

Status StreamLoadRequest::check_framing() const {
  // A request with both never comes here: it is refused while its head is parsed.
  if (!head_.content_length && !head_.is_chunked) {
    return Status::InvalidArgument(
        "content_length is empty and transfer-encoding!=chunked, please set content_length or transfer-encoding=chunked");
  }
  if (head_.content_length.value_or(0) > context_.options.max_body_bytes) return too_large(*head_.content_length);
  return Status::OK();
}

Status StreamLoadRequest::too_large(uint64_t bytes) const {
  return Status::InvalidArgument("body exceed max size: {}, data size: {}; split the load or raise http.max_body_bytes",
                                 context_.options.max_body_bytes, bytes);
}

ingest::LoadReport StreamLoadRequest::receive(ingest::StreamLoad& load, const ingest::LoadRequest& request,
                                              const std::string& label) {
  const uint64_t timeout_seconds =
      request.timeout_seconds != 0 ? request.timeout_seconds : context_.services.loads.options().load_timeout_seconds;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_seconds);
  for (;;) {
    std::string_view piece;
    const auto outcome = reader_.read_piece(piece, deadline);
    if (outcome == RequestReader::BodyOutcome::kEnd) return load.finish();
    if (outcome != RequestReader::BodyOutcome::kPiece) return load.abort(body_error(outcome, timeout_seconds, label));
    if (reader_.body_bytes() > context_.options.max_body_bytes) return load.abort(too_large(reader_.body_bytes()));
    const Status status = load.write(piece);
    if (!status.ok()) return load.finish();
  }
}

Status StreamLoadRequest::body_error(RequestReader::BodyOutcome outcome, uint64_t timeout_seconds,
                                     const std::string& label) const {
  const uint64_t received = reader_.body_bytes();
  switch (outcome) {
    case RequestReader::BodyOutcome::kTooLate:
      return Status::Timeout("the load took longer than its timeout of {} s", timeout_seconds);
    case RequestReader::BodyOutcome::kTimedOut:
      return Status::Timeout("the client sent nothing of its body for {} s; receive_bytes={}, id={}",
                             context_.options.receive_timeout_seconds, received, label);
    case RequestReader::BodyOutcome::kMalformed:
      return Status::InvalidArgument("the chunked encoding of the body is broken; receive_bytes={}, id={}", received, label);
    default: break;
  }
  const std::string expected = head_.content_length ? std::to_string(*head_.content_length) : "unknown (chunked)";
  return Status::Cancelled("receive body don't equal with body bytes, body_bytes={}, receive_bytes={}, id={}", expected,
                           received, label);
}

}  // namespace freshet::connectors::http
