#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::storage {

/// The numbers are stored: append only.
enum class PageCompression : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

/// Value of the table property "compression": a name of Doris's, in any case. Unsupported for one of its methods that is not
/// offered, InvalidArgument for any other text.
Result<PageCompression> parse_compression(std::string_view name);

/// Appends `raw` to `out` compressed when that saves at least an eighth; else appends nothing and answers false.
bool compress_lz4(std::string_view raw, std::string& out);
bool compress_zstd(std::string_view raw, std::string& out);
bool compress(PageCompression method, std::string_view raw, std::string& out);

/// Decompresses to exactly `raw_size` bytes at `out`. False when `stored` is not what such bytes were compressed to.
bool decompress_lz4(std::string_view stored, char* out, uint32_t raw_size);
bool decompress_zstd(std::string_view stored, char* out, uint32_t raw_size);

}  // namespace freshet::storage
