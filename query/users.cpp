#include "query/users.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace freshet::query {

namespace {

using Sha1 = std::array<uint8_t, SHA_DIGEST_LENGTH>;

constexpr std::string_view kRoot = "root";

Sha1 sha1(std::span<const uint8_t> bytes) {
  Sha1 digest;
  SHA1(bytes.data(), bytes.size(), digest.data());
  return digest;
}

Sha1 double_sha1(std::string_view password) {
  return sha1(sha1({reinterpret_cast<const uint8_t*>(password.data()), password.size()}));
}

/// Takes the same time wherever the digests differ.
bool same(const Sha1& left, const Sha1& right) { return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0; }

}  // namespace

Users::Users(std::string_view root_password)
    : has_password_(!root_password.empty()), double_sha1_(double_sha1(root_password)) {}

bool Users::check_native(std::string_view user, std::span<const uint8_t, 20> scramble,
                         std::span<const uint8_t> response) const {
  if (user != kRoot) return false;
  if (!has_password_ || response.empty()) return !has_password_ && response.empty();
  if (response.size() != SHA_DIGEST_LENGTH) return false;

  std::array<uint8_t, 2 * SHA_DIGEST_LENGTH> salted;
  std::ranges::copy(scramble, salted.begin());
  std::ranges::copy(double_sha1_, salted.begin() + SHA_DIGEST_LENGTH);
  Sha1 single_sha1 = sha1(salted);
  for (size_t i = 0; i < single_sha1.size(); ++i) single_sha1[i] ^= response[i];
  return same(sha1(single_sha1), double_sha1_);
}

bool Users::check_plain(std::string_view user, std::string_view password) const {
  return user.substr(0, user.find('@')) == kRoot && same(double_sha1(password), double_sha1_);
}

}  // namespace freshet::query
