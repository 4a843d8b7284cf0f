#include "storage/encoding/delta.h"

namespace freshet::storage {

size_t DeltaPlan::measure(std::span<const uint64_t> quotients) {
  int64_t smallest = INT64_MAX;
  for (size_t i = 1; i < quotients.size(); ++i) {
    smallest = std::min(smallest, static_cast<int64_t>(quotients[i] - quotients[i - 1]));
  }
  smallest_step_ = quotients.size() < 2 ? 0 : smallest;
  const auto base = static_cast<uint64_t>(smallest_step_);
  const size_t blocks = delta_blocks(quotients.size());
  widths_.resize(blocks);
  size_t bytes = kDeltaHeaderBytes + blocks * kDeltaEntryBytes + kPackedSlackBytes;
  for (size_t block = 0; block < blocks; ++block) {
    const uint64_t* rows = quotients.data() + block * kDeltaBlockRows;
    const size_t steps = delta_steps(quotients.size(), block);
    uint64_t all_bits = 0;
    for (size_t i = 0; i < steps; ++i) all_bits |= rows[i + 1] - rows[i] - base;
    widths_[block] = static_cast<uint8_t>(packed_bits_for(all_bits));
    bytes += delta_step_bytes(steps, widths_[block]);
  }
  return bytes;
}

void DeltaPlan::encode(Int128 smallest, uint64_t scale, std::span<const uint64_t> quotients, std::string& out) {
  put_fixed(out, smallest);
  put_fixed(out, scale);
  put_fixed(out, smallest_step_);
  const auto base = static_cast<uint64_t>(smallest_step_);
  size_t offset = 0;
  for (size_t block = 0; block < widths_.size(); ++block) {
    put_fixed(out, quotients[block * kDeltaBlockRows]);
    put_fixed(out, static_cast<uint32_t>(offset << 8 | widths_[block]));
    offset += delta_step_bytes(delta_steps(quotients.size(), block), widths_[block]);
  }
  for (size_t block = 0; block < widths_.size(); ++block) {
    const uint64_t* rows = quotients.data() + block * kDeltaBlockRows;
    steps_.resize(delta_steps(quotients.size(), block));
    for (size_t i = 0; i < steps_.size(); ++i) steps_[i] = rows[i + 1] - rows[i];
    pack_deltas(steps_.data(), steps_.size(), base, widths_[block], out);
    out.resize(out.size() - kPackedSlackBytes);
  }
  out.append(kPackedSlackBytes, '\0');
}

}  // namespace freshet::storage
