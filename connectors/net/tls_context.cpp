#include "connectors/net/tls_context.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace freshet::connectors {
namespace {

constexpr long kCertificateSeconds = 10L * 365 * 86400;
constexpr mode_t kSecretFile = 0600;
constexpr mode_t kPublicFile = 0644;

template <auto release>
struct Release {
  template <typename Object>
  void operator()(Object* object) const {
    release(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Release<X509_free>>;
using MemoryPtr = std::unique_ptr<BIO, Release<BIO_free>>;

/// What OpenSSL last complained of; its queue is empty afterwards.
std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  char text[256];
  ERR_error_string_n(code, text, sizeof(text));
  return code == 0 ? "unknown error" : text;
}

bool add_extension(X509* certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  const bool is_added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return is_added;
}

CertificatePtr self_signed(EVP_PKEY* key) {
  CertificatePtr certificate(X509_new());
  uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) return nullptr;
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const bool is_made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1 &&
                       X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0) != nullptr &&
                       X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kCertificateSeconds) != nullptr &&
                       X509_set_pubkey(certificate.get(), key) == 1 &&
                       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                  reinterpret_cast<const unsigned char*>("freshet"), -1, -1, 0) == 1 &&
                       X509_set_issuer_name(certificate.get(), name) == 1 &&
                       add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                       add_extension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                       X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  return is_made ? std::move(certificate) : nullptr;
}

std::string_view bytes_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

/// Written under another name first: a file that has its name is whole.
Status write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string partial = path + ".partial";
  unlink(partial.c_str());
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Status::IoError("cannot make {}: {}", partial, std::strerror(errno));
  const bool is_written = write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (!is_written) return Status::IoError("cannot write {}: {}", partial, std::strerror(error));
  if (rename(partial.c_str(), path.c_str()) != 0) {
    return Status::IoError("cannot rename {}: {}", partial, std::strerror(errno));
  }
  return Status::OK();
}

Status make_pair_of_files(const std::string& certificate_file, const std::string& key_file) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = key ? self_signed(key.get()) : nullptr;
  const MemoryPtr key_text(BIO_new(BIO_s_mem()));
  const MemoryPtr certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Status::Internal("cannot make a TLS certificate: {}", openssl_error());
  }
  FRESHET_RETURN_IF_ERROR(write_file(key_file, bytes_of(key_text.get()), kSecretFile));
  return write_file(certificate_file, bytes_of(certificate_text.get()), kPublicFile);
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                           const std::string& key_file) {
  std::shared_ptr<TlsContext> tls(new TlsContext(SSL_CTX_new(TLS_server_method())));
  if (tls->native() == nullptr || SSL_CTX_set_min_proto_version(tls->native(), TLS1_2_VERSION) != 1) {
    return Status::Internal("OpenSSL offers no TLS: {}", openssl_error());
  }
  if (SSL_CTX_use_certificate_chain_file(tls->native(), certificate_file.c_str()) != 1) {
    return Status::InvalidArgument("the TLS certificate {} cannot be used: {}", certificate_file, openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(tls->native(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Status::InvalidArgument("the TLS key {} cannot be used with {}: {}", key_file, certificate_file, openssl_error());
  }
  SSL_CTX_set_options(tls->native(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return std::shared_ptr<const TlsContext>(std::move(tls));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::load_or_make(const std::string& folder) {
  const std::filesystem::path path(folder);
  const std::string certificate_file = path / "certificate.pem";
  const std::string key_file = path / "key.pem";
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Status::IoError("cannot make the folder {}: {}", folder, error.message());
  // The certificate is written last: when it is there the key is too.
  if (!std::filesystem::exists(certificate_file, error)) {
    FRESHET_RETURN_IF_ERROR(make_pair_of_files(certificate_file, key_file));
  }
  return load(certificate_file, key_file);
}

}  // namespace freshet::connectors
