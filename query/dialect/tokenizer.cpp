#include "query/dialect/tokenizer.h"

#include <algorithm>
#include <array>

namespace freshet::query {
namespace {

enum CharClass : uint8_t { kOther, kBlank, kDigit, kLetter };

constexpr std::array<CharClass, 256> make_classes() {
  std::array<CharClass, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 0x80;
    if (letter) classes[c] = kLetter;
    if (c >= '0' && c <= '9') classes[c] = kDigit;
    if (c == ' ' || (c >= '\t' && c <= '\r')) classes[c] = kBlank;
  }
  return classes;
}
constexpr auto kClasses = make_classes();

bool is_blank(char c) { return kClasses[static_cast<uint8_t>(c)] == kBlank; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_char(char c) { return kClasses[static_cast<uint8_t>(c)] >= kDigit; }
bool is_letter(char c) { return kClasses[static_cast<uint8_t>(c)] == kLetter; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Longest first, so that the first match is the token.
constexpr std::string_view kSymbols[] = {"<=>", "->>", "<<", ">>", "<=", ">=", "<>", "!=", "||",
                                         "&&",  ":=",  "->", "::", "=>", "//", "**", "==", "!~"};
constexpr std::string_view kSingleSymbols = "+-*/%=<>!&|^~(),;.:{}[]";

}  // namespace

bool equals_word(std::string_view text, std::string_view upper_word) {
  if (text.size() != upper_word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (upper(text[i]) != upper_word[i]) return false;
  }
  return true;
}

bool Token::is_word(std::string_view upper_word) const { return kind == TokenKind::kWord && equals_word(text, upper_word); }

Token Tokenizer::make(TokenKind kind, size_t length) {
  Token token{kind, text_.substr(position_, length), position_};
  position_ += length;
  after_name_ = kind == TokenKind::kWord || kind == TokenKind::kQuotedName;
  return token;
}

Token Tokenizer::invalid(const char* problem) {
  problem_ = problem;
  Token token{TokenKind::kInvalid, text_.substr(position_), position_};
  position_ = text_.size();
  return token;
}

bool Tokenizer::skip_block_comment() {
  if (at(2) == '!') {
    position_ += 3;
    while (is_digit(at(0))) ++position_;
    inside_version_comment_ = true;
    return true;
  }
  const size_t end = text_.find("*/", position_ + 2);
  if (end == std::string_view::npos) return false;
  position_ = end + 2;
  return true;
}

/// False when a comment has no end; position_ is then at its start.
bool Tokenizer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (is_blank(c)) {
      ++position_;
    } else if (c == '#') {
      skip_line();
    } else if (c == '-' && at(1) == '-' && (position_ + 2 >= text_.size() || static_cast<uint8_t>(at(2)) <= ' ')) {
      skip_line();
    } else if (c == '/' && at(1) == '*') {
      if (!skip_block_comment()) return false;
    } else if (c == '*' && at(1) == '/' && inside_version_comment_) {
      inside_version_comment_ = false;
      position_ += 2;
    } else {
      break;
    }
  }
  return true;
}

Token Tokenizer::quoted(TokenKind kind, size_t prefix) {
  const char quote = at(prefix);
  const bool escapes = quote != '`';
  for (size_t i = position_ + prefix + 1; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '\\' && escapes) {
      ++i;
    } else if (c == quote) {
      if (i + 1 < text_.size() && text_[i + 1] == quote) {
        ++i;
      } else {
        return make(kind, i + 1 - position_);
      }
    }
  }
  return invalid(quote == '`' ? "a closing backquote" : "a closing quote");
}

