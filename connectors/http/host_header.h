#pragma once

#include <string>

#include "connectors/http/request_reader.h"
#include "connectors/net/host_port.h"

namespace freshet::connectors::http {

/// "HOST:PORT" or "HOST" for links back to this server: the request's Host header if it is one well-formed host name or
/// address with an optional port, else `own_address`. Answers repeat it, so nothing else of the header may pass.
std::string link_authority(const RequestHead& head, const HostPort& own_address);
/// The same in two parts; without a port in the header: 80.
HostPort link_address(const RequestHead& head, const HostPort& own_address);

}  // namespace freshet::connectors::http
