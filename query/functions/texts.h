#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Texts as MySQL cuts and measures them: positions and lengths are in characters of UTF-8, and begin at 1.
namespace freshet::query {

int64_t character_count(std::string_view text);
/// The byte at which character `index` (from 0) begins; the text's size when it has fewer.
size_t byte_of_character(std::string_view text, int64_t index);
/// SUBSTRING: from a position, which counts from the end when negative; nothing is there at position 0.
std::string_view substring(std::string_view text, int64_t position, int64_t length);
std::string_view left_of(std::string_view text, int64_t length);
std::string_view right_of(std::string_view text, int64_t length);
/// Nothing for a negative length, for a padding that is needed but empty, or when the text would be too long.
std::optional<std::string> padded(std::string_view text, int64_t length, std::string_view padding, bool on_the_left);
std::string inserted(std::string_view text, int64_t position, int64_t length, std::string_view what);
/// Nothing when it would be too long.
std::optional<std::string> repeated(std::string_view text, int64_t count);
/// Where `what` is found at or behind `position`; 0 when it is not.
int64_t located(std::string_view what, std::string_view text, int64_t position);
/// What is before the count-th separator, from the end when negative.
std::string_view substring_index(std::string_view text, std::string_view separator, int64_t count);
int64_t found_in_set(std::string_view what, std::string_view set);
std::string reversed(std::string_view text);
std::string replaced(std::string_view text, std::string_view from, std::string_view to);
std::string_view trimmed_of(std::string_view text, std::string_view what, bool at_begin, bool at_end);
std::string soundex(std::string_view text);
/// The bytes of numbers, without leading zeros: 0x4142 is "AB".
void append_number_bytes(uint64_t number, std::string& out);
/// ORD(): the bytes of the first character as a number.
int64_t ordinal(std::string_view text);
/// LIKE, with an escape character (0: none).
bool is_like(std::string_view text, std::string_view pattern, char escape);

std::string hex_of(std::string_view bytes);
/// Nothing when a character is no hexadecimal digit.
std::optional<std::string> bytes_of_hex(std::string_view digits);
/// With a line break behind each 76 characters, as in MySQL.
std::string base64_of(std::string_view bytes);
std::optional<std::string> bytes_of_base64(std::string_view text);
uint32_t crc32_of(std::string_view bytes);
/// In hexadecimal digits. `name`: as OpenSSL names it.
std::string digest_of(std::string_view bytes, const char* name);

}  // namespace freshet::query
