#include "query/statement_handles.h"

#include "query/dialect/number_text.h"

namespace freshet::query {
namespace {

Parameter parameter_of(const UserVariable& variable) {
  if (!variable.value) return ParameterNull{};
  const std::string& text = *variable.value;
  if (!variable.is_number) return text;
  if (const auto value = parse_number<int64_t>(text)) return *value;
  if (const auto value = parse_number<uint64_t>(text)) return *value;
  const bool has_exponent = text.find_first_of("eE") != std::string::npos;
  if (const auto value = parse_number<double>(text); value && has_exponent) return *value;
  return ParameterDecimal{text};
}

const UserVariable* find_variable(const std::string& name, const SessionState& session) {
  const auto found = session.user_variables.find(name);
  return found == session.user_variables.end() ? nullptr : &found->second;
}

}  // namespace

Status StatementHandles::check_room() const {
  if (statements_.size() < kMax) return Status::OK();
  return Status::ResourceExhausted(
      "Can't create more than max_prepared_stmt_count statements (current value: {}): close those that are done",
      statements_.size());
}

uint32_t StatementHandles::add(Prepared statement) {
  const uint32_t id = next_id_++;
  Prepared& stored = statements_.emplace(id, std::move(statement)).first->second;
  // Views of the point read go into the text, which has moved with the statement.
  if (stored.point_select) stored.point_select = parse_point_select(stored.text);
  return id;
}

Result<Prepared*> StatementHandles::find(uint32_t id, size_t parameters) {
  const auto found = statements_.find(id);
  if (found == statements_.end()) return Status::NotFound("Unknown prepared statement handler ({}) given to EXECUTE", id);
  Prepared& statement = found->second;
  if (parameters == statement.parameter_count) return &statement;
  return Status::InvalidArgument("Incorrect arguments to EXECUTE: the statement has {} parameters, {} were given",
                                 statement.parameter_count, parameters);
}

Result<uint32_t> StatementHandles::find_name(const std::string& name, std::string_view given_to) const {
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  return Status::NotFound("Unknown prepared statement handler ({}) given to {}", name, given_to);
}

Status StatementHandles::close_name(const std::string& name) {
  FRESHET_ASSIGN_OR_RETURN(const uint32_t id, find_name(name, "DEALLOCATE PREPARE"));
  close(id);
  names_.erase(name);
  return Status::OK();
}

void StatementHandles::clear() {
  statements_.clear();
  names_.clear();
}

std::vector<Parameter> parameters_of(const std::vector<std::string>& variables, const SessionState& session) {
  std::vector<Parameter> parameters;
  for (const std::string& name : variables) {
    const UserVariable* variable = find_variable(name, session);
    parameters.push_back(variable == nullptr ? Parameter(ParameterNull{}) : parameter_of(*variable));
  }
  return parameters;
}

std::string statement_in(const std::string& variable, const SessionState& session) {
  const UserVariable* found = find_variable(variable, session);
  return found == nullptr ? "NULL" : found->value.value_or("NULL");
}

}  // namespace freshet::query
