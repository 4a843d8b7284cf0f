#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet::storage {

/// The numbers are stored: append only.
enum class PageCompression : uint8_t { kNone = 0, kLz4 = 1 };

/// Appends `raw` to `out` compressed with LZ4 when that saves at least an eighth; else appends nothing and answers false.
bool compress_lz4(std::string_view raw, std::string& out);

/// Decompresses to exactly `raw_size` bytes at `out`. False when `stored` is not the LZ4 block of as many bytes.
bool decompress_lz4(std::string_view stored, char* out, uint32_t raw_size);

}  // namespace freshet::storage
