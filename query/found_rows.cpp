#include "query/found_rows.h"

#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

/// Whether the outermost SELECT has the word among its modifiers; moves `tokenizer` behind them.
bool asks_for_count(Tokenizer& tokenizer, size_t& placeholders) {
  int depth = 0;
  bool is_leading = true;  // only parentheses so far
  Token token = tokenizer.next();
  while (!(token.is_word("SELECT") && (depth == 0 || is_leading))) {
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kInvalid) return false;
    depth += token.is_operator("(") ? 1 : token.is_operator(")") ? -1 : 0;
    is_leading = is_leading && token.is_operator("(");
    placeholders += token.kind == TokenKind::kPlaceholder;
    token = tokenizer.next();
  }
  for (;;) {
    Tokenizer ahead = tokenizer;
    token = ahead.next();
    if (token.is_word("SQL_CALC_FOUND_ROWS")) return depth == 0;
    bool is_modifier = token.is_word("DISTINCT") || token.is_word("DISTINCTROW") || token.is_word("ALL");
    for (std::string_view word : {"HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT", "SQL_BIG_RESULT",
                                  "SQL_BUFFER_RESULT", "SQL_CACHE", "SQL_NO_CACHE"}) {
      is_modifier = is_modifier || token.is_word(word);
    }
    if (!is_modifier) return false;
    tokenizer = ahead;
  }
}

bool ends_limit(const Token& token) {
  return token.kind == TokenKind::kEnd || token.kind == TokenKind::kInvalid || token.is_operator(";") ||
         token.is_word("FOR") || token.is_word("LOCK") || token.is_word("INTO");
}

}  // namespace

std::optional<UnlimitedQuery> find_counted_query(std::string_view query) {
  Tokenizer tokenizer(query);
  UnlimitedQuery result;
  size_t placeholders = 0;
  if (!asks_for_count(tokenizer, placeholders)) return std::nullopt;
  Token token = tokenizer.next();
  for (int depth = 0; token.kind != TokenKind::kEnd && !(depth == 0 && token.is_word("LIMIT")); token = tokenizer.next()) {
    if (token.kind == TokenKind::kInvalid) return std::nullopt;
    depth += token.is_operator("(") ? 1 : token.is_operator(")") ? -1 : 0;
    placeholders += token.kind == TokenKind::kPlaceholder;
  }
  result.first_limit_placeholder = placeholders;
  result.has_limit = token.is_word("LIMIT");
  const size_t begin = result.has_limit ? token.offset : query.size();
  size_t end = query.size();
  while (result.has_limit && !ends_limit(token)) {
    token = tokenizer.next();
    result.limit_placeholders += token.kind == TokenKind::kPlaceholder;
    end = token.kind == TokenKind::kEnd ? query.size() : token.offset;
  }
  result.text = std::string(query.substr(0, begin)) + std::string(query.substr(end));
  return result;
}

}  // namespace freshet::query
