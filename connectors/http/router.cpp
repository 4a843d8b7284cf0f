#include "connectors/http/router.h"

#include <algorithm>
#include <optional>

namespace freshet::connectors::http {

namespace {

struct FixedPath {
  std::string_view path;
  Endpoint endpoint;
};
constexpr FixedPath kFixedPaths[] = {
    {"/", Endpoint::kIndex},
    {"/metrics", Endpoint::kMetrics},
    {"/api/health", Endpoint::kHealth},
    {"/api/bootstrap", Endpoint::kBootstrap},
    {"/api/backends", Endpoint::kBackends},
    {"/api/_load_error_log", Endpoint::kLoadErrorLog},
    {"/api/compaction/run", Endpoint::kCompactionRun},
    {"/api/compaction/show", Endpoint::kCompactionShow},
    {"/api/compaction/run_status", Endpoint::kCompactionRunStatus},
};
constexpr std::string_view kReadMethods = "GET, HEAD";
constexpr std::string_view kLoadMethods = "PUT";
constexpr std::string_view kChangeMethods = "POST";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(plus_is_blank && text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return Status::InvalidArgument("'{}': % needs two hex digits", text);
    if (high == 0 && low == 0) return Status::InvalidArgument("'{}': %00 is not allowed", text);
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

/// The raw database and table of /api/{database}/{table}/_stream_load or /_load.
std::optional<std::pair<std::string_view, std::string_view>> load_path(std::string_view path) {
  constexpr std::string_view kPrefix = "/api/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  const size_t first = path.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = path.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view action = path.substr(second + 1);
  if (action != "_stream_load" && action != "_load") return std::nullopt;
  const std::string_view database = path.substr(0, first);
  const std::string_view table = path.substr(first + 1, second - first - 1);
  if (database.empty() || table.empty()) return std::nullopt;
  return std::pair{database, table};
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

Status parse_query(std::string_view target, Route& route) {
  const size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    FRESHET_ASSIGN_OR_RETURN(std::string name, percent_decode(pair.substr(0, equals), true));
    FRESHET_ASSIGN_OR_RETURN(std::string value, percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    route.query.emplace_back(std::move(name), std::move(value));
  }
  return Status::OK();
}

}  // namespace

std::string_view Route::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

bool is_load_target(std::string_view target) { return load_path(path_of(target)).has_value(); }

Result<Route> find_route(std::string_view method, std::string_view target) {
  Route route;
  FRESHET_RETURN_IF_ERROR(parse_query(target, route));
  const std::string_view path = path_of(target);
  if (const auto names = load_path(path)) {
    FRESHET_ASSIGN_OR_RETURN(route.database, percent_decode(names->first, false));
    FRESHET_ASSIGN_OR_RETURN(route.table, percent_decode(names->second, false));
    route.endpoint = Endpoint::kStreamLoad;
    route.allowed_methods = kLoadMethods;
    route.is_method_allowed = method == "PUT";
    return route;
  }
  for (const FixedPath& fixed : kFixedPaths) {
    if (fixed.path != path) continue;
    route.endpoint = fixed.endpoint;
    const bool changes = fixed.endpoint == Endpoint::kCompactionRun;
    route.allowed_methods = changes ? kChangeMethods : kReadMethods;
    route.is_method_allowed = changes ? method == "POST" : method == "GET" || method == "HEAD";
  }
  return route;
}

}  // namespace freshet::connectors::http
