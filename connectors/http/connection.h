#pragma once

#include <functional>

#include "connectors/http/auth.h"
#include "connectors/http/http_answer.h"
#include "connectors/http/request_reader.h"
#include "connectors/http/router.h"
#include "connectors/http/server_context.h"
#include "connectors/net/socket.h"

namespace freshet::connectors::http {

/// The requests of one client, one after another. One thread.
class Connection {
 public:
  /// `redirects_loads`: to the load port, when their clients wait for "100 Continue".
  Connection(ServerContext& context, Socket& socket, bool redirects_loads);

  /// Serves until either side ends the connection. `begin_request` is asked when a head was read; false ends the connection.
  /// `end_request` is called when its answer was sent.
  void run(const std::function<bool()>& begin_request, const std::function<void()>& end_request);

 private:
  void serve(const RequestHead& head);
  void refuse(const RequestRefusal& refusal);
  HttpAnswer answer(const RequestHead& head);
  HttpAnswer answer(const RequestHead& head, const Route& route, const Caller& caller);
  bool is_for_load_port(const RequestHead& head, const Route& route);
  HttpAnswer redirect_to_load_port(const RequestHead& head) const;
  HttpAnswer query(const RequestHead& head, const Route& route, const Caller& caller);
  bool take_rest_of_body(const RequestHead& head);
  void close_gently();

  ServerContext& context_;
  Socket& socket_;
  const bool redirects_loads_;
  RequestReader reader_;
  bool is_open_ = true;
};

/// Answers the requests that have no body of interest. All that is answered here and below has passed check_access().
HttpAnswer answer_read_request(ServerContext& context, const RequestHead& head, const Route& route, const Caller& caller);
/// Answers /api/compaction/run, /show and /run_status.
HttpAnswer answer_compaction_request(ServerContext& context, const Route& route);

/// Answers /api/{database}/_stream_load_2pc and /api/{database}/{table}/_stream_load_2pc; always status 200, as for loads.
HttpAnswer answer_transaction(ServerContext& context, const RequestHead& head, const Route& route, const Caller& caller);
/// Such an answer for a request that is refused.
HttpAnswer refused_transaction(const Status& why);
/// Answers /api/{database}/get_load_state.
HttpAnswer answer_load_state(ServerContext& context, const Route& route);

}  // namespace freshet::connectors::http
