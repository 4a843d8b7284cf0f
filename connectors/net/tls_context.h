#pragma once

#include <memory>
#include <string>

#include "storage/base/result.h"

using SSL_CTX = struct ssl_ctx_st;

namespace freshet::connectors {

/// The certificate and key that a server shows its clients, TLS 1.2 or later. Immutable; any thread.
class TlsContext {
 public:
  /// From PEM files: the certificate with the chain to its root, and the key. InvalidArgument names the file that cannot be
  /// used.
  static Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate_file, const std::string& key_file);
  /// From `folder`/certificate.pem and key.pem, which are made at first: self-signed, for ten years. The key is readable to
  /// its owner alone.
  static Result<std::shared_ptr<const TlsContext>> load_or_make(const std::string& folder);

  /// OpenSSL's object, owned by this one.
  SSL_CTX* native() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace freshet::connectors
