#include "query/duckdb/murmur_hash.h"

#include <bit>

#include "storage/base/coding.h"

namespace freshet::query {
namespace {

constexpr uint32_t kSeed = 104729;

uint32_t scramble(uint32_t block) { return std::rotl(block * 0xcc9e2d51u, 15) * 0x1b873593u; }

uint64_t scramble_64(uint64_t block) { return std::rotl(block * 0x87c37b91114253d5u, 31) * 0x4cf5ad432745937fu; }

/// The bytes, at most eight, as a little-endian number.
uint64_t number_of_rest(std::string_view bytes) {
  uint64_t rest = 0;
  for (size_t i = bytes.size(); i > 0; --i) rest = rest << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return rest;
}

}  // namespace

uint32_t murmur_hash3_32(std::string_view bytes) {
  uint32_t hash = kSeed;
  const size_t length = bytes.size();
  for (; bytes.size() >= sizeof(uint32_t); bytes.remove_prefix(sizeof(uint32_t))) {
    hash = std::rotl(hash ^ scramble(load_fixed<uint32_t>(bytes.data())), 13) * 5 + 0xe6546b64u;
  }
  hash ^= scramble(static_cast<uint32_t>(number_of_rest(bytes)));
  hash ^= static_cast<uint32_t>(length);
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

uint64_t murmur_hash3_64(std::string_view bytes) {
  uint64_t hash = 0;
  const size_t length = bytes.size();
  for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
    hash = std::rotl(hash ^ scramble_64(load_fixed<uint64_t>(bytes.data())), 27) * 5 + 0x52dce729u;
  }
  hash ^= scramble_64(number_of_rest(bytes));
  hash ^= length;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
  return hash ^ hash >> 33;
}

}  // namespace freshet::query
