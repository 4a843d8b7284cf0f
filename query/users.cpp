#include "query/users.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <vector>

namespace freshet::query {

namespace {

constexpr std::string_view kRoot = "root";

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

}  // namespace

Users::Users(std::string_view root_password)
    : has_password_(!root_password.empty()),
      double_sha1_(doubled<Sha1>(root_password)),
      double_sha256_(doubled<Sha256>(root_password)) {}

bool Users::check_native(std::string_view user, std::span<const uint8_t, 20> scramble,
                         std::span<const uint8_t> response) const {
  if (user != kRoot) return false;
  if (!has_password_ || response.empty()) return !has_password_ && response.empty();
  return knows_password<Sha1>(Sha1::of(joined(scramble, double_sha1_)), response, double_sha1_);
}

bool Users::check_caching_sha2(std::string_view user, std::span<const uint8_t, 20> scramble,
                               std::span<const uint8_t> response) const {
  if (user != kRoot) return false;
  if (!has_password_ || response.empty()) return !has_password_ && response.empty();
  return knows_password<Sha256>(Sha256::of(joined(double_sha256_, scramble)), response, double_sha256_);
}

bool Users::check_plain(std::string_view user, std::string_view password) const {
  return user.substr(0, user.find('@')) == kRoot && same(doubled<Sha1>(password), double_sha1_);
}

}  // namespace freshet::query
