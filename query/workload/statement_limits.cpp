#include "query/workload/statement_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "query/dialect/number_text.h"
#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kQueryTimeout = "query_timeout";
constexpr std::string_view kInsertTimeout = "insert_timeout";
constexpr std::string_view kExecutionTime = "max_execution_time";
constexpr std::string_view kWorkloadGroup = "workload_group";

constexpr uint64_t kMostSeconds = 10ull * 366 * 86400;

std::optional<uint64_t> parse_limit(std::string_view name, std::string_view value) {
  const auto number = parse_number<uint64_t>(value);
  if (number && *number > kMostSeconds * (name == kExecutionTime ? 1000 : 1)) return std::nullopt;
  return number;
}

/// The session's variables with the hint's before them.
class Variables {
 public:
  Variables(const SessionVariables& session, std::string_view statement)
      : session_(session), hinted_(hinted_variables(statement)) {}

  std::string get(std::string_view name) const {
    const auto hint = std::ranges::find(hinted_, name, [](const auto& variable) { return variable.first; });
    return hint != hinted_.end() ? hint->second : session_.get(name).value_or("");
  }

 private:
  const SessionVariables& session_;
  const std::vector<std::pair<std::string, std::string>> hinted_;
};

/// Shortens the time of a statement to what a limit leaves of it.
class Shortest {
 public:
  Shortest(std::chrono::steady_clock::time_point began, StatementLimits& limits) : began_(began), limits_(limits) {}

  void take(milliseconds limit, std::string text) {
    if (limit.count() == 0 || began_ + limit >= limits_.until) return;
    limits_.until = began_ + limit;
    limits_.limit = std::move(text);
  }

 private:
  const std::chrono::steady_clock::time_point began_;
  StatementLimits& limits_;
};

}  // namespace

Result<StatementLimits> statement_limits(const SessionState& session, const WorkloadGroups& groups,
                                         const LimitedStatement& statement) {
  const Variables variables(session.variables, statement.text);
  std::string group = variables.get(kWorkloadGroup);
  if (group.empty()) group = groups.default_group(session.identity.user);
  StatementLimits limits;
  FRESHET_ASSIGN_OR_RETURN(limits.group, groups.find(group));
  Shortest shortest(statement.began, limits);
  for (const std::string_view name : {kQueryTimeout, kExecutionTime, kInsertTimeout}) {
    if ((name == kInsertTimeout) != statement.is_write) continue;
    const std::optional<uint64_t> value = parse_limit(name, variables.get(name));
    if (!value) return Status::InvalidArgument("Incorrect argument to variable '{}'", name);
    const bool is_milliseconds = name == kExecutionTime;
    shortest.take(is_milliseconds ? milliseconds(*value) : milliseconds(seconds(*value)),
                  fmt::format("{} is {} {}; SET {} to more", name, *value, is_milliseconds ? "ms" : "s", name));
  }
  const uint64_t group_seconds = limits.group->query_timeout_seconds;
  shortest.take(seconds(group_seconds),
                fmt::format("query_timeout of workload group {} is {} s; ALTER WORKLOAD GROUP raises it", limits.group->name,
                            group_seconds));
  return limits;
}

VariableMap limit_variables(const TimeLimits& limits) {
  return {{std::string(kQueryTimeout), fmt::to_string(limits.query.count())},
          {std::string(kInsertTimeout), fmt::to_string(limits.write.count())},
          {std::string(kExecutionTime), "0"},
          {std::string(kWorkloadGroup), ""}};
}

Status check_limit_variable(const std::string& name, const std::string& value, const WorkloadGroups& groups) {
  if (name == kWorkloadGroup) return value.empty() ? Status::OK() : groups.find(value).status();
  if (name != kQueryTimeout && name != kInsertTimeout && name != kExecutionTime) return Status::OK();
  if (parse_limit(name, value)) return Status::OK();
  return Status::InvalidArgument("Incorrect argument to variable '{}': '{}' is not a number of {} (0 = no limit)", name,
                                 value, name == kExecutionTime ? "milliseconds" : "seconds");
}

std::vector<std::pair<std::string, std::string>> hinted_variables(std::string_view statement) {
  std::vector<std::pair<std::string, std::string>> variables;
  // A hint stands behind the statement's first word.
  const size_t begin = statement.find("/*+");
  if (begin == statement.npos) return variables;
  const std::string_view before = trim(statement.substr(0, begin));
  if (before.empty() || before.find_first_of(" \t\r\n'\"`") != before.npos) return variables;
  const size_t end = statement.find("*/", begin);
  if (end == statement.npos) return variables;

  Tokenizer tokens(statement.substr(begin + 3, end - begin - 3));
  std::vector<Token> hint;
  for (Token token = tokens.next(); token.kind != TokenKind::kEnd && token.kind != TokenKind::kInvalid;
       token = tokens.next()) {
    hint.push_back(token);
  }
  std::string function;
  for (size_t i = 0; i + 2 < hint.size(); ++i) {
    if (hint[i + 1].is_operator("(")) function = to_lower(hint[i].text);
    if (function == "set_var" && hint[i + 1].is_operator("=")) {
      variables.emplace_back(to_lower(unquote(hint[i])), unquote(hint[i + 2]));
    } else if (function == kExecutionTime && hint[i + 1].is_operator("(")) {
      variables.emplace_back(function, unquote(hint[i + 2]));
    }
  }
  return variables;
}

}  // namespace freshet::query
