#pragma once

#include <cstdint>
#include <string_view>

namespace freshet {

/// CRC-32C (Castagnoli, RFC 3720) of `bytes`, continued from `seed`. Uses the CPU's instruction where there is one.
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

}  // namespace freshet
