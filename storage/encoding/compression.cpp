#include "storage/encoding/compression.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>

namespace freshet::storage {
namespace {

constexpr size_t kMinSaved = 8;
/// The library's own default: the ratio of higher levels costs loads too much.
constexpr int kZstdLevel = 3;

size_t most_stored(std::string_view raw) { return raw.size() - raw.size() / kMinSaved; }

}  // namespace

Result<PageCompression> parse_compression(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char letter) { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 0x20) : letter; });
  if (upper == "NO_COMPRESSION") return PageCompression::kNone;
  if (upper == "LZ4" || upper == "LZ4F" || upper == "LZ4HC" || upper == "DEFAULT_COMPRESSION") return PageCompression::kLz4;
  if (upper == "ZSTD") return PageCompression::kZstd;
  if (upper == "SNAPPY" || upper == "ZLIB") {
    return Status::Unsupported("Property 'compression' = '{}' is not supported: it is NO_COMPRESSION, LZ4 or ZSTD", name);
  }
  return Status::InvalidArgument("Property 'compression' is NO_COMPRESSION, LZ4 or ZSTD, not '{}'", name);
}

bool compress_lz4(std::string_view raw, std::string& out) {
  if (raw.size() < kMinSaved || raw.size() > LZ4_MAX_INPUT_SIZE) return false;
  const size_t limit = most_stored(raw);
  const size_t start = out.size();
  out.resize(start + limit);
  const int stored =
      LZ4_compress_default(raw.data(), out.data() + start, static_cast<int>(raw.size()), static_cast<int>(limit));
  out.resize(start + (stored > 0 ? static_cast<size_t>(stored) : 0));
  return stored > 0;
}

bool compress_zstd(std::string_view raw, std::string& out) {
  if (raw.size() < kMinSaved) return false;
  const size_t limit = most_stored(raw);
  const size_t start = out.size();
  out.resize(start + limit);
  const size_t stored = ZSTD_compress(out.data() + start, limit, raw.data(), raw.size(), kZstdLevel);
  const bool is_smaller = ZSTD_isError(stored) == 0;
  out.resize(start + (is_smaller ? stored : 0));
  return is_smaller;
}

bool compress(PageCompression method, std::string_view raw, std::string& out) {
  switch (method) {
    case PageCompression::kNone: return false;
    case PageCompression::kLz4: return compress_lz4(raw, out);
    case PageCompression::kZstd: return compress_zstd(raw, out);
  }
  return false;
}

bool decompress_lz4(std::string_view stored, char* out, uint32_t raw_size) {
  if (stored.size() > LZ4_MAX_INPUT_SIZE || raw_size > LZ4_MAX_INPUT_SIZE) return false;
  const int size = LZ4_decompress_safe(stored.data(), out, static_cast<int>(stored.size()), static_cast<int>(raw_size));
  return size >= 0 && static_cast<uint32_t>(size) == raw_size;
}

bool decompress_zstd(std::string_view stored, char* out, uint32_t raw_size) {
  return ZSTD_decompress(out, raw_size, stored.data(), stored.size()) == raw_size;
}

}  // namespace freshet::storage
