#pragma once

#include "connectors/http/auth.h"
#include "connectors/http/http_answer.h"
#include "connectors/http/request_reader.h"
#include "connectors/http/router.h"
#include "connectors/http/server_context.h"
#include "connectors/net/host_port.h"
#include "connectors/net/socket.h"

namespace freshet::connectors::http {

/// One PUT /api/{database}/{table}/_stream_load or /api/_http_stream, from its head to its answer. Every answer has status
/// 200: clients (the Kafka connector among them) take any other for success or retry blindly.
class StreamLoadRequest {
 public:
  StreamLoadRequest(ServerContext& context, const RequestHead& head, const Route& route, const Caller& caller,
                    RequestReader& reader, Socket& socket)
      : context_(context), head_(head), route_(route), caller_(caller), reader_(reader), socket_(socket) {}

  /// Checks headers and sizes, takes the label, lets the client send, and loads what it sends. May return
  /// before the body is read.
  HttpAnswer run();
  /// The answer for a load whose head could not be read.
  static HttpAnswer refuse(ServerContext& context, const Status& why);

 private:
  ingest::LoadReport load();
  Status check_request(ingest::LoadRequest& request) const;
  Result<std::vector<std::string>> columns_of(const std::string& database, const std::string& table) const;
  Status check_framing() const;
  Status too_large(uint64_t bytes) const;
  ingest::LoadReport receive(ingest::StreamLoad& load, const ingest::LoadRequest& request, const std::string& label);
  Status body_error(RequestReader::BodyOutcome outcome, uint64_t timeout_seconds, const std::string& label) const;

  ServerContext& context_;
  const RequestHead& head_;
  const Route& route_;
  const Caller& caller_;
  RequestReader& reader_;
  Socket& socket_;
};

}  // namespace freshet::connectors::http
