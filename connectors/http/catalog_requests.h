#pragma once

#include "connectors/http/auth.h"
#include "connectors/http/http_answer.h"
#include "connectors/http/request_reader.h"
#include "connectors/http/router.h"
#include "connectors/http/server_context.h"
#include "connectors/net/socket.h"

namespace freshet::connectors::http {

/// What connectors ask before and beside their loads: schema and size of a table, the nodes, whether columns can be changed
/// lightly, whether a login is good.
HttpAnswer answer_catalog_request(ServerContext& context, const RequestHead& head, const Route& route);

/// One SQL statement in the JSON `body` of POST /api/query/{catalog}/{database}; its rows as JSON, at most 10,000. It is
/// ended when the client behind `socket` goes.
HttpAnswer answer_query(ServerContext& context, const Socket& socket, const Route& route, const Caller& caller,
                        const std::string& body);
/// Longest body of such a request.
inline constexpr size_t kMaxQueryBytes = 1 << 20;

}  // namespace freshet::connectors::http
