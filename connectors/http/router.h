#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/result.h"

namespace freshet::connectors::http {

enum class Endpoint {
  kIndex,
  kStreamLoad,
  kHttpStream,
  kTransaction,
  kLoadState,
  kSchema,
  kCount,
  kQueryPlan,
  kLightSchemaChange,
  kQuery,
  kFrontends,
  kBackendNodes,
  kLogin,
  kTime,
  kShowProc,
  kLoadErrorLog,
  kHealth,
  kMetrics,
  kBootstrap,
  kBackends,
  kCompactionRun,
  kCompactionShow,
  kCompactionRunStatus,
  kCopy,
  kUnknown,
};

/// What the account of a request must be allowed, for the database or table that the path names.
enum class Access {
  kOpen,           ///< no login
  kLogin,          ///< any account; what the request does has rules of its own
  kSee,            ///< anything in the table
  kRead,           ///< SELECT from the table
  kLoad,           ///< loads into the table
  kLoadSomewhere,  ///< loads into some table of the database
  kProcess,        ///< PROCESS: what the whole server does
  kAdmin,          ///< ADMIN
};

/// Where a request goes.
struct Route {
  Endpoint endpoint = Endpoint::kUnknown;
  Access access = Access::kOpen;     ///< of kUnknown: there is nothing to hide
  std::string_view allowed_methods;  ///< of the endpoint, e.g. "GET, HEAD"; empty for kUnknown
  bool is_method_allowed = false;
  std::string database;                                    ///< where the path names one, percent-decoded
  std::string table;                                       ///< where the path names one, percent-decoded
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order

  /// The first value of a name; empty when there is none.
  std::string_view query_value(std::string_view name) const;
};

/// Finds the endpoint of a request target ("/api/shop/orders/_stream_load?x=1"). InvalidArgument when a percent escape is
/// broken or stands for a zero byte.
Result<Route> find_route(std::string_view method, std::string_view target);

/// Escapes all but letters, digits and "-_.~".
std::string percent_encode(std::string_view text);

/// Whether the endpoint loads the body of its request.
bool is_load(Endpoint endpoint);
/// Whether a target is one whose every answer has HTTP status 200 and a load's JSON.
bool is_load_target(std::string_view target);

}  // namespace freshet::connectors::http
