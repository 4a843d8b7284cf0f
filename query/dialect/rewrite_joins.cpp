#include <algorithm>
#include <array>
#include <span>

#include "query/dialect/rewriter.h"

/// Joins as MySQL has them: JOIN, INNER JOIN, CROSS JOIN and STRAIGHT_JOIN are one, with a condition or without.
namespace freshet::query {
namespace {

bool is_join(const Token& token) { return token.is_word("JOIN") || token.is_word("STRAIGHT_JOIN"); }

bool is_one_of(const Token& token, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.is_word(word); });
}

constexpr std::array<std::string_view, 12> kBehindTables = {"WHERE",  "GROUP", "HAVING", "ORDER",     "LIMIT",   "UNION",
                                                            "EXCEPT", "MINUS", "WINDOW", "INTERSECT", "QUALIFY", "SET"};

/// Whether an ON or USING belongs to the join at `index`: those of joins behind it come first.
bool has_condition(const Rewriter& rewriter, size_t index, size_t end) {
  int open = 1;
  for (size_t i = index + 1; i < end; ++i) {
    const Token& token = rewriter.token(i);
    if (token.is_operator("(")) {
      i = rewriter.close_of(i);
    } else if (token.is_operator(",") || token.is_operator(")") || is_one_of(token, kBehindTables)) {
      return false;
    } else if (is_join(token)) {
      open += !rewriter.token(i - 1).is_word("NATURAL");
    } else if ((token.is_word("ON") || token.is_word("USING")) && --open == 0) {
      return true;
    }
  }
  return false;
}

Result<size_t> put_one(Rewriter& rewriter, size_t index, std::string_view text, std::string& out) {
  rewriter.put(out, index, text);
  return index + 1;
}

}  // namespace

Result<size_t> rewrite_join(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  constexpr std::array<std::string_view, 9> kKinds = {"INNER", "CROSS", "NATURAL", "LEFT", "RIGHT",
                                                      "FULL",  "OUTER", "SEMI",    "ANTI"};
  const bool has_kind = index > 0 && is_one_of(rewriter.token(index - 1), kKinds);
  return put_one(rewriter, index, has_kind || has_condition(rewriter, index, end) ? "JOIN" : "CROSS JOIN", out);
}

Result<size_t> rewrite_join_kind(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const Token& word = rewriter.token(index);
  const bool is_plain = index + 1 < end && rewriter.token(index + 1).is_word("JOIN") &&
                        !(index > 0 && rewriter.token(index - 1).is_word("NATURAL"));
  if (!is_plain) return put_one(rewriter, index, word.text, out);
  return put_one(rewriter, index, has_condition(rewriter, index + 1, end) ? "INNER" : "CROSS", out);
}

void join_listed_tables(std::vector<Token>& tokens, const std::vector<size_t>& partner) {
  constexpr std::array<std::string_view, 4> kQueries = {"SELECT", "WITH", "VALUES", "TABLE"};
  for (size_t i = 0; i + 2 < tokens.size(); ++i) {
    const bool is_list = (tokens[i].is_word("FROM") || is_join(tokens[i])) && tokens[i + 1].is_operator("(") &&
                         tokens[i + 2].is_name() && !is_one_of(tokens[i + 2], kQueries);
    if (!is_list) continue;
    for (size_t k = i + 2; k < partner[i + 1]; ++k) {
      if (tokens[k].is_operator("(")) k = partner[k];
      if (tokens[k].is_operator(",")) tokens[k] = {TokenKind::kWord, "CROSS JOIN", tokens[k].offset};
    }
  }
}

}  // namespace freshet::query
