#include "query/accounts/credential.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <vector>

#include "storage/base/coding.h"

namespace freshet::query {

namespace {

constexpr size_t kHashTextBytes = 1 + 2 * SHA_DIGEST_LENGTH;

/// Both plugins are the same game with another hash: the server keeps H(H(password)); the client shows that it knows
/// H(password) by sending it, masked with a hash of the scramble and of what the server keeps.
struct Sha1 {
  using Digest = std::array<uint8_t, SHA_DIGEST_LENGTH>;
  static Digest of(std::span<const uint8_t> bytes) {
    Digest digest;
    SHA1(bytes.data(), bytes.size(), digest.data());
    return digest;
  }
};
struct Sha256 {
  using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;
  static Digest of(std::span<const uint8_t> bytes) {
    Digest digest;
    SHA256(bytes.data(), bytes.size(), digest.data());
    return digest;
  }
};

template <typename Hash>
typename Hash::Digest doubled(std::string_view password) {
  return Hash::of(Hash::of({reinterpret_cast<const uint8_t*>(password.data()), password.size()}));
}

/// Takes the same time wherever the digests differ.
template <typename Digest>
bool same(const Digest& left, const Digest& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

/// `mask`: the hash of scramble and `kept`, in the order of the plugin.
template <typename Hash>
bool knows_password(typename Hash::Digest mask, std::span<const uint8_t> response, const typename Hash::Digest& kept) {
  if (response.size() != mask.size()) return false;
  for (size_t i = 0; i < mask.size(); ++i) mask[i] ^= response[i];
  return same(Hash::of(mask), kept);
}

std::vector<uint8_t> joined(std::span<const uint8_t> first, std::span<const uint8_t> second) {
  std::vector<uint8_t> bytes(first.begin(), first.end());
  bytes.insert(bytes.end(), second.begin(), second.end());
  return bytes;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

Credential Credential::of_password(std::string_view password) {
  Credential credential;
  credential.has_password_ = !password.empty();
  if (!credential.has_password_) return credential;
  credential.double_sha1_ = doubled<Sha1>(password);
  credential.double_sha256_ = doubled<Sha256>(password);
  return credential;
}

bool Credential::is_native_hash(std::string_view text) {
  return text.size() == kHashTextBytes && text[0] == '*' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return hex_digit(c) >= 0; });
}

Result<Credential> Credential::of_native_hash(std::string_view text) {
  if (!is_native_hash(text)) {
    return Status::InvalidArgument("Password hash should be a {}-digit hexadecimal number: '*' and {} digits",
                                   kHashTextBytes, kHashTextBytes - 1);
  }
  Credential credential;
  credential.has_password_ = true;
  for (size_t i = 0; i < credential.double_sha1_.size(); ++i) {
    credential.double_sha1_[i] = static_cast<uint8_t>(hex_digit(text[1 + 2 * i]) * 16 + hex_digit(text[2 + 2 * i]));
  }
  return credential;
}

const Credential& Credential::of_nobody() {
  static const Credential nobody = [] {
    Credential credential;
    credential.has_password_ = true;
    credential.double_sha256_.emplace();
    return credential;
  }();
  return nobody;
}

bool Credential::knows_native(std::span<const uint8_t, 20> scramble, std::span<const uint8_t> response) const {
  if (!has_password_ || response.empty()) return !has_password_ && response.empty();
  return knows_password<Sha1>(Sha1::of(joined(scramble, double_sha1_)), response, double_sha1_);
}

bool Credential::knows_caching_sha2(std::span<const uint8_t, 20> scramble, std::span<const uint8_t> response) const {
  if (!has_password_ || response.empty()) return !has_password_ && response.empty();
  if (!double_sha256_) return false;
  return knows_password<Sha256>(Sha256::of(joined(*double_sha256_, scramble)), response, *double_sha256_);
}

bool Credential::knows_plain(std::string_view password) const {
  const bool fits = same(doubled<Sha1>(password), double_sha1_);
  return has_password_ ? fits : password.empty();
}

std::string Credential::serialize() const {
  std::string out;
  if (!has_password_) return out;
  out.append(reinterpret_cast<const char*>(double_sha1_.data()), double_sha1_.size());
  if (double_sha256_) out.append(reinterpret_cast<const char*>(double_sha256_->data()), double_sha256_->size());
  return out;
}

Result<Credential> Credential::deserialize(std::string_view bytes) {
  Credential credential;
  if (bytes.empty()) return credential;
  ByteReader in(bytes);
  credential.has_password_ = true;
  credential.double_sha1_ = in.fixed<std::array<uint8_t, SHA_DIGEST_LENGTH>>();
  if (!in.at_end()) credential.double_sha256_ = in.fixed<std::array<uint8_t, SHA256_DIGEST_LENGTH>>();
  if (!in.ok() || !in.at_end()) return Status::Corruption("a credential has {} bytes", bytes.size());
  return credential;
}

}  // namespace freshet::query
