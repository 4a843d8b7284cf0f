#include "query/accounts/secret_box.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace freshet::query {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr const char* kKeyFile = "secrets.key";

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
uint8_t* bytes_of(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

/// A descriptor that is closed.
struct File {
  explicit File(int opened) : fd(opened) {}
  ~File() {
    if (fd >= 0) close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const int fd;
};

Status no_file(const char* what, const std::string& path) {
  return Status::IoError("cannot {} {}: {}", what, path, std::strerror(errno));
}

Status make_key(const std::string& folder, const std::string& path) {
  SecretBox::Key key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) return Status::Internal("the system has no randomness");
  const std::string temporary = path + ".new";
  const File file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.fd < 0) return no_file("make", temporary);
  if (write(file.fd, key.data(), key.size()) != static_cast<ssize_t>(key.size()) || fsync(file.fd) != 0 ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    return no_file("write", temporary);
  }
  const File directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.fd >= 0 && fsync(directory.fd) == 0 ? Status::OK() : no_file("sync", folder);
}

}  // namespace

Result<SecretBox> SecretBox::open(const std::string& folder) {
  const std::string path = (std::filesystem::path(folder) / kKeyFile).string();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Status::IoError("cannot make the folder {}: {}", folder, error.message());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (!std::filesystem::exists(path, error)) FRESHET_RETURN_IF_ERROR(make_key(folder, path));
  const File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.fd < 0) return no_file("read", path);
  Key key;
  std::array<uint8_t, key.size() + 1> read_bytes{};
  if (read(file.fd, read_bytes.data(), read_bytes.size()) != static_cast<ssize_t>(key.size())) {
    return Status::Corruption("{} is not a key of {} bytes: restore it from a backup of the data directory", path,
                              key.size());
  }
  std::copy_n(read_bytes.begin(), key.size(), key.begin());
  return SecretBox(key);
}

Result<std::string> SecretBox::seal(std::string_view text) const {
  std::string sealed(kNonceBytes + text.size() + kTagBytes, '\0');
  uint8_t* nonce = bytes_of(sealed);
  uint8_t* body = nonce + kNonceBytes;
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool is_sealed =
      cipher != nullptr && RAND_bytes(nonce, kNonceBytes) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1 &&
      EVP_EncryptUpdate(cipher.get(), body, &length, bytes_of(text), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), body + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + text.size()) == 1;
  if (!is_sealed) return Status::Internal("a secret cannot be sealed");
  return sealed;
}

Result<std::string> SecretBox::unseal(std::string_view bytes) const {
  if (bytes.size() < kNonceBytes + kTagBytes) return Status::Corruption("a sealed secret has {} bytes", bytes.size());
  std::string text(bytes.size() - kNonceBytes - kTagBytes, '\0');
  std::string tag(bytes.substr(kNonceBytes + text.size()));
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool is_open = cipher != nullptr &&
                       EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(bytes)) == 1 &&
                       EVP_DecryptUpdate(cipher.get(), bytes_of(text), &length, bytes_of(bytes) + kNonceBytes,
                                         static_cast<int>(text.size())) == 1 &&
                       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
                       EVP_DecryptFinal_ex(cipher.get(), bytes_of(text) + length, &length) == 1;
  if (!is_open) return Status::Corruption("a secret was sealed under another key, or is damaged");
  return text;
}

}  // namespace freshet::query
