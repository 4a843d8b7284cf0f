#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace freshet::storage {

/// Byte strings that never move and go all at once. Blocks double from kFirstBlockBytes to kBlockBytes, so that a buffer of
/// few rows stays small; a longer value gets a block of its own. One writer; stored bytes may be read by any thread they
/// were published to.
class ByteArena {
 public:
  static constexpr size_t kFirstBlockBytes = 1024;
  static constexpr size_t kBlockBytes = 256 * 1024;

  /// A copy of `value` that lives as long as the arena.
  std::string_view store(std::string_view value) {
    if (value.empty()) return {};
    if (value.size() > free_bytes_) {
      if (value.size() > next_block_bytes_ / 4) return copy_to(allocate(value.size()), value);
      free_ = allocate(next_block_bytes_);
      free_bytes_ = next_block_bytes_;
      next_block_bytes_ = std::min(kBlockBytes, next_block_bytes_ * 2);
    }
    char* place = free_;
    free_ += value.size();
    free_bytes_ -= value.size();
    return copy_to(place, value);
  }

  /// Bytes allocated.
  uint64_t byte_size() const { return byte_size_; }

 private:
  char* allocate(size_t bytes) {
    byte_size_ += bytes;
    return blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
  }
  static std::string_view copy_to(char* place, std::string_view value) {
    std::memcpy(place, value.data(), value.size());
    return {place, value.size()};
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  size_t free_bytes_ = 0;
  size_t next_block_bytes_ = kFirstBlockBytes;
  uint64_t byte_size_ = 0;
};

}  // namespace freshet::storage
