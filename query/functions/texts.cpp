#include "query/functions/texts.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "storage/base/limits.h"

namespace freshet::query {
namespace {

bool begins_character(char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }

size_t character_bytes(char first) {
  const auto byte = static_cast<uint8_t>(first);
  return byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

/// The character at the beginning.
std::string_view first_character(std::string_view text) { return text.substr(0, character_bytes(text.front())); }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

int64_t character_count(std::string_view text) { return std::count_if(text.begin(), text.end(), begins_character); }

size_t byte_of_character(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += character_bytes(text[at]);
  return std::min(at, text.size());
}

std::string_view substring(std::string_view text, int64_t position, int64_t length) {
  if (position == 0 || length <= 0) return {};
  int64_t begin = position - 1;
  if (position < 0) {
    begin = character_count(text) + position;
    if (begin < 0) return {};
  }
  text.remove_prefix(byte_of_character(text, begin));
  return text.substr(0, byte_of_character(text, length));
}

std::string_view left_of(std::string_view text, int64_t length) {
  return length <= 0 ? std::string_view() : text.substr(0, byte_of_character(text, length));
}

std::string_view right_of(std::string_view text, int64_t length) {
  if (length <= 0) return {};
  const int64_t count = character_count(text);
  return length >= count ? text : text.substr(byte_of_character(text, count - length));
}

std::optional<std::string> padded(std::string_view text, int64_t length, std::string_view padding, bool on_the_left) {
  if (length < 0 || length > static_cast<int64_t>(kMaxStringBytes)) return std::nullopt;
  int64_t missing = length - character_count(text);
  if (missing <= 0) return std::string(left_of(text, length));
  if (padding.empty()) return std::nullopt;
  const int64_t padding_count = character_count(padding);
  std::string added;
  for (; missing >= padding_count; missing -= padding_count) added += padding;
  added += left_of(padding, missing);
  return on_the_left ? added + std::string(text) : std::string(text) + added;
}

std::string inserted(std::string_view text, int64_t position, int64_t length, std::string_view what) {
  const int64_t count = character_count(text);
  if (position < 1 || position > count) return std::string(text);
  const size_t begin = byte_of_character(text, position - 1);
  const std::string_view rest = text.substr(begin);
  const std::string_view kept = length < 0 ? std::string_view() : rest.substr(byte_of_character(rest, length));
  return std::string(text.substr(0, begin)) + std::string(what) + std::string(kept);
}

std::optional<std::string> repeated(std::string_view text, int64_t count) {
  std::string out;
  if (count <= 0 || text.empty()) return out;
  if (static_cast<uint64_t>(count) > kMaxStringBytes / text.size()) return std::nullopt;
  out.reserve(text.size() * static_cast<size_t>(count));
  for (; count > 0; --count) out += text;
  return out;
}

int64_t located(std::string_view what, std::string_view text, int64_t position) {
  if (position < 1 || position > character_count(text) + 1) return 0;
  const size_t found = text.find(what, byte_of_character(text, position - 1));
  return found == std::string_view::npos ? 0 : character_count(text.substr(0, found)) + 1;
}

std::string_view substring_index(std::string_view text, std::string_view separator, int64_t count) {
  if (separator.empty() || count == 0) return {};
  if (count > 0) {
    size_t at = 0;
    for (;; at += separator.size()) {
      at = text.find(separator, at);
      if (at == std::string_view::npos) return text;
      if (--count == 0) return text.substr(0, at);
    }
  }
  size_t end = text.size();
  for (; end > 0;) {
    const size_t at = end < separator.size() ? std::string_view::npos : text.rfind(separator, end - separator.size());
    if (at == std::string_view::npos) return text;
    if (++count == 0) return text.substr(at + separator.size());
    end = at;
  }
  return text;
}

int64_t found_in_set(std::string_view what, std::string_view set) {
  if (set.empty() || what.find(',') != std::string_view::npos) return 0;
  for (int64_t position = 1;; ++position) {
    const size_t comma = set.find(',');
    if (set.substr(0, comma) == what) return position;
    if (comma == std::string_view::npos) return 0;
    set.remove_prefix(comma + 1);
  }
}

std::string reversed(std::string_view text) {
  std::string out(text.size(), '\0');
  size_t end = out.size();
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    end -= character.size();
    std::copy(character.begin(), character.end(), out.begin() + static_cast<ptrdiff_t>(end));
    text.remove_prefix(character.size());
  }
  return out;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  if (from.empty()) return std::string(text);
  std::string out;
  for (;;) {
    const size_t found = text.find(from);
    out += text.substr(0, found);
    if (found == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(found + from.size());
  }
}

std::string_view trimmed_of(std::string_view text, std::string_view what, bool at_begin, bool at_end) {
  if (what.empty()) return text;
  while (at_begin && text.starts_with(what)) text.remove_prefix(what.size());
  while (at_end && text.ends_with(what)) text.remove_suffix(what.size());
  return text;
}

std::string soundex(std::string_view text) {
  constexpr std::string_view kCodes = "01230120022455012623010202";
  constexpr size_t kShortest = 4;
  std::string out;
  char last = '0';
  for (char c : text) {
    const char letter = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (letter < 'A' || letter > 'Z') continue;
    const char code = kCodes[static_cast<size_t>(letter - 'A')];
    if (out.empty()) {
      out += letter;
      last = code;
    } else if (code != '0') {
      // A vowel between two letters of one code does not part them in MySQL.
      if (code != last) out += code;
      last = code;
    }
  }
  if (!out.empty()) out.resize(std::max(out.size(), kShortest), '0');
  return out;
}

void append_number_bytes(uint64_t number, std::string& out) {
  bool is_leading = true;
  for (int shift = 56; shift >= 0; shift -= 8) {
    const auto byte = static_cast<char>(number >> shift);
    is_leading = is_leading && byte == 0 && shift > 0;
    if (!is_leading) out += byte;
  }
}

int64_t ordinal(std::string_view text) {
  if (text.empty()) return 0;
  int64_t value = 0;
  for (char c : first_character(text)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

bool is_like(std::string_view text, std::string_view pattern, char escape) {
  // Positions to go back to behind the last %.
  size_t retry_text = std::string_view::npos;
  size_t retry_pattern = 0;
  size_t t = 0;
  size_t p = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size()) {
      char c = pattern[p];
      if (c == '%' && !(escape == '%')) {
        retry_text = t;
        retry_pattern = ++p;
        continue;
      }
      if (t < text.size()) {
        if (c == '_' && escape != '_') {
          t += character_bytes(text[t]);
          ++p;
          continue;
        }
        const bool is_escaped = escape != '\0' && c == escape && p + 1 < pattern.size();
        if (is_escaped) c = pattern[p + 1];
        if (text[t] == c) {
          ++t;
          p += is_escaped ? 2 : 1;
          continue;
        }
      }
    }
    if (retry_text == std::string_view::npos || retry_text >= text.size()) return false;
    retry_text += character_bytes(text[retry_text]);
    t = std::min(retry_text, text.size());
    p = retry_pattern;
  }
  return true;
}

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
  return out;
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
  std::string out;
  size_t at = 0;
  if (digits.size() % 2 == 1) {
    const int value = hex_value(digits[at++]);
    if (value < 0) return std::nullopt;
    out += static_cast<char>(value);
  }
  for (; at < digits.size(); at += 2) {
    const int high = hex_value(digits[at]);
    const int low = hex_value(digits[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

namespace {
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string base64_of(std::string_view bytes) {
  constexpr size_t kLineBytes = 76;
  std::string out;
  size_t line = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    if (line == kLineBytes) {
      out += '\n';
      line = 0;
    }
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<uint8_t>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) out += j <= count ? kBase64Digits[group >> (18 - 6 * j) & 63] : '=';
    line += 4;
  }
  return out;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
  std::string out;
  uint32_t group = 0;
  size_t digits = 0;
  size_t fillers = 0;
  for (char c : text) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) continue;
    const size_t value = c == '=' ? 0 : kBase64Digits.find(c);
    if (value == std::string_view::npos || (fillers > 0 && c != '=') || fillers > 2) return std::nullopt;
    if (c == '=') ++fillers;
    group = group << 6 | static_cast<uint32_t>(value);
    if (++digits % 4 != 0) continue;
    for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(group >> shift);
    group = 0;
  }
  if (digits % 4 != 0 || fillers > 2) return std::nullopt;
  out.resize(out.size() - fillers);
  return out;
}

uint32_t crc32_of(std::string_view bytes) {
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0xEDB88320U : value >> 1;
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = 0xFFFFFFFFU;
  for (char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 255];
  return ~crc;
}

std::string digest_of(std::string_view bytes, const char* name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_get_digestbyname(name), nullptr) != 1) return {};
  std::string hex = hex_of({reinterpret_cast<const char*>(digest.data()), size});
  std::transform(hex.begin(), hex.end(), hex.begin(), [](char c) { return c >= 'A' ? static_cast<char>(c + 32) : c; });
  return hex;
}

}  // namespace freshet::query
