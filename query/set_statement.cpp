#include "query/set_statement.h"

#include <utility>

#include "query/dialect/mysql_rewrite.h"
#include "query/duckdb/engine.h"
#include "query/one_value.h"
#include "query/workload/statement_limits.h"

namespace freshet::query {
namespace {

/// Older and newer names of the same variables.
constexpr std::pair<std::string_view, std::string_view> kTwins[] = {{"transaction_isolation", "tx_isolation"},
                                                                    {"transaction_read_only", "tx_read_only"}};

/// What an expression is for this session.
Result<UserVariable> evaluate(const std::string& expression, const WriteContext& context) {
  FRESHET_ASSIGN_OR_RETURN(const std::string sql,
                           rewrite_for_duckdb("SELECT " + expression, rewrite_values(context.session, context.services)));
  OneValue value;
  FRESHET_RETURN_IF_ERROR(
      context.connection.query_with_parameters(sql, context.session.database, context.parameters, value));
  FRESHET_RETURN_IF_ERROR(value.check());
  return UserVariable{value.text(), value.is_number()};
}

/// A value that is one token is itself: a word that is no expression, as in SET sql_mode = ANSI.
Result<UserVariable> value_of(const SetAssignment& assignment, const WriteContext& context) {
  if (assignment.is_expression) return evaluate(assignment.value, context);
  const bool is_number = !assignment.is_quoted && !assignment.value.empty() &&
                         assignment.value.find_first_not_of("0123456789.-+") == std::string::npos;
  return UserVariable{assignment.value, is_number};
}

Status set_user_variable(const SetAssignment& assignment, const WriteContext& context) {
  const bool is_bare_word = !assignment.is_expression && !assignment.is_quoted;
  FRESHET_ASSIGN_OR_RETURN(UserVariable value,
                           is_bare_word ? evaluate(assignment.value, context) : value_of(assignment, context));
  context.session.user_variables[assignment.name] = std::move(value);
  return Status::OK();
}

/// Zones are what the engine knows.
Status check_zone(const std::string& value, const WriteContext& context) {
  const std::string zone = effective_zone(value);
  if (zone.empty() && !value.empty()) return Status::OK();
  const auto moment = evaluate("CONVERT_TZ('2000-01-01', '+00:00', " + quoted(zone) + ")", context);
  if (moment.ok() && moment->value) return Status::OK();
  return Status::InvalidArgument("Unknown or incorrect time zone: '{}'", value);
}

Status set_variable(const SetAssignment& assignment, const WriteContext& context) {
  SessionState& session = context.session;
  GlobalVariables& globals = *context.services.globals;
  std::string value;
  if (assignment.is_default) {
    value = globals.get(assignment.name).value_or("");
  } else {
    FRESHET_ASSIGN_OR_RETURN(const UserVariable given, value_of(assignment, context));
    value = given.value.value_or("");
  }
  FRESHET_RETURN_IF_ERROR(check_variable(assignment.name, value));
  if (assignment.name == "time_zone") FRESHET_RETURN_IF_ERROR(check_zone(value, context));
  FRESHET_RETURN_IF_ERROR(check_limit_variable(assignment.name, value, context.services.lanes.groups()));
  const auto assign = [&](std::string_view name) {
    if (assignment.scope == SetScope::kGlobal) {
      globals.set(name, value);
    } else {
      session.variables.set(name, value);
    }
  };
  assign(assignment.name);
  for (const auto& [newer, older] : kTwins) {
    if (assignment.name == newer) assign(older);
    if (assignment.name == older) assign(newer);
  }
  return Status::OK();
}

}  // namespace

Status run_set(const Set& set, const WriteContext& context, ResultWriter& out) {
  for (const SetAssignment& assignment : set.assignments) {
    FRESHET_RETURN_IF_ERROR(assignment.scope == SetScope::kUserVariable ? set_user_variable(assignment, context)
                                                                        : set_variable(assignment, context));
  }
  heed_variables(context.session);
  context.connection.show_hidden_columns(shows_hidden_columns(context.session));
  return out.ok({});
}

}  // namespace freshet::query
