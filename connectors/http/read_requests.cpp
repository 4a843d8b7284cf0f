#include <algorithm>

#include "connectors/http/catalog_requests.h"
#include "connectors/http/connection.h"
#include "connectors/http/host_header.h"
#include "connectors/http/json_text.h"

namespace freshet::connectors::http {

namespace {

constexpr size_t kMaxErrorLogIdBytes = 128;

HttpAnswer answer_index(const ServerContext& context) {
  HttpAnswer answer;
  answer.content_type = HttpAnswer::kText;
  answer.body = fmt::format(
      "Freshet {}\n\n"
      "PUT /api/DATABASE/TABLE/_stream_load  loads a CSV or JSON body\n"
      "PUT /api/DATABASE/_stream_load_2pc    commits or aborts a precommitted load (headers txn_id or label, "
      "txn_operation)\n"
      "GET /api/DATABASE/get_load_state?label=L   what became of a load\n"
      "GET /api/DATABASE/TABLE/_schema, /_count, POST /api/query/CATALOG/DATABASE {{\"stmt\": SQL}}\n"
      "GET /api/health                       is the server ready\n"
      "GET /metrics                          figures for Prometheus\n"
      "POST /api/compaction/run?tablet_id=N&compact_type=cumulative|base|full   (or table_id=N)\n"
      "GET /api/compaction/show?tablet_id=N, /api/compaction/run_status?tablet_id=N\n"
      "SQL: mysql -h HOST -P {} -u root\n",
      context.options.version, context.options.mysql_port);
  return answer;
}

HttpAnswer answer_health(const ServerContext& context) {
  const Status status = context.services.health ? context.services.health() : Status::OK();
  if (!status.ok()) return error_answer(503, status.to_string());
  return success_answer(R"({"online_backend_num":1,"total_backend_num":1})");
}

HttpAnswer answer_metrics(const ServerContext& context) {
  PrometheusText own;
  context.counters.write(own);
  HttpAnswer answer;
  answer.content_type = HttpAnswer::kPrometheus;
  answer.body = context.services.metrics_text ? context.services.metrics_text() : std::string();
  answer.body += own.text();
  return answer;
}

/// The fields of Doris's ready probe; there is no replayed journal and no RPC port.
HttpAnswer answer_bootstrap(const ServerContext& context) {
  return success_answer(fmt::format(R"({{"replayedJournalId":0,"queryPort":{},"rpcPort":0,"version":{}}})",
                                    context.options.mysql_port, json_string(context.options.version)));
}

/// Connectors ask where to send loads: to this server, under the name they know it by.
HttpAnswer answer_backends(const ServerContext& context, const RequestHead& head) {
  HostPort self = link_address(head, context.options.address);
  if (context.options.load_port != 0) self.port = context.options.load_port;
  return success_answer(
      fmt::format(R"({{"backends":[{{"ip":{},"http_port":{},"is_alive":true}}]}})", json_string(self.host), self.port));
}

bool is_error_log_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxErrorLogIdBytes && id.front() != '.' && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  });
}

/// Open to whoever has the id, which cannot be guessed: people follow the link of a load's answer in a browser.
HttpAnswer answer_load_error_log(const ServerContext& context, const Route& route) {
  const std::string_view id = route.query_value("file");
  if (!is_error_log_id(id)) return error_answer(400, "file must be the id that a load's ErrorURL names");
  Result<std::string> text = context.services.loads.error_log(id);
  if (!text.ok()) {
    const bool is_gone = text.status().code() == StatusCode::kNotFound;
    return error_answer(is_gone ? 404 : 500, text.status().message());
  }
  HttpAnswer answer;
  answer.content_type = HttpAnswer::kText;
  answer.body = std::move(text).value();
  return answer;
}

}  // namespace

HttpAnswer answer_read_request(ServerContext& context, const RequestHead& head, const Route& route, const Caller& caller) {
  switch (route.endpoint) {
    case Endpoint::kIndex: return answer_index(context);
    case Endpoint::kHealth: return answer_health(context);
    case Endpoint::kMetrics: return answer_metrics(context);
    case Endpoint::kBootstrap: return answer_bootstrap(context);
    case Endpoint::kBackends: return answer_backends(context, head);
    case Endpoint::kLoadErrorLog: return answer_load_error_log(context, route);
    case Endpoint::kTransaction: return answer_transaction(context, head, route, caller);
    case Endpoint::kLoadState: return answer_load_state(context, route);
    case Endpoint::kSchema:
    case Endpoint::kCount:
    case Endpoint::kQueryPlan:
    case Endpoint::kLightSchemaChange:
    case Endpoint::kFrontends:
    case Endpoint::kBackendNodes:
    case Endpoint::kTime:
    case Endpoint::kShowProc:
    case Endpoint::kLogin: return answer_catalog_request(context, head, route);
    case Endpoint::kCompactionRun:
    case Endpoint::kCompactionShow:
    case Endpoint::kCompactionRunStatus: return answer_compaction_request(context, route);
    case Endpoint::kCopy:
      return error_answer(501, "COPY INTO through a stage is not offered: set the connector to load by Stream Load");
    default: return error_answer(404, "there is nothing at this path; GET / lists what is offered");
  }
}

}  // namespace freshet::connectors::http
