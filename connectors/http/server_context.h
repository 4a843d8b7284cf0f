#pragma once

#include <atomic>

#include "connectors/http/counters.h"
#include "connectors/http/server.h"
#include "connectors/net/hang_up_watch.h"

namespace freshet::connectors::http {

/// What all connections share.
struct ServerContext {
  const HttpServerOptions options;  ///< with the port that was chosen
  const HttpServices services;
  const std::atomic<bool>& is_stopping;
  Counters counters;
  HangUpWatch hang_ups{options.hang_up_check};
};

}  // namespace freshet::connectors::http
