#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace freshet::ingest {

/// Memory for texts that had to be rewritten (escapes undone) and must stay until their batch is converted. One thread.
class TextArena {
 public:
  /// `bytes` writable bytes, valid until clear().
  char* allocate(size_t bytes) {
    if (blocks_.empty() || used_ + bytes > size_) grow(bytes);
    char* out = blocks_.back().get() + used_;
    used_ += bytes;
    return out;
  }
  /// Gives back the last `bytes` of the newest allocation.
  void shrink(size_t bytes) { used_ -= bytes; }
  void clear() {
    if (blocks_.size() > 1 || size_ > kBlockBytes) {
      blocks_.clear();
      size_ = 0;
    }
    used_ = 0;
  }

 private:
  static constexpr size_t kBlockBytes = 64 * 1024;

  void grow(size_t bytes) {
    size_ = std::max(bytes, kBlockBytes);
    blocks_.push_back(std::make_unique<char[]>(size_));
    used_ = 0;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t size_ = 0;  ///< of the newest block
  size_t used_ = 0;
};

}  // namespace freshet::ingest
