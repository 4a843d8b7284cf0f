#include "storage/segment/key_filter.h"

#include <algorithm>
#include <cstring>

namespace freshet::storage {
namespace {

constexpr size_t kBitsPerKey = 10;
constexpr size_t kBitsPerBlock = 256;
constexpr size_t kPrefetchDistance = 16;

}  // namespace

KeyFilter::KeyFilter(std::span<const uint64_t> hashes)
    : blocks_(std::max<size_t>(1, (hashes.size() * kBitsPerKey + kBitsPerBlock - 1) / kBitsPerBlock)) {
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (i + kPrefetchDistance < hashes.size()) prefetch(hashes[i + kPrefetchDistance]);
    Block& block = blocks_[block_of(hashes[i])];
    const Block bits = bits_of(hashes[i]);
    for (size_t lane = 0; lane < kLanes; ++lane) block.lanes[lane] |= bits.lanes[lane];
  }
}

bool KeyFilter::assign(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % sizeof(Block) != 0) return false;
  blocks_.resize(bytes.size() / sizeof(Block));
  std::memcpy(blocks_.data(), bytes.data(), bytes.size());
  return true;
}

}  // namespace freshet::storage