Token Tokenizer::number() {
  if (at(0) == '0' && (at(1) == 'x' || at(1) == 'b')) {
    size_t length = 2;
    const bool hex = at(1) == 'x';
    while (hex ? is_hex_digit(at(length)) : (at(length) == '0' || at(length) == '1')) ++length;
    if (length > 2 && !is_word_char(at(length))) return make(hex ? TokenKind::kHexString : TokenKind::kBitString, length);
  }
  size_t length = 0;
  while (is_digit(at(length))) ++length;
  const bool fraction = at(length) == '.';
  if (fraction) {
    ++length;
    while (is_digit(at(length))) ++length;
  }
  if (at(length) == 'e' || at(length) == 'E') {
    const size_t sign = at(length + 1) == '+' || at(length + 1) == '-';
    if (is_digit(at(length + 1 + sign))) {
      length += 1 + sign;
      while (is_digit(at(length))) ++length;
      if (!is_letter(at(length))) return make(TokenKind::kNumber, length);
    }
  }
  // MySQL's names may begin with digits: `2fa` is a word.
  if (!fraction && is_letter(at(length))) return word();
  return make(TokenKind::kNumber, length);
}

Token Tokenizer::word() {
  size_t length = 0;
  while (is_word_char(at(length))) ++length;
  return make(TokenKind::kWord, length);
}

Token Tokenizer::variable() {
  size_t prefix = at(1) == '@' ? 2 : 1;
  if (at(prefix) == '`' || at(prefix) == '\'' || at(prefix) == '"') return quoted(TokenKind::kVariable, prefix);
  size_t length = prefix;
  while (is_word_char(at(length)) || at(length) == '.') ++length;
  return make(TokenKind::kVariable, length);
}

Token Tokenizer::symbol() {
  const std::string_view rest = text_.substr(position_);
  for (std::string_view candidate : kSymbols) {
    if (rest.starts_with(candidate)) return make(TokenKind::kOperator, candidate.size());
  }
  if (kSingleSymbols.find(rest[0]) != std::string_view::npos) return make(TokenKind::kOperator, 1);
  return invalid("a word, a value or an operator");
}

Token Tokenizer::next() {
  if (!skip_blanks()) return invalid("the end of the comment, */,");
  if (position_ >= text_.size()) return {TokenKind::kEnd, text_.substr(text_.size()), text_.size()};
  const char c = text_[position_];
  if ((c == 'x' || c == 'X') && at(1) == '\'') return quoted(TokenKind::kHexString, 1);
  if ((c == 'b' || c == 'B') && at(1) == '\'') return quoted(TokenKind::kBitString, 1);
  if (is_digit(c)) return number();
  if (is_letter(c)) return word();
  if (c == '\'' || c == '"') return quoted(TokenKind::kString, 0);
  if (c == '`') return quoted(TokenKind::kQuotedName, 0);
  if (c == '@') return variable();
  if (c == '?') return make(TokenKind::kPlaceholder, 1);
  if (c == '.' && is_digit(at(1)) && !after_name_) return number();
  return symbol();
}

Result<std::vector<Token>> tokenize(std::string_view text) {
  if (text.size() > kMaxStatementBytes) {
    return Status::InvalidArgument("The statement has {} bytes; at most {} are read", text.size(), kMaxStatementBytes);
  }
  Tokenizer tokenizer(text);
  std::vector<Token> tokens;
  do {
    if (tokens.size() == kMaxTokens) {
      return Status::InvalidArgument("The statement has more than {} tokens; split it", kMaxTokens);
    }
    tokens.push_back(tokenizer.next());
    if (tokens.back().kind == TokenKind::kInvalid) {
      return syntax_error(text, tokens.back().offset, tokenizer.problem());
    }
  } while (tokens.back().kind != TokenKind::kEnd);
  return tokens;
}

Result<std::vector<std::string_view>> split_statements(std::string_view text) {
  if (text.size() > kMaxStatementBytes) {
    return Status::InvalidArgument("The statements have {} bytes; at most {} are read", text.size(), kMaxStatementBytes);
  }
  std::vector<std::string_view> statements;
  const std::string_view whole = trim(text);
  const size_t semicolon = whole.find(';');
  if (semicolon == std::string_view::npos && !whole.empty() && whole[0] != '#' && whole[0] != '-' && whole[0] != '/') {
    statements.push_back(whole);
    return statements;
  }
  Tokenizer tokenizer(text);
  size_t begin = 0;
  bool any = false;
  while (true) {
    const Token token = tokenizer.next();
    if (token.kind == TokenKind::kInvalid) return syntax_error(text, token.offset, tokenizer.problem());
    const bool end = token.kind == TokenKind::kEnd;
    if (end || token.is_operator(";")) {
      if (any) statements.push_back(trim(text.substr(begin, token.offset - begin)));
      begin = token.end();
      any = false;
    } else {
      any = true;
    }
    if (end) return statements;
  }
}

