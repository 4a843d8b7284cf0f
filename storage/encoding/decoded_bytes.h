#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace freshet::storage {

/// Where pages decode byte values that they do not hold as they are. What was kept stays in place as long as this lives.
/// One owner; not thread-safe.
class DecodedBytes {
 public:
  /// Room for `bytes` bytes, until the next call.
  char* reserve(size_t bytes) {
    if (bytes > left_) {
      left_ = bytes > kPieceBytes ? bytes : kPieceBytes;
      pieces_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      free_ = pieces_.back().get();
    }
    return free_;
  }
  /// Keeps the first `bytes` bytes of what was reserved last.
  void keep(size_t bytes) {
    free_ += bytes;
    left_ -= bytes;
  }

 private:
  static constexpr size_t kPieceBytes = 4096;
  std::vector<std::unique_ptr<char[]>> pieces_;
  char* free_ = nullptr;
  size_t left_ = 0;
};

}  // namespace freshet::storage
