#include "storage/encoding/null_map.h"

#include <bit>

namespace freshet::storage {

void append_null_map(std::span<const uint8_t> nulls, std::string& out) {
  const size_t start = out.size();
  out.resize(start + null_map_bytes(nulls.size()));
  char* map = out.data() + start;
  for (size_t row = 0; row < nulls.size(); ++row) {
    map[row / 8] = static_cast<char>(map[row / 8] | (nulls[row] == 0) << (row % 8));
  }
}

void read_null_map(const char* map, size_t row_count, size_t first, size_t count, uint64_t* words) {
  const size_t map_words = null_map_bytes(row_count) / 8;
  const size_t shift = first % 64;
  size_t source = first / 64;
  for (size_t i = 0; i < (count + 63) / 64; ++i, ++source) {
    uint64_t word = load_fixed<uint64_t>(map + source * 8) >> shift;
    if (shift != 0 && source + 1 < map_words) word |= load_fixed<uint64_t>(map + (source + 1) * 8) << (64 - shift);
    words[i] = word;
  }
}

size_t count_valid(const char* map, size_t row_count) {
  size_t valid = 0;
  for (size_t i = 0; i < null_map_bytes(row_count) / 8; ++i) valid += std::popcount(load_fixed<uint64_t>(map + i * 8));
  return valid;
}

}  // namespace freshet::storage
