#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freshet {

/// The bytes that `text` stands for in base64 (RFC 4648, with or without its padding); nothing when it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace freshet
