#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "connectors/http/auth.h"
#include "connectors/http/catalog_requests.h"
#include "connectors/http/host_header.h"
#include "connectors/http/json_rows.h"
#include "connectors/http/json_text.h"

namespace freshet::connectors::http {

namespace {

constexpr uint64_t kDefaultRows = 1000;
constexpr uint64_t kMostRows = 10'000;
constexpr unsigned kNothingFound = 404;
constexpr std::string_view kInformationSchema = "information_schema";

HttpAnswer answer_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound: return error_answer(kNothingFound, status.message());
    case StatusCode::kInvalidArgument:
    case StatusCode::kUnsupported: return error_answer(400, status.message());
    default: return error_answer(500, status.message());
  }
}

std::string column_json(const query::ColumnFacts& column) {
  std::string json = fmt::format(R"({{"name":{},"type":"{}","comment":{})", json_string(column.name), column.type,
                                 json_string(column.comment));
  if (column.precision) json += fmt::format(R"(,"precision":"{}","scale":"{}")", *column.precision, *column.scale);
  return json + fmt::format(R"(,"aggregation_type":"{}"}})", column.aggregation);
}

HttpAnswer answer_schema(const query::TableFacts& table) {
  std::string columns;
  for (const query::ColumnFacts& column : table.columns) columns += (columns.empty() ? "" : ",") + column_json(column);
  return success_answer(fmt::format(R"({{"status":200,"keysType":"{}","properties":[{}]}})", table.keys_type, columns));
}

HttpAnswer answer_about_table(const ServerContext& context, const Route& route) {
  if (!context.services.table_facts) return error_answer(kNothingFound, "tables are not offered here");
  const Result<query::TableFacts> facts = context.services.table_facts(route.database, route.table);
  if (!facts.ok()) return answer_of(facts.status());
  switch (route.endpoint) {
    case Endpoint::kSchema: return answer_schema(*facts);
    case Endpoint::kCount: return success_answer(fmt::format(R"({{"status":200,"size":{}}})", facts->rows));
    // Every column change is one: it takes milliseconds and touches no row.
    case Endpoint::kLightSchemaChange: return success_answer("\"\"");
    default:
      return success_answer(
          R"({"status":400,"exception":"query plans are not offered: read with SQL over the MySQL protocol"})");
  }
}

HttpAnswer answer_nodes(const ServerContext& context, const RequestHead& head, const Route& route) {
  const HostPort self = link_address(head, context.options.address);
  const std::string host = json_string(self.host), version = json_string(context.options.version);
  if (route.endpoint == Endpoint::kFrontends) {
    return success_answer(fmt::format(
        R"({{"columnNames":["Name","Host","HttpPort","QueryPort","ArrowFlightSqlPort","Role","IsMaster","Alive","Version"],)"
        R"("rows":[["freshet",{},"{}","{}","-1","FOLLOWER","true","true",{}]]}})",
        host, self.port, context.options.mysql_port, version));
  }
  return success_answer(fmt::format(R"({{"columnNames":["BackendId","Host","HttpPort","Alive","Tag","Version"],)"
                                    R"("rows":[["1",{},"{}","true","{{\"location\" : \"default\"}}",{}]]}})",
                                    host, context.options.load_port != 0 ? context.options.load_port : self.port, version));
}

/// What Flink's incremental source takes for the time of a commit: the clock of this server.
HttpAnswer answer_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return success_answer(fmt::format(R"({{"current_tso_physical_time":{}}})",
                                    std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

/// The nodes of Doris's proc tree that say something of one server, and the statement that says it here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kProcNodes = {
    {{"/dbs", "SHOW DATABASES"},
     {"/backends", "SHOW BACKENDS"},
     {"/frontends", "SHOW FRONTENDS"},
     {"/current_queries", "SHOW PROCESSLIST"}}};

HttpAnswer answer_show_proc(const ServerContext& context, const RequestHead& head, const Route& route) {
  const Result<Caller> caller = caller_of(head, context.services.users);
  if (!caller.ok()) return unauthorized_answer(caller.status());
  if (context.services.sessions == nullptr) return error_answer(kNothingFound, "queries are not offered here");
  const std::string_view path = route.query_value("path");
  if (path == "/") {
    std::string names;
    for (const auto& [node, statement] : kProcNodes) {
      names += fmt::format(R"({}["{}"])", names.empty() ? "" : ",", node.substr(1));
    }
    return success_answer("[" + names + "]");
  }
  const auto node =
      std::find_if(kProcNodes.begin(), kProcNodes.end(), [&](const auto& known) { return known.first == path; });
  if (node == kProcNodes.end()) {
    return error_answer(kNothingFound, fmt::format("there is no proc node '{}'; path=/ lists them", path));
  }
  JsonRows rows(kMostRows);
  const Status status =
      context.services.sessions->open({0, caller->user, "http", caller->account})->execute(node->second, rows);
  return status.ok() || rows.is_full() ? success_answer(rows.rows_json()) : answer_of(status);
}

struct QueryRequest {
  std::string statement;
  uint64_t rows_max = kDefaultRows;
};

Result<QueryRequest> parse_query_request(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(body).get(document) != simdjson::SUCCESS) {
    return Status::InvalidArgument("the body must be a JSON object like {{\"stmt\": \"SELECT 1\"}}");
  }
  std::string_view statement;
  if (document["stmt"].get(statement) != simdjson::SUCCESS) return Status::InvalidArgument("stmt must be a text");
  QueryRequest request{std::string(statement), kDefaultRows};
  int64_t limit = 0;
  if (document["limit"].get(limit) == simdjson::SUCCESS && limit > 0) {
    request.rows_max = std::min<uint64_t>(static_cast<uint64_t>(limit), kMostRows);
  }
  bool is_sync = true;
  if (document["is_sync"].get(is_sync) == simdjson::SUCCESS && !is_sync) {
    return Status::Unsupported("is_sync: only statements that are waited for are offered");
  }
  return request;
}

}  // namespace

HttpAnswer answer_catalog_request(ServerContext& context, const RequestHead& head, const Route& route) {
  switch (route.endpoint) {
    case Endpoint::kLogin: return success_answer("\"Login success!\"");
    case Endpoint::kTime: return answer_time();
    case Endpoint::kShowProc: return answer_show_proc(context, head, route);
    case Endpoint::kFrontends:
    case Endpoint::kBackendNodes: return answer_nodes(context, head, route);
    default: return answer_about_table(context, route);
  }
}

HttpAnswer answer_query(ServerContext& context, const Socket& socket, const Route& route, const Caller& caller,
                        const std::string& body) {
  if (context.services.sessions == nullptr) return error_answer(kNothingFound, "queries are not offered here");
  const Result<QueryRequest> request = parse_query_request(body);
  if (!request.ok()) return answer_of(request.status());
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<query::Session> session = context.services.sessions->open({0, caller.user, "http", caller.account});
  const auto watched = context.hang_ups.add([&] {
    if (socket.has_hung_up()) session->cancel();
  });
  // Doris's connectors name it where they ask for frontends; nothing here lies in it.
  if (route.database != kInformationSchema) {
    const Status used = session->use_database(route.database);
    if (!used.ok()) return answer_of(used);
  }
  JsonRows rows(request->rows_max);
  const Status status = session->execute(request->statement, rows);
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  if (!status.ok() && !rows.is_full()) {
    // Clients look at the code of the envelope, not at the status line.
    HttpAnswer answer = error_answer(400, status.message());
    answer.status = 200;
    return answer;
  }
  return success_answer(rows.json(static_cast<uint64_t>(time.count())));
}

}  // namespace freshet::connectors::http
