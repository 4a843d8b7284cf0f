#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/dialect/mysql_rewrite.h"
#include "query/dialect/tokenizer.h"

/// The pass behind rewrite_for_duckdb, and what its rules may ask of it.
namespace freshet::query {

/// Tokens [begin, end).
struct TokenRange {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
};

/// Deepest nesting of rewritten functions and parentheses.
inline constexpr size_t kMaxRewriteDepth = 100;
/// Most bytes that a rewritten statement may have beyond four times its text: some rules repeat an argument.
inline constexpr size_t kMaxRewriteGrowthBytes = 1024 * 1024;

class Rewriter {
 public:
  Rewriter(std::string_view text, std::vector<Token> tokens, const SessionValues& session);

  Result<std::string> run();

  const Token& token(size_t index) const { return tokens_[index]; }
  size_t token_count() const { return tokens_.size(); }
  const SessionValues& session() const { return session_; }
  /// Position of the parenthesis that closes the one at `open`.
  size_t close_of(size_t open) const { return partner_[open]; }
  /// The tokens in DuckDB's dialect.
  Result<std::string> render(TokenRange range);
  /// The parts of `range` between its commas outside parentheses; none when it is empty.
  std::vector<TokenRange> split(TokenRange range) const;
  /// First token of `range` outside parentheses that is `word`, or range.end.
  size_t find_word(TokenRange range, std::string_view word) const;
  /// The operand that begins at `begin`: a sign, a literal, a name or call, a parenthesis. Empty when there is none.
  TokenRange operand(size_t begin, size_t end) const;
  /// Where INTERVAL n unit at `begin` ends; `begin` when no unit follows.
  size_t end_of_interval(size_t begin, size_t end) const;
  /// As the text between its tokens is written.
  std::string_view source(TokenRange range) const;
  /// True when the token before `index` ends an operand, so that a name or string at `index` is an alias.
  bool follows_operand(size_t index) const;
  Status error(size_t index, std::string_view expected) const;

  /// Appends a piece, behind a blank where `index` has one before it or where the two would run together.
  void put(std::string& out, size_t index, std::string_view piece) const;

 private:
  Status match_parentheses();
  Status append(TokenRange range, std::string& out);
  /// Rewrites what begins at `index`; answers the index behind it.
  Result<size_t> step(size_t index, size_t end, std::string& out);
  Result<size_t> step_word(size_t index, size_t end, std::string& out);
  Result<size_t> step_string(size_t index, size_t end, std::string& out);
  Result<size_t> step_operator(size_t index, size_t end, std::string& out);
  Result<size_t> step_variable(size_t index, std::string& out);
  Result<size_t> step_hex(size_t index, std::string& out);
  Result<size_t> step_bits(size_t index, std::string& out);
  Status append_labelled_list(TokenRange list, std::string& out);
  std::string label_of(TokenRange item) const;
  /// Whether the last token of an item is a part of its value though it is a word: END, TRUE, the unit of an INTERVAL.
  bool ends_value(TokenRange item) const;
  /// Whether its last token is an alias without AS.
  bool has_bare_alias(TokenRange item) const;

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<size_t> partner_;
  const SessionValues& session_;
  size_t depth_ = 0;
};

/// The tokens from one on that are one expression, or several operands that no operator joins.
struct ExpressionRun {
  size_t end = 0;
  bool is_foreign = false;  ///< its operators are not DuckDB's, or bind otherwise there
};
ExpressionRun find_expression(const Rewriter& rewriter, size_t begin, size_t end);
/// Reads a foreign expression at `index`; answers the index behind it.
Result<size_t> rewrite_operators(Rewriter& rewriter, size_t index, size_t end, std::string& out);

/// Rules of JOIN and STRAIGHT_JOIN, and of INNER and CROSS before JOIN: DuckDB wants a condition, or CROSS.
Result<size_t> rewrite_join(Rewriter& rewriter, size_t index, size_t end, std::string& out);
Result<size_t> rewrite_join_kind(Rewriter& rewriter, size_t index, size_t end, std::string& out);
/// `FROM (a, b)` -> `FROM (a CROSS JOIN b)`: DuckDB has no lists of tables in parentheses.
void join_listed_tables(std::vector<Token>& tokens, const std::vector<size_t>& partner);

/// Rule for a bare word at `index`: appends what stands for it and what belongs to it, answers the index behind.
using WordRule = Result<size_t> (*)(Rewriter& rewriter, size_t index, size_t end, std::string& out);
/// Rule for a call: the whole expression that stands for it. An empty text: no rewrite is needed; then no argument may have
/// been rendered, since each will be rewritten in its place (else nested calls would be rewritten twice for every level).
using FunctionRule = Result<std::string> (*)(Rewriter& rewriter, TokenRange arguments);

/// NOW(), CURDATE(), CURTIME(), their UTC_ forms, UNIX_TIMESTAMP() and FROM_UNIXTIME(), in the session's time zone.
Result<std::string> rewrite_now_call(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_utc_now_call(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_curdate(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_utc_date(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_curtime(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_utc_time(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_unix_timestamp(Rewriter& rewriter, TokenRange arguments);
Result<std::string> rewrite_from_unixtime(Rewriter& rewriter, TokenRange arguments);

/// The rule of a word, given in upper case, or null.
WordRule find_word_rule(std::string_view upper_word);
FunctionRule find_function_rule(std::string_view upper_name);
/// DuckDB's name for a function that differs in name alone; empty when there is none.
std::string_view find_function_name(std::string_view upper_name);
/// DAY, DAY_SECOND, SQL_TSI_DAY, ...
bool is_interval_unit(const Token& token);
/// Words before an operand: a string or name behind one of them is no alias.
bool leads_operand(std::string_view upper_word);
/// The type behind AS in CAST, in DuckDB's terms.
Result<std::string> rewrite_type(Rewriter& rewriter, TokenRange type);
/// A value of the session as a literal: digits as a number, all else as a string.
std::string session_literal(std::string_view value);

}  // namespace freshet::query
