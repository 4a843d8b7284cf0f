#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "connectors/net/tls_context.h"
#include "storage/base/status.h"

using SSL = struct ssl_st;
using BIO = struct bio_st;

namespace freshet::connectors {

/// The server's end of a TLS connection over any stream of bytes, with the answers of Socket::receive() and send_all().
/// One thread.
class TlsStream {
 public:
  using Source = std::function<ptrdiff_t(char* buffer, size_t size)>;
  using Sink = std::function<Status(std::string_view bytes)>;

  /// Shakes hands with the client. Unavailable when it went away, was too slow or broke the protocol.
  static Result<std::unique_ptr<TlsStream>> accept(std::shared_ptr<const TlsContext> context, Source source, Sink sink);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  ptrdiff_t receive(char* buffer, size_t size);
  Status send_all(std::string_view bytes);
  /// "TLSv1.3".
  std::string_view version() const;
  /// "TLS_AES_256_GCM_SHA384".
  std::string_view cipher() const;

 private:
  TlsStream(std::shared_ptr<const TlsContext> context, Source source, Sink sink);
  Status shake_hands();

  static int read_bytes(BIO* bio, char* buffer, int size);
  static int write_bytes(BIO* bio, const char* bytes, int size);
  static long control(BIO* bio, int command, long number, void* pointer);

  struct Free {
    void operator()(SSL* ssl) const;
  };

  const std::shared_ptr<const TlsContext> context_;
  const Source source_;
  const Sink sink_;
  Status send_failure_;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace freshet::connectors
