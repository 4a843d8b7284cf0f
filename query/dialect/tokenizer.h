#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace freshet::query {

/// Longest statement text, in bytes.
inline constexpr size_t kMaxStatementBytes = 64 * 1024 * 1024;
/// Most tokens of a statement that is parsed as a whole (rows of INSERT VALUES are scanned without tokens).
inline constexpr size_t kMaxTokens = 2 * 1024 * 1024;

enum class TokenKind : uint8_t {
  kEnd,
  kWord,         ///< bare name or keyword
  kQuotedName,   ///< `name`
  kString,       ///< 'text' or "text"
  kHexString,    ///< x'4142' or 0x4142
  kBitString,    ///< b'01' or 0b01
  kNumber,       ///< without sign
  kVariable,     ///< @name, @@name, @@session.name
  kPlaceholder,  ///< ?
  kOperator,     ///< including parentheses, comma, semicolon and dot
  kInvalid,      ///< unterminated quote or comment, stray byte
};

/// One token. `text` is as written, quotes included, and points into the statement.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  size_t offset = 0;  ///< of `text` in the statement, in bytes

  /// A bare word equal to `upper_word`, which must be in upper case.
  bool is_word(std::string_view upper_word) const;
  bool is_operator(std::string_view symbol) const { return kind == TokenKind::kOperator && text == symbol; }
  bool is_name() const { return kind == TokenKind::kWord || kind == TokenKind::kQuotedName; }
  size_t end() const { return offset + text.size(); }
};

/// Reads the tokens of MySQL's and Doris's SQL one by one, without allocation.
///
/// Comments (`-- `, `#`, `/* */`) and hints (`/*+ */`) are skipped; the text inside `/*!50100 ... */` is read as SQL, as
/// MySQL does. 'a' and "a" are both strings, with backslash escapes and doubled quotes. The text must outlive the tokens.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text, size_t offset = 0) : text_(text), position_(offset) {}

  /// kEnd at the end, again and again. After kInvalid the next call answers kEnd.
  Token next();
  /// What is wrong with the last kInvalid token.
  const char* problem() const { return problem_; }

 private:
  bool skip_blanks();
  bool skip_block_comment();
  void skip_line() {
    while (position_ < text_.size() && text_[position_] != '\n') ++position_;
  }
  Token make(TokenKind kind, size_t length);
  Token invalid(const char* problem);
  Token quoted(TokenKind kind, size_t prefix);
  Token number();
  Token word();
  Token variable();
  Token symbol();
  char at(size_t ahead) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0'; }

  std::string_view text_;
  size_t position_;
  const char* problem_ = "";
  bool inside_version_comment_ = false;
  bool after_name_ = false;
};

/// All tokens of `text`, with a kEnd token at the end.
Result<std::vector<Token>> tokenize(std::string_view text);
/// The statements of `text`, cut at semicolons outside quotes and comments, trimmed, without empty ones.
Result<std::vector<std::string_view>> split_statements(std::string_view text);
/// Where the `?` of a statement lie, in bytes from its start.
Result<std::vector<size_t>> placeholder_offsets(std::string_view text);

/// The content of a kString, or the name of a kQuotedName or kWord.
std::string unquote(const Token& token);
/// True when the content between the quotes of a string needs unescape().
bool has_escapes(std::string_view content, char quote);
/// Resolves backslash escapes and doubled quotes; writes at most content.size() bytes to `out` and returns their number.
size_t unescape(std::string_view content, char quote, char* out);
/// The bytes of a kHexString. InvalidArgument when a digit is no hexadecimal digit or their number is odd in x''.
Result<std::string> hex_bytes(const Token& token);

/// "You have an error in your SQL syntax: expected ... near '...' at line L, column C".
Status syntax_error(std::string_view text, size_t offset, std::string_view expected);
/// Case-insensitive comparison with a word in upper case.
bool equals_word(std::string_view text, std::string_view upper_word);
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);
/// `name` between backquotes, for messages and DDL.
std::string backquoted(std::string_view name);

}  // namespace freshet::query
