#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "storage/base/coding.h"
#include "storage/segment/prefix_block.h"
#include "storage/segment/segment_writer.h"
#include "storage/types/sequence.h"

namespace freshet::storage {
namespace {

/// Sorts numbers by their bits [low_bit, 64), stable: least significant byte first, skipping bytes that never differ.
void radix_sort(std::vector<uint64_t>& items, unsigned low_bit) {
  constexpr size_t kDigits = 8;
  std::array<std::array<uint32_t, 256>, kDigits> counts{};
  const unsigned digits = (64 - low_bit + 7) / 8;
  for (uint64_t item : items) {
    uint64_t rest = item >> low_bit;
    for (unsigned digit = 0; digit < digits; ++digit, rest >>= 8) ++counts[digit][rest & 0xFF];
  }
  std::vector<uint64_t> other(items.size());
  for (unsigned digit = 0; digit < digits; ++digit) {
    auto& count = counts[digit];
    const unsigned shift = low_bit + digit * 8;
    if (count[(items.front() >> shift) & 0xFF] == items.size()) continue;
    std::exclusive_scan(count.begin(), count.end(), count.begin(), uint32_t{0});
    for (uint64_t item : items) other[count[(item >> shift) & 0xFF]++] = item;
    items.swap(other);
  }
}

/// Order of `count` rows by number(row), then arrival; rows whose numbers do not differ in the bits that fit beside a row
/// are ordered by `is_less`.
template <typename Number, typename IsLess>
std::vector<uint32_t> order_by_number(size_t count, const Number& number, bool number_is_key, const IsLess& is_less) {
  uint64_t smallest = ~uint64_t{0}, largest = 0;
  for (size_t row = 0; row < count; ++row) {
    smallest = std::min(smallest, number(row));
    largest = std::max(largest, number(row));
  }
  // An item is the upper bits of the number above the row; what is cut off is made good afterwards.
  const unsigned row_bits = static_cast<unsigned>(std::bit_width(count - 1));
  const unsigned number_bits = static_cast<unsigned>(std::bit_width(largest - smallest));
  const unsigned cut = number_bits + row_bits > 64 ? number_bits + row_bits - 64 : 0;
  std::vector<uint64_t> items(count);

  for (size_t row = 0; row < count; ++row) items[row] = (((number(row) - smallest) >> cut) << row_bits) | row;
  radix_sort(items, row_bits);

  std::vector<uint32_t> order(count);
  const uint64_t row_mask = (uint64_t{1} << row_bits) - 1;
  for (size_t i = 0; i < count; ++i) order[i] = static_cast<uint32_t>(items[i] & row_mask);
  if (number_is_key && cut == 0) return order;
  for (size_t begin = 0; begin < count;) {
    size_t end = begin + 1;
    while (end < count && items[end] >> row_bits == items[begin] >> row_bits) ++end;
    if (end - begin > 1) {
      std::stable_sort(order.begin() + static_cast<ptrdiff_t>(begin), order.begin() + static_cast<ptrdiff_t>(end), is_less);
    }
    begin = end;
  }
  return order;
}

bool is_sorted(const KeyRun& keys) {
  for (size_t row = 1; row < keys.size(); ++row) {
    if (keys.compare(row - 1, keys, row) > 0) return false;
  }
  return true;
}

/// The eight bytes of `key` from `skip` on as a number; missing bytes count as zero.
uint64_t prefix_number(std::string_view key, size_t skip) {
  std::array<char, 8> prefix{};
  key.substr(skip).copy(prefix.data(), prefix.size());
  return load_big_endian64(prefix.data());
}

/// The bits of `number` under `mask`, side by side: keeps the order of numbers that differ in no other bit.
uint64_t extract_bits(uint64_t number, uint64_t mask) {
#if defined(__BMI2__)
  return __builtin_ia32_pext_di(number, mask);
#else
  static_cast<void>(mask);
  return number;
#endif
}

std::vector<uint32_t> order_bytes(const KeyRun& keys) {
  size_t shared = keys.bytes_at(0).size();
  for (size_t row = 1; row < keys.size() && shared > 0; ++row) {
    shared = common_prefix(keys.bytes_at(0).substr(0, shared), keys.bytes_at(row));
  }
  // Text varies in few bits of each byte: without the others more of the prefix fits beside the row.
  const uint64_t first = prefix_number(keys.bytes_at(0), shared);
  uint64_t varying = 0;
  for (size_t row = 1; row < keys.size(); ++row) varying |= first ^ prefix_number(keys.bytes_at(row), shared);
  const auto number = [&](size_t row) { return extract_bits(prefix_number(keys.bytes_at(row), shared), varying); };
  const auto is_less = [&](uint32_t a, uint32_t b) {
    return keys.bytes_at(a).substr(shared) < keys.bytes_at(b).substr(shared);
  };
  return order_by_number(keys.size(), number, false, is_less);
}

}  // namespace

std::vector<uint32_t> sort_order(const KeyRun& keys) {
  if (is_sorted(keys)) {
    std::vector<uint32_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0u);
    return order;
  }
  if (!keys.is_fixed()) return order_bytes(keys);
  const auto fixed = keys.fixed();
  const auto number = [&](size_t row) { return fixed[row]; };
  return order_by_number(keys.size(), number, true, [&](uint32_t a, uint32_t b) { return fixed[a] < fixed[b]; });
}

void keep_newest_of_equal(const KeyRun& keys, const Column* sequences, std::vector<uint32_t>& order) {
  size_t kept = 0;
  for (size_t i = 0; i < order.size();) {
    uint32_t newest = order[i];
    for (++i; i < order.size() && keys.compare(newest, keys, order[i]) == 0; ++i) {
      if (sequences == nullptr || compare_sequences(*sequences, order[i], *sequences, newest) >= 0) newest = order[i];
    }
    order[kept++] = newest;
  }
  order.resize(kept);
}

}  // namespace freshet::storage
