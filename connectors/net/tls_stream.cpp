#include "connectors/net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>

#include "connectors/net/socket.h"

namespace freshet::connectors {

int TlsStream::read_bytes(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const ptrdiff_t count = static_cast<TlsStream*>(BIO_get_data(bio))->source_(buffer, static_cast<size_t>(size));
  if (count == Socket::kTimedOut) BIO_set_retry_read(bio);
  return static_cast<int>(count);
}

int TlsStream::write_bytes(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
  stream->send_failure_ = stream->sink_({bytes, static_cast<size_t>(size)});
  return stream->send_failure_.ok() ? size : -1;
}

long TlsStream::control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context, Source source, Sink sink)
    : context_(std::move(context)), source_(std::move(source)), sink_(std::move(sink)), ssl_(SSL_new(context_->native())) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream of a client");
    BIO_meth_set_read(made, read_bytes);
    BIO_meth_set_write(made, write_bytes);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() = default;
void TlsStream::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

Result<std::unique_ptr<TlsStream>> TlsStream::accept(std::shared_ptr<const TlsContext> context, Source source, Sink sink) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(context), std::move(source), std::move(sink)));
  FRESHET_RETURN_IF_ERROR(stream->shake_hands());
  return stream;
}

Status TlsStream::shake_hands() {
  ERR_clear_error();
  if (SSL_accept(ssl_.get()) == 1) return Status::OK();
  char text[256] = "the client went away or was too slow";
  if (const unsigned long code = ERR_peek_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return Status::Unavailable("no TLS with the client: {}", text);
}

ptrdiff_t TlsStream::receive(char* buffer, size_t size) {
  ERR_clear_error();
  const int count = SSL_read(ssl_.get(), buffer, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  if (count > 0) return count;
  return SSL_get_error(ssl_.get(), count) == SSL_ERROR_WANT_READ ? Socket::kTimedOut : Socket::kClosed;
}

Status TlsStream::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int count = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX)));
    if (count <= 0) return send_failure_.ok() ? Status::Unavailable("the client ended its TLS connection") : send_failure_;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return Status::OK();
}

std::string_view TlsStream::version() const { return SSL_get_version(ssl_.get()); }
std::string_view TlsStream::cipher() const { return SSL_get_cipher_name(ssl_.get()); }

}  // namespace freshet::connectors
