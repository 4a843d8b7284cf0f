#include "storage/encoding/compression.h"

#include <lz4.h>

namespace freshet::storage {

bool compress_lz4(std::string_view raw, std::string& out) {
  constexpr size_t kMinSaved = 8;
  if (raw.size() < kMinSaved || raw.size() > LZ4_MAX_INPUT_SIZE) return false;
  const size_t limit = raw.size() - raw.size() / 8;
  const size_t start = out.size();
  out.resize(start + limit);
  const int stored =
      LZ4_compress_default(raw.data(), out.data() + start, static_cast<int>(raw.size()), static_cast<int>(limit));
  out.resize(start + (stored > 0 ? static_cast<size_t>(stored) : 0));
  return stored > 0;
}

bool decompress_lz4(std::string_view stored, char* out, uint32_t raw_size) {
  if (stored.size() > LZ4_MAX_INPUT_SIZE || raw_size > LZ4_MAX_INPUT_SIZE) return false;
  const int size = LZ4_decompress_safe(stored.data(), out, static_cast<int>(stored.size()), static_cast<int>(raw_size));
  return size >= 0 && static_cast<uint32_t>(size) == raw_size;
}

}  // namespace freshet::storage
