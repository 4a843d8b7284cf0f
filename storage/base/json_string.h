#pragma once

#include <string>
#include <string_view>

namespace freshet {

/// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD, so the result is always valid
/// JSON.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

}  // namespace freshet
