#include "query/dialect/token_cursor.h"

#include <algorithm>
#include <charconv>

#include "storage/base/limits.h"

namespace freshet::query {

Result<TokenCursor> TokenCursor::open(std::string_view text) {
  FRESHET_ASSIGN_OR_RETURN(auto tokens, tokenize(text));
  return TokenCursor(text, std::move(tokens));
}

const Token& TokenCursor::peek(size_t ahead) const { return tokens_[std::min(position_ + ahead, tokens_.size() - 1)]; }

const Token& TokenCursor::take() {
  const Token& token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool TokenCursor::at_ahead(size_t ahead, std::string_view words) const {
  while (!words.empty()) {
    const size_t blank = words.find(' ');
    if (!peek(ahead++).is_word(words.substr(0, blank))) return false;
    if (blank == std::string_view::npos) break;
    words.remove_prefix(blank + 1);
  }
  return true;
}

bool TokenCursor::accept(std::string_view words) {
  if (!at(words)) return false;
  position_ += static_cast<size_t>(std::count(words.begin(), words.end(), ' ')) + 1;
  return true;
}

bool TokenCursor::accept_operator(std::string_view symbol) {
  if (!at_operator(symbol)) return false;
  take();
  return true;
}

Status TokenCursor::expect(std::string_view words) { return accept(words) ? Status::OK() : error(words); }

Status TokenCursor::expect_operator(std::string_view symbol) {
  return accept_operator(symbol) ? Status::OK() : error(fmt::format("'{}'", symbol));
}

Status TokenCursor::expect_end() {
  while (accept_operator(";")) {
  }
  return peek().kind == TokenKind::kEnd ? Status::OK() : error("the end of the statement");
}

Result<std::string> TokenCursor::name(std::string_view what) {
  if (!peek().is_name()) return error(what);
  std::string name = unquote(peek());
  if (name.empty()) return error(what);
  if (name.size() > kMaxNameBytes) {
    return Status::InvalidArgument("Identifier name '{}' is too long: at most {} bytes", name, kMaxNameBytes);
  }
  take();
  return name;
}

Result<std::string> TokenCursor::string(std::string_view what) {
  if (peek().kind != TokenKind::kString) return error(what);
  return unquote(take());
}

Result<std::string> TokenCursor::word_or_string(std::string_view what) {
  const TokenKind kind = peek().kind;
  if (kind == TokenKind::kNumber || kind == TokenKind::kString || peek().is_name()) return unquote(take());
  return error(what);
}

Result<uint64_t> TokenCursor::number(std::string_view what) {
  const std::string_view digits = peek().text;
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (peek().kind != TokenKind::kNumber || problem != std::errc() || end != digits.data() + digits.size())
    return error(what);
  take();
  return value;
}

Result<std::vector<std::string>> TokenCursor::name_list(std::string_view what) {
  FRESHET_RETURN_IF_ERROR(expect_operator("("));
  std::vector<std::string> names;
  do {
    FRESHET_ASSIGN_OR_RETURN(auto item, name(what));
    names.push_back(std::move(item));
    if (at_operator("(")) FRESHET_RETURN_IF_ERROR(skip_parenthesis());
    if (!accept("ASC")) accept("DESC");
  } while (accept_operator(","));
  FRESHET_RETURN_IF_ERROR(expect_operator(")"));
  return names;
}

Result<std::vector<std::pair<std::string, std::string>>> TokenCursor::properties() {
  std::vector<std::pair<std::string, std::string>> properties;
  FRESHET_RETURN_IF_ERROR(expect_operator("("));
  while (!at_operator(")")) {
    FRESHET_ASSIGN_OR_RETURN(auto key, word_or_string("a property name in quotes"));
    FRESHET_RETURN_IF_ERROR(expect_operator("="));
    FRESHET_ASSIGN_OR_RETURN(auto value, word_or_string("a property value in quotes"));
    for (const auto& [known, ignored] : properties) {
      if (known == key) return Status::InvalidArgument("Property '{}' is given twice", key);
    }
    properties.emplace_back(std::move(key), std::move(value));
    if (!accept_operator(",")) break;
  }
  FRESHET_RETURN_IF_ERROR(expect_operator(")"));
  return properties;
}

Status TokenCursor::skip_parenthesis() {
  const size_t begin = peek().offset;
  size_t depth = 0;
  do {
    if (peek().kind == TokenKind::kEnd) return syntax_error(text_, begin, "a closing parenthesis for the one");
    if (at_operator("(")) ++depth;
    if (at_operator(")")) --depth;
    take();
  } while (depth > 0);
  return Status::OK();
}

std::string_view TokenCursor::rest() const {
  const size_t begin = peek().offset;
  size_t last = tokens_.size() - 1;
  while (last > position_ && (tokens_[last].kind == TokenKind::kEnd || tokens_[last].is_operator(";"))) --last;
  if (tokens_[last].kind == TokenKind::kEnd || tokens_[last].is_operator(";")) return {};
  return text_.substr(begin, tokens_[last].end() - begin);
}

}  // namespace freshet::query
