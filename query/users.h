#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace freshet::query {

/// Who may connect: `root` with the configured password. Any thread; immutable.
class Users {
 public:
  explicit Users(std::string_view root_password);
  /// mysql_native_password: `response` is SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))), empty for no password.
  bool check_native(std::string_view user, std::span<const uint8_t, 20> scramble, std::span<const uint8_t> response) const;
  /// caching_sha2_password: `response` is SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble), empty for no
  /// password.
  bool check_caching_sha2(std::string_view user, std::span<const uint8_t, 20> scramble,
                          std::span<const uint8_t> response) const;
  /// HTTP basic authentication; `user` may be "user@cluster".
  bool check_plain(std::string_view user, std::string_view password) const;
  bool root_has_password() const { return has_password_; }

 private:
  bool has_password_;
  std::array<uint8_t, 20> double_sha1_{};
  std::array<uint8_t, 32> double_sha256_{};
};

}  // namespace freshet::query
