#include "connectors/http/router.h"

#include <algorithm>
#include <optional>

namespace freshet::connectors::http {

namespace {

constexpr std::string_view kReadMethods = "GET, HEAD";
constexpr std::string_view kLoadMethods = "PUT";
constexpr std::string_view kChangeMethods = "POST";
constexpr std::string_view kAskMethods = "GET, HEAD, POST";
constexpr std::string_view kDatabase = "{database}";
constexpr std::string_view kTable = "{table}";
constexpr std::string_view kCatalog = "{catalog}";  ///< one there is, whatever its name

/// A path whose parts in braces stand for one name each. The first that fits counts.
struct PathPattern {
  std::string_view path;
  Endpoint endpoint;
  Access access;
  std::string_view methods = kReadMethods;
};
constexpr PathPattern kPatterns[] = {
    {"/", Endpoint::kIndex, Access::kOpen},
    {"/metrics", Endpoint::kMetrics, Access::kProcess},
    {"/api/health", Endpoint::kHealth, Access::kOpen},
    {"/api/bootstrap", Endpoint::kBootstrap, Access::kOpen},
    {"/api/backends", Endpoint::kBackends, Access::kLogin},
    {"/api/_load_error_log", Endpoint::kLoadErrorLog, Access::kOpen},
    {"/api/compaction/run", Endpoint::kCompactionRun, Access::kAdmin, kChangeMethods},
    {"/api/compaction/show", Endpoint::kCompactionShow, Access::kAdmin},
    {"/api/compaction/run_status", Endpoint::kCompactionRunStatus, Access::kAdmin},
    {"/api/_http_stream", Endpoint::kHttpStream, Access::kLogin, kLoadMethods},
    {"/api/{database}/_stream_load_2pc", Endpoint::kTransaction, Access::kLoadSomewhere, kLoadMethods},
    {"/api/{database}/get_load_state", Endpoint::kLoadState, Access::kLoadSomewhere},
    {"/api/{database}/{table}/_stream_load", Endpoint::kStreamLoad, Access::kLoad, kLoadMethods},
    {"/api/{database}/{table}/_load", Endpoint::kStreamLoad, Access::kLoad, kLoadMethods},
    {"/api/{database}/{table}/_stream_load_2pc", Endpoint::kTransaction, Access::kLoadSomewhere, kLoadMethods},
    {"/api/{database}/{table}/_schema", Endpoint::kSchema, Access::kRead},
    {"/api/{catalog}/{database}/{table}/_schema", Endpoint::kSchema, Access::kRead},
    {"/api/{database}/{table}/_count", Endpoint::kCount, Access::kRead},
    {"/api/{database}/{table}/_query_plan", Endpoint::kQueryPlan, Access::kRead, kAskMethods},
    {"/api/{catalog}/{database}/{table}/_query_plan", Endpoint::kQueryPlan, Access::kRead, kAskMethods},
    {"/api/enable_light_schema_change/{database}/{table}", Endpoint::kLightSchemaChange, Access::kSee, kAskMethods},
    {"/api/tso", Endpoint::kTime, Access::kLogin},
    {"/api/show_proc", Endpoint::kShowProc, Access::kAdmin},
    {"/api/query/{catalog}/{database}", Endpoint::kQuery, Access::kLogin, kChangeMethods},
    {"/copy/upload", Endpoint::kCopy, Access::kLogin, kLoadMethods},
    {"/copy/query", Endpoint::kCopy, Access::kLogin, kChangeMethods},
    {"/rest/v1/login", Endpoint::kLogin, Access::kLogin, kChangeMethods},
    {"/rest/v2/manager/node/frontends", Endpoint::kFrontends, Access::kLogin},
    {"/rest/v2/manager/node/backends", Endpoint::kBackendNodes, Access::kLogin},
};

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

struct PathNames {
  std::string_view database, table;
};

/// Takes the part of `path` up to the next slash.
std::string_view take_part(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), part.size() + 1));
  return part;
}

/// The raw names in `path` when it fits.
std::optional<PathNames> match(std::string_view pattern, std::string_view path) {
  if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) return std::nullopt;
  PathNames names;
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = take_part(pattern);
    const std::string_view part = take_part(path);
    const bool is_name = wanted == kDatabase || wanted == kTable || wanted == kCatalog;
    if (is_name ? part.empty() : part != wanted) return std::nullopt;
    if (wanted == kDatabase) names.database = part;
    if (wanted == kTable) names.table = part;
  }
  return names;
}

bool allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const std::string_view one = methods.substr(0, methods.find(','));
    if (one == method) return true;
    methods.remove_prefix(std::min(methods.size(), one.size() + 2));
  }
  return false;
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

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

bool is_load(Endpoint endpoint) { return endpoint == Endpoint::kStreamLoad || endpoint == Endpoint::kHttpStream; }

bool is_load_target(std::string_view target) {
  return std::ranges::any_of(kPatterns, [&](const PathPattern& pattern) {
    return is_load(pattern.endpoint) && match(pattern.path, path_of(target));
  });
}

Result<Route> find_route(std::string_view method, std::string_view target) {
  Route route;
  FRESHET_RETURN_IF_ERROR(parse_query(target, route));
  for (const PathPattern& pattern : kPatterns) {
    const std::optional<PathNames> names = match(pattern.path, path_of(target));
    if (!names) continue;
    FRESHET_ASSIGN_OR_RETURN(route.database, percent_decode(names->database, false));
    FRESHET_ASSIGN_OR_RETURN(route.table, percent_decode(names->table, false));
    route.endpoint = pattern.endpoint;
    route.access = pattern.access;
    route.allowed_methods = pattern.methods;
    route.is_method_allowed = allows(pattern.methods, method);
    break;
  }
  return route;
}

}  // namespace freshet::connectors::http
