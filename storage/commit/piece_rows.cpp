#include "storage/commit/piece_rows.h"

#include <algorithm>
#include <cstdint>

#include "storage/base/limits.h"

namespace freshet::storage {
namespace {

/// Of the values of one piece at their longest.
constexpr uint64_t kMostBytes = uint64_t{3} << 30;
constexpr size_t kFirstRows = 64;
constexpr size_t kShortBytes = 4u << 20;
constexpr size_t kLongBytes = 64u << 20;

}  // namespace

PieceRows::PieceRows(const DataType& type) : most_(kMost), rows_(kMost) {
  if (!type.is_bytes()) return;
  const uint64_t longest = type.length != 0 ? type.length : kMaxStringBytes;
  most_ = static_cast<size_t>(std::clamp<uint64_t>(kMostBytes / longest, 1, kMost));
  rows_ = most_ == kMost ? kMost : std::min(kFirstRows, most_);
}

void PieceRows::took(size_t bytes) {
  if (bytes < kShortBytes) rows_ = std::min(rows_ * 4, most_);
  if (bytes > kLongBytes) rows_ = std::max<size_t>(rows_ / 4, 1);
}

}  // namespace freshet::storage
