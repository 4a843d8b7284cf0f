#pragma once

#include <cstdint>
#include <string_view>

namespace freshet::query {

/// MurmurHash3 (x86, 32 bit; Austin Appleby, public domain) with Doris's seed: what bitmap_hash() puts into a set.
uint32_t murmur_hash3_32(std::string_view bytes);
/// The 64 bits of bitmap_hash64(): one half of the x64 variant, as Doris has it.
uint64_t murmur_hash3_64(std::string_view bytes);

}  // namespace freshet::query
