#include "storage/encoding/dictionary.h"

#include <xxhash.h>

#include <bit>

#include "storage/encoding/codec_choice.h"

namespace freshet::storage {
namespace {

/// Rows after which a page whose values hardly repeat is given up.
constexpr size_t kProbationRows = 512;
constexpr size_t kProbationDistinct = 448;

}  // namespace

bool DictionaryBuilder::build(std::span<const std::string_view> values, uint32_t limit) {
  distinct_.clear();
  hashes_.clear();
  codes_.resize(values.size());
  slots_.assign(std::bit_ceil(size_t{limit} * 2 + 2), 0);
  const size_t mask = slots_.size() - 1;
  for (size_t row = 0; row < values.size(); ++row) {
    if (row == kProbationRows && distinct_.size() > kProbationDistinct) return false;
    const uint64_t hash = XXH3_64bits(values[row].data(), values[row].size());
    size_t slot = hash & mask;
    for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
      const uint32_t code = slots_[slot] - 1;
      if (hashes_[code] == hash && distinct_[code] == values[row]) break;
    }
    if (slots_[slot] == 0) {
      if (distinct_.size() == limit) return false;
      distinct_.push_back(values[row]);
      hashes_.push_back(hash);
      slots_[slot] = static_cast<uint32_t>(distinct_.size());
    }
    codes_[row] = slots_[slot] - 1;
  }
  return true;
}

void encode_dictionary(std::span<const std::string_view> distinct, std::span<const uint32_t> codes, std::string& out) {
  const unsigned bits = packed_bits_for(distinct.empty() ? 0 : distinct.size() - 1);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(distinct.size()));
  put_fixed<uint32_t>(out, bits);
  encode_plain_bytes(distinct, out);
  pack_deltas<uint32_t>(codes.data(), codes.size(), 0, bits, out);
}

bool DictionaryView::is_valid(std::string_view body, size_t row_count) {
  if (body.size() < kHeaderBytes) return false;
  const uint32_t count = load_fixed<uint32_t>(body.data());
  const uint32_t bits = load_fixed<uint32_t>(body.data() + 4);
  if (count == 0 || count > kMaxDictionaryValues || bits > 32 || !is_packed_width(bits)) return false;
  const size_t values_bytes = BytesView::valid_size(body.substr(kHeaderBytes), count);
  if (values_bytes == 0 || body.size() != kHeaderBytes + values_bytes + packed_bytes(row_count, bits)) return false;
  const DictionaryView view(body, row_count);
  uint64_t largest = 0;
  for (size_t row = 0; row < row_count; ++row) largest = std::max<uint64_t>(largest, view.code_at(row));
  return largest < count;
}

}  // namespace freshet::storage
