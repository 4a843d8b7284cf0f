#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/dialect/tokenizer.h"

namespace freshet::query {

/// Walks the tokens of one statement for a hand-written parser: look, accept, expect; errors say what was expected and
/// where.
///
/// Words are given in upper case, several of them as one text: `accept("IF NOT EXISTS")` takes all or none. The end of the
/// statement is its last token or its first semicolon. Points into the statement text, which must outlive it.
class TokenCursor {
 public:
  static Result<TokenCursor> open(std::string_view text);

  const Token& peek(size_t ahead = 0) const;
  const Token& take();
  bool at_end() const { return peek().kind == TokenKind::kEnd || peek().is_operator(";"); }
  bool at(std::string_view words) const { return at_ahead(0, words); }
  bool at_ahead(size_t ahead, std::string_view words) const;
  bool at_operator(std::string_view symbol) const { return peek().is_operator(symbol); }

  bool accept(std::string_view words);
  bool accept_operator(std::string_view symbol);
  Status expect(std::string_view words);
  Status expect_operator(std::string_view symbol);
  /// Accepts semicolons; an error when anything else follows.
  Status expect_end();

  /// A name, bare or in backquotes. InvalidArgument when it is empty or longer than kMaxNameBytes.
  Result<std::string> name(std::string_view what);
  /// A quoted string's content.
  Result<std::string> string(std::string_view what);
  /// A name, string or number, as options and variables are given.
  Result<std::string> word_or_string(std::string_view what);
  Result<uint64_t> number(std::string_view what);
  /// `( name, name ... )`; a prefix length or ASC/DESC after a name is skipped, as MySQL's indexes have them.
  Result<std::vector<std::string>> name_list(std::string_view what);
  /// `( "key" = "value", ... )`. A key given twice is refused.
  Result<std::vector<std::pair<std::string, std::string>>> properties();

  /// Skips a parenthesis with all it holds. REQUIRES: at_operator("(").
  Status skip_parenthesis();
  /// Takes tokens up to the end, or to a token outside parentheses for which `stop` answers true; gives their text.
  template <typename Stop>
  Result<std::string_view> text_until(std::string_view what, Stop stop) {
    const size_t begin = peek().offset;
    size_t end = begin;
    while (!at_end() && !stop(*this) && !at_operator(")")) {
      if (at_operator("(")) {
        FRESHET_RETURN_IF_ERROR(skip_parenthesis());
      } else {
        take();
      }
      end = tokens_[position_ - 1].end();
    }
    if (end == begin) return error(what);
    return text_.substr(begin, end - begin);
  }

  size_t position() const { return position_; }
  void rewind(size_t position) { position_ = position; }
  std::string_view text() const { return text_; }
  /// The text from the current token to the end of the statement, without its semicolon.
  std::string_view rest() const;
  Status error(std::string_view expected) const { return syntax_error(text_, peek().offset, expected); }

 private:
  TokenCursor(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t position_ = 0;
};

}  // namespace freshet::query
