#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace freshet::ingest {

/// Bytes of UTF-8's byte order mark at the front of a text that comes in pieces: 3 or 0; nothing as long as `text`, all that
/// came so far, may still become a mark.
inline std::optional<size_t> byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) return kMark.size();
  return text.size() < kMark.size() && kMark.starts_with(text) ? std::nullopt : std::optional<size_t>(0);
}

}  // namespace freshet::ingest
