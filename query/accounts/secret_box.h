#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::query {

/// Seals what must not lie readable in records: AES-256-GCM under a key of this data directory. The same text is sealed
/// differently each time. Immutable; any thread.
class SecretBox {
 public:
  using Key = std::array<uint8_t, 32>;
  explicit SecretBox(const Key& key) : key_(key) {}
  /// Reads the key of `folder`, or makes it, readable for the owner alone. Corruption when the file is no key.
  static Result<SecretBox> open(const std::string& folder);

  /// Internal when the system has no randomness.
  Result<std::string> seal(std::string_view text) const;
  /// Corruption for what was sealed under another key, or changed.
  Result<std::string> unseal(std::string_view bytes) const;

 private:
  Key key_;
};

}  // namespace freshet::query
