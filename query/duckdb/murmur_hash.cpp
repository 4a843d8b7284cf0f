#include "query/duckdb/murmur_hash.h"

#include <bit>

#include "storage/base/coding.h"

namespace freshet::query {
namespace {

constexpr uint32_t kSeed = 104729;

uint32_t scramble(uint32_t block) { return std::rotl(block * 0xcc9e2d51u, 15) * 0x1b873593u; }

}  // namespace

uint32_t murmur_hash3_32(std::string_view bytes) {
  uint32_t hash = kSeed;
  const size_t length = bytes.size();
  for (; bytes.size() >= sizeof(uint32_t); bytes.remove_prefix(sizeof(uint32_t))) {
    hash = std::rotl(hash ^ scramble(load_fixed<uint32_t>(bytes.data())), 13) * 5 + 0xe6546b64u;
  }
  uint32_t rest = 0;
  for (size_t i = bytes.size(); i > 0; --i) rest = rest << 8 | static_cast<uint8_t>(bytes[i - 1]);
  hash ^= scramble(rest);
  hash ^= static_cast<uint32_t>(length);
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

}  // namespace freshet::query
