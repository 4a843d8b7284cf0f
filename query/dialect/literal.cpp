#include "query/dialect/literal.h"

#include <algorithm>
#include <cstring>

namespace freshet::query {
namespace {

constexpr size_t kFirstChunkBytes = 256;
constexpr size_t kMostChunkBytes = 1 << 20;

std::optional<Literal> read_signed(const Token& sign, Tokenizer& tokenizer, LiteralText& owned) {
  const Token number = tokenizer.next();
  if (number.kind != TokenKind::kNumber) return std::nullopt;
  if (sign.text == "+") return Literal{LiteralKind::kNumber, 0, number.text};
  if (number.offset == sign.end()) {
    return Literal{LiteralKind::kNumber, 0, {sign.text.data(), number.text.size() + 1}};
  }
  return Literal{LiteralKind::kNumber, 0, owned.add("-" + std::string(number.text))};
}

}  // namespace

char* LiteralText::reserve(size_t bytes) {
  if (capacity_ - used_ < bytes) {
    capacity_ = std::max(bytes, std::min(kMostChunkBytes, std::max(kFirstChunkBytes, capacity_ * 2)));
    chunks_.push_back(std::shared_ptr<char[]>(new char[capacity_]));
    used_ = 0;
  }
  return chunks_.empty() ? nullptr : chunks_.back().get() + used_;
}

std::string_view LiteralText::take(size_t bytes) {
  if (bytes == 0) return {};
  std::string_view view(chunks_.back().get() + used_, bytes);
  used_ += bytes;
  return view;
}

std::string_view LiteralText::add(std::string_view text) {
  char* room = reserve(text.size());
  if (!text.empty()) std::memcpy(room, text.data(), text.size());
  return take(text.size());
}

std::string_view LiteralText::add_string(std::string_view written) {
  const std::string_view content = written.substr(1, written.size() - 2);
  if (!has_escapes(content, written[0])) return content;
  return take(unescape(content, written[0], reserve(content.size())));
}

std::optional<Literal> read_literal(const Token& token, Tokenizer& tokenizer, LiteralText& owned, uint32_t& placeholders) {
  switch (token.kind) {
    case TokenKind::kNumber: return Literal{LiteralKind::kNumber, 0, token.text};
    case TokenKind::kString: return Literal{LiteralKind::kString, 0, owned.add_string(token.text)};
    case TokenKind::kPlaceholder: return Literal{LiteralKind::kPlaceholder, placeholders++, token.text};
    case TokenKind::kHexString: {
      const auto bytes = hex_bytes(token);
      if (!bytes.ok()) return std::nullopt;
      return Literal{LiteralKind::kString, 0, owned.add(bytes.value())};
    }
    case TokenKind::kOperator:
      if (token.text == "-" || token.text == "+") return read_signed(token, tokenizer, owned);
      return std::nullopt;
    case TokenKind::kWord:
      if (token.is_word("NULL")) return Literal{LiteralKind::kNull, 0, token.text};
      if (token.is_word("DEFAULT")) return Literal{LiteralKind::kDefault, 0, token.text};
      if (token.is_word("TRUE")) return Literal{LiteralKind::kNumber, 0, "1"};
      if (token.is_word("FALSE")) return Literal{LiteralKind::kNumber, 0, "0"};
      return std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace freshet::query
