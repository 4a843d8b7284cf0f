#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::query {

/// What is kept of a password: its double hashes, which MySQL's two ways to log in need. They are as good as the password
/// for whoever can listen, so they are stored sealed (secret_box.h) and never shown. Comparisons take the same time wherever
/// the difference lies. Immutable.
class Credential {
 public:
  /// No password: only an empty one fits.
  Credential() = default;
  static Credential of_password(std::string_view password);
  /// Of what PASSWORD() answers, "*" and 40 hexadecimal digits: only mysql_native_password and plain passwords fit.
  static Result<Credential> of_native_hash(std::string_view text);
  static bool is_native_hash(std::string_view text);
  /// Of a user that is not there: nothing fits, and finding out takes as long.
  static const Credential& of_nobody();

  bool has_password() const { return has_password_; }
  /// Whether knows_caching_sha2() can say yes.
  bool has_sha256() const { return !has_password_ || double_sha256_.has_value(); }

  /// mysql_native_password: `response` is SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))), empty for no password.
  bool knows_native(std::span<const uint8_t, 20> scramble, std::span<const uint8_t> response) const;
  /// caching_sha2_password: `response` is SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble), empty for no
  /// password.
  bool knows_caching_sha2(std::span<const uint8_t, 20> scramble, std::span<const uint8_t> response) const;
  bool knows_plain(std::string_view password) const;

  /// For the record: not for people.
  std::string serialize() const;
  static Result<Credential> deserialize(std::string_view bytes);

 private:
  bool has_password_ = false;
  std::array<uint8_t, 20> double_sha1_{};
  std::optional<std::array<uint8_t, 32>> double_sha256_;
};

}  // namespace freshet::query
