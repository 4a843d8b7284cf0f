#pragma once

#include <optional>
#include <string>
#include <string_view>

/// AES_ENCRYPT and AES_DECRYPT as they are by default: AES-128 in ECB mode with padding, the key folded to 16 bytes.
namespace freshet::query {

std::optional<std::string> aes_encrypted(std::string_view text, std::string_view key);
/// Nothing for what the key did not make.
std::optional<std::string> aes_decrypted(std::string_view bytes, std::string_view key);

}  // namespace freshet::query
