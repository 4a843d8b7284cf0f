#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/mysql/compressed_stream.h"
#include "connectors/net/tls_stream.h"
#include "storage/base/status.h"

namespace freshet::connectors::mysql {

/// The bytes of one connection on their way between its packets and its socket: as they are at first, then through TLS and
/// compression when the login agrees on them. One thread.
class ClientChannel {
 public:
  using Source = std::function<ptrdiff_t(char* buffer, size_t size)>;
  using Sink = std::function<Status(std::string_view bytes)>;

  /// `source` and `sink` move the bytes of the socket.
  ClientChannel(Source source, Sink sink) : source_(std::move(source)), sink_(std::move(sink)) {}

  ptrdiff_t receive(char* buffer, size_t size);
  Status send_all(std::string_view bytes);

  /// `received`: bytes that were read ahead and belong to the handshake. Unavailable when it fails: the connection is of no
  /// use then.
  Status start_tls(std::shared_ptr<const TlsContext> context, std::string received);
  /// `received`: bytes that were read ahead and are compressed.
  void start_compression(std::string received);
  /// Null: not encrypted.
  const TlsStream* tls() const { return tls_.get(); }

 private:
  /// `source` with `received` before it.
  static Source resumed(std::string received, Source source);
  ptrdiff_t receive_uncompressed(char* buffer, size_t size);
  Status send_uncompressed(std::string_view bytes);

  Source source_;
  Sink sink_;
  std::unique_ptr<TlsStream> tls_;
  std::unique_ptr<CompressedStream> compressed_;
};

}  // namespace freshet::connectors::mysql
