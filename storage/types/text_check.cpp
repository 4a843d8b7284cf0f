#include "storage/types/text_check.h"

#include "storage/base/coding.h"
#include "storage/types/text_number.h"

namespace freshet {
namespace {

/// One pass over a JSON text that keeps nothing.
class JsonChecker {
 public:
  explicit JsonChecker(std::string_view text) : rest_(text) {}

  bool check() {
    skip_blanks();
    return value(0) && (skip_blanks(), rest_.empty());
  }

 private:
  bool take(char letter) {
    if (rest_.empty() || rest_.front() != letter) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip_blanks() {
    while (take(' ') || take('\n') || take('\r') || take('\t')) continue;
  }
  bool digits() {
    size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    rest_.remove_prefix(count);
    return count != 0;
  }

  bool value(int depth) {
    if (rest_.empty()) return false;
    switch (rest_.front()) {
      case '{': return depth < kMaxJsonDepth && object(depth + 1);
      case '[': return depth < kMaxJsonDepth && array(depth + 1);
      case '"': return string();
      case 't': return take_word("true");
      case 'f': return take_word("false");
      case 'n': return take_word("null");
      default: return number();
    }
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  bool string() {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const char letter = rest_.front();
      rest_.remove_prefix(1);
      if (letter == '"') return true;
      if (static_cast<unsigned char>(letter) < 0x20) return false;
      if (letter == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (rest_.empty()) return false;
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    if (letter != 'u') return std::string_view("\"\\/bfnrt").find(letter) != std::string_view::npos;
    if (rest_.size() < 4) return false;
    const bool is_hex = rest_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    rest_.remove_prefix(4);
    return is_hex;
  }

  bool array(int depth) {
    take('[');
    skip_blanks();
    if (take(']')) return true;
    do {
      skip_blanks();
      if (!value(depth)) return false;
      skip_blanks();
    } while (take(','));
    return take(']');
  }

  bool object(int depth) {
    take('{');
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      if (!string()) return false;
      skip_blanks();
      if (!take(':')) return false;
      skip_blanks();
      if (!value(depth)) return false;
      skip_blanks();
    } while (take(','));
    return take('}');
  }

  std::string_view rest_;
};

/// Bytes of the well-formed UTF-8 sequence at the front of `text`, 0 when there is none (Unicode 15, table 3-7).
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  if (!continues(2)) return 0;
  if (lead < 0xf0) {
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
    return 3;
  }
  if (!continues(3) || (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return 4;
}

/// Drops the ASCII bytes at the front of `text`.
void skip_ascii(std::string_view& text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  while (text.size() >= 8 && (load_fixed<uint64_t>(text.data()) & kHighBits) == 0) text.remove_prefix(8);
  while (!text.empty() && static_cast<uint8_t>(text.front()) < 0x80) text.remove_prefix(1);
}

}  // namespace

bool is_json(std::string_view text) { return JsonChecker(text).check(); }

bool is_utf8(std::string_view text) {
  for (skip_ascii(text); !text.empty(); skip_ascii(text)) {
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace freshet
