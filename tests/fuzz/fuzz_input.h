#pragma once

#include <cstdint>
#include <string_view>

namespace freshet::fuzz {

/// Cuts an input into choices, from its front, and what is left: the bytes that the target reads. Choices beyond the end
/// are 0.
class FuzzInput {
 public:
  explicit FuzzInput(std::string_view bytes) : rest_(bytes) {}

  uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// Calls `take` with the pieces of `bytes`, each of `piece_bytes`, but the last, until it answers false.
template <typename Take>
void for_each_piece(std::string_view bytes, size_t piece_bytes, const Take& take) {
  for (size_t begin = 0; begin < bytes.size(); begin += piece_bytes) {
    if (!take(bytes.substr(begin, piece_bytes))) return;
  }
}

}  // namespace freshet::fuzz
