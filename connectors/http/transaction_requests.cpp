#include "connectors/http/auth.h"
#include "connectors/http/connection.h"
#include "connectors/http/json_text.h"

namespace freshet::connectors::http {

namespace {

Result<std::string> change_transaction(ServerContext& context, const RequestHead& head, const Route& route,
                                       const Caller& caller) {
  const auto header = [&](std::string_view name) {
    const std::string* value = head.header(name);
    return value == nullptr ? std::string() : *value;
  };
  const auto check_table = [&](const std::string& table) {
    return table.empty() && caller.rights->may(route.database, query::kLoad) ? Status::OK()
                                                                             : check_load(caller, route.database, table);
  };
  return context.services.loads.change_transaction(
      {route.database, header("txn_id"), header("label"), header("txn_operation"), check_table});
}

/// What a transaction is instead of precommitted comes from Doris's front end, which prefixes it so.
bool is_from_front_end(StatusCode code) { return code == StatusCode::kConflict || code == StatusCode::kNotFound; }

HttpAnswer answer_of(const Result<std::string>& changed) {
  PrettyObject object;
  if (changed.ok()) {
    object.field("status", "Success");
    object.field("msg", *changed);
  } else if (is_from_front_end(changed.status().code())) {
    object.field("status", "ANALYSIS_ERROR");
    object.field("msg", "TStatus: errCode = 2, detailMessage = " + changed.status().message());
  } else {
    object.field("status", status_code_name(changed.status().code()));
    object.field("msg", changed.status().message());
  }
  HttpAnswer answer;
  answer.body = std::move(object).end();
  return answer;
}

}  // namespace

HttpAnswer answer_transaction(ServerContext& context, const RequestHead& head, const Route& route, const Caller& caller) {
  return answer_of(change_transaction(context, head, route, caller));
}

HttpAnswer refused_transaction(const Status& why) { return answer_of(why); }

HttpAnswer answer_load_state(ServerContext& context, const Route& route) {
  const std::string label(route.query_value("label"));
  if (label.empty()) return error_answer(400, "label must name a load");
  const Result<std::string> state = context.services.loads.load_state(route.database, label);
  if (state.ok()) return success_answer(json_string(*state));
  return error_answer(state.status().code() == StatusCode::kNotFound ? 404 : 500, state.status().message());
}

}  // namespace freshet::connectors::http