Result<std::vector<size_t>> placeholder_offsets(std::string_view text) {
  std::vector<size_t> offsets;
  if (text.find('?') == std::string_view::npos) return offsets;
  Tokenizer tokenizer(text);
  for (Token token = tokenizer.next(); token.kind != TokenKind::kEnd; token = tokenizer.next()) {
    if (token.kind == TokenKind::kInvalid) return syntax_error(text, token.offset, tokenizer.problem());
    if (token.kind == TokenKind::kPlaceholder) offsets.push_back(token.offset);
  }
  return offsets;
}

bool has_escapes(std::string_view content, char quote) {
  return content.find(quote) != std::string_view::npos || (quote != '`' && content.find('\\') != std::string_view::npos);
}

size_t unescape(std::string_view content, char quote, char* out) {
  char* const begin = out;
  for (size_t i = 0; i < content.size(); ++i) {
    char c = content[i];
    const bool more = i + 1 < content.size();
    if (c == quote && more) {
      ++i;
    } else if (c == '\\' && quote != '`' && more) {
      c = content[++i];
      switch (c) {
        case '0': c = '\0'; break;
        case 'b': c = '\b'; break;
        case 'n': c = '\n'; break;
        case 'r': c = '\r'; break;
        case 't': c = '\t'; break;
        case 'Z': c = '\x1a'; break;
        // LIKE patterns keep the backslash before their wildcards.
        case '%':
        case '_': *out++ = '\\'; break;
        default: break;
      }
    }
    *out++ = c;
  }
  return static_cast<size_t>(out - begin);
}

std::string unquote(const Token& token) {
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kQuotedName) return std::string(token.text);
  const std::string_view content = token.text.substr(1, token.text.size() - 2);
  if (!has_escapes(content, token.text[0])) return std::string(content);
  std::string out(content.size(), '\0');
  out.resize(unescape(content, token.text[0], out.data()));
  return out;
}

Result<std::string> hex_bytes(const Token& token) {
  const bool prefixed = token.text[0] == '0';
  std::string digits(prefixed ? token.text.substr(2) : token.text.substr(2, token.text.size() - 3));
  if (!std::all_of(digits.begin(), digits.end(), is_hex_digit)) {
    return Status::InvalidArgument("{} is not a hexadecimal value", token.text);
  }
  if (digits.size() % 2 != 0) {
    if (!prefixed) return Status::InvalidArgument("{} has an odd number of hexadecimal digits", token.text);
    digits.insert(digits.begin(), '0');
  }
  auto value = [](char c) { return is_digit(c) ? c - '0' : upper(c) - 'A' + 10; };
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1])));
  }
  return bytes;
}

Status syntax_error(std::string_view text, size_t offset, std::string_view expected) {
  constexpr size_t kNearBytes = 80;
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  size_t length = std::min(kNearBytes, text.size() - offset);
  while (length > 0 && offset + length < text.size() && (static_cast<uint8_t>(text[offset + length]) & 0xc0) == 0x80)
    --length;
  return Status::InvalidArgument("You have an error in your SQL syntax: expected {} near '{}' at line {}, column {}",
                                 expected, text.substr(offset, length), line, column);
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = upper(c);
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string backquoted(std::string_view name) {
  std::string out = "`";
  for (char c : name) {
    if (c == '`') out.push_back('`');
    out.push_back(c);
  }
  out.push_back('`');
  return out;
}

}  // namespace freshet::query
