#pragma once

#include <string_view>

namespace freshet {

/// Deepest nesting of arrays and objects in a JSON value.
inline constexpr int kMaxJsonDepth = 128;

/// True when `text` is one JSON value (RFC 8259) with nothing but blanks around it. REQUIRES: is_utf8(text).
bool is_json(std::string_view text);

}  // namespace freshet
