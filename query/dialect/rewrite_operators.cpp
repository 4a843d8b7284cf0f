#include <algorithm>
#include <array>

#include "query/dialect/rewriter.h"

/// Expressions whose operators bind otherwise in DuckDB, or are unknown to it, are read here by MySQL's precedences and
/// written with parentheses and calls. All others pass as they are.
namespace freshet::query {
namespace {

/// MySQL's precedences, loosest first.
enum Level : uint8_t {
  kOr = 1,
  kXor,
  kAnd,
  kNot,
  kCompare,
  kBitOr,
  kBitAnd,
  kShift,
  kAdd,
  kMultiply,
  kBitXor,
  kSign,
  kOperand
};

struct BinaryOperator {
  std::string_view symbol;
  Level level;
  std::string_view written;  ///< DuckDB's infix operator; or, with `is_call`, a function
  bool is_call = false;
};

constexpr BinaryOperator kOperators[] = {
    {"OR", kOr, "OR"},
    {"||", kOr, "OR"},
    {"XOR", kXor, "logical_xor", true},
    {"AND", kAnd, "AND"},
    {"&&", kAnd, "AND"},
    {"=", kCompare, "="},
    {"<=>", kCompare, "IS NOT DISTINCT FROM"},
    {">=", kCompare, ">="},
    {">", kCompare, ">"},
    {"<=", kCompare, "<="},
    {"<", kCompare, "<"},
    {"<>", kCompare, "<>"},
    {"!=", kCompare, "<>"},
    {"REGEXP", kCompare, "regexp", true},
    {"RLIKE", kCompare, "regexp", true},
    {"|", kBitOr, "bit_or_of", true},
    {"&", kBitAnd, "bit_and_of", true},
    {"<<", kShift, "shift_left", true},
    {">>", kShift, "shift_right", true},
    {"+", kAdd, "+"},
    {"-", kAdd, "-"},
    {"*", kMultiply, "*"},
    {"/", kMultiply, "/"},
    {"%", kMultiply, "%"},
    {"DIV", kMultiply, "//"},
    {"MOD", kMultiply, "%"},
    {"^", kBitXor, "bit_xor_of", true},
};

constexpr std::string_view kForeign[] = {"XOR", "REGEXP", "RLIKE", "SOUNDS"};
constexpr std::string_view kForeignSymbols[] = {"|", "&", "<<", ">>", "^", "~"};

/// Words that no expression goes on behind.
constexpr std::string_view kEnds[] = {
    "SELECT",        "FROM",      "WHERE",   "GROUP", "BY",    "HAVING",   "ORDER",  "LIMIT",   "OFFSET", "UNION",
    "EXCEPT",        "MINUS",     "AS",      "ON",    "JOIN",  "INNER",    "CROSS",  "OUTER",   "WHEN",   "THEN",
    "ELSE",          "END",       "ASC",     "DESC",  "NULLS", "SET",      "VALUES", "USING",   "WINDOW", "ROWS",
    "RANGE",         "SEPARATOR", "FOR",     "INTO",  "WITH",  "DISTINCT", "ALL",    "QUALIFY", "ESCAPE", "NATURAL",
    "STRAIGHT_JOIN", "INTERSECT", "LATERAL",
};

bool is_comparison(const Token& token) {
  if (token.is_word("LIKE") || token.is_word("IN") || token.is_word("IS") || token.is_word("BETWEEN")) return true;
  for (std::string_view symbol : {"=", "<=>", ">=", ">", "<=", "<", "<>", "!="}) {
    if (token.is_operator(symbol)) return true;
  }
  return false;
}

bool ends_expression(const Token& token) {
  if (token.kind == TokenKind::kOperator)
    return token.text == "," || token.text == ")" || token.text == ";" || token.text == ":=" || token.text == "=>";
  return token.kind == TokenKind::kWord &&
         std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view word) { return token.is_word(word); });
}

bool is_path(const Rewriter& rewriter, size_t index, size_t end) {
  const Token& token = rewriter.token(index);
  return (token.is_operator("->") || token.is_operator("->>")) && index + 1 < end &&
         rewriter.token(index + 1).kind == TokenKind::kString;
}

bool is_foreign(const Rewriter& rewriter, size_t index, size_t end) {
  const Token& token = rewriter.token(index);
  if (token.kind == TokenKind::kOperator) {
    return is_path(rewriter, index, end) || std::any_of(std::begin(kForeignSymbols), std::end(kForeignSymbols),
                                                        [&](std::string_view symbol) { return token.is_operator(symbol); });
  }
  const bool is_name = index > 0 && rewriter.token(index - 1).is_operator(".");
  return token.kind == TokenKind::kWord && !is_name &&
         std::any_of(std::begin(kForeign), std::end(kForeign), [&](std::string_view word) { return token.is_word(word); });
}

class OperatorReader {
 public:
  OperatorReader(Rewriter& rewriter, size_t end) : rewriter_(rewriter), end_(end) {}

  size_t at() const { return at_; }

  Result<std::string> read(size_t begin) {
    at_ = begin;
    return expression(kOr);
  }

 private:
  const Token& token(size_t index) const { return rewriter_.token(index); }
  bool word(std::string_view upper) const { return at_ < end_ && token(at_).is_word(upper); }
  bool word_behind(size_t ahead, std::string_view upper) const {
    return at_ + ahead < end_ && token(at_ + ahead).is_word(upper);
  }

  const BinaryOperator* binary_operator() const {
    if (at_ >= end_) return nullptr;
    const Token& found = token(at_);
    for (const BinaryOperator& known : kOperators) {
      if (found.kind == TokenKind::kWord ? found.is_word(known.symbol) : found.is_operator(known.symbol)) return &known;
    }
    return nullptr;
  }

  Result<std::string> expression(uint8_t level) {
    if (++depth_ > kMaxRewriteDepth)
      return Status::InvalidArgument("The statement is nested deeper than {} levels", kMaxRewriteDepth);
    FRESHET_ASSIGN_OR_RETURN(std::string left, prefix());
    std::string_view last;  // OR or AND, when `left` is a chain of these
    for (;;) {
      bool is_done = false;
      FRESHET_ASSIGN_OR_RETURN(left, predicate(std::move(left), level, is_done));
      if (is_done) {
        last = {};
        continue;
      }
      const BinaryOperator* found = binary_operator();
      if (found == nullptr || found->level < level) break;
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string right, expression(static_cast<uint8_t>(found->level + 1)));
      const bool is_chain = found->level == kOr || found->level == kAnd;
      if (is_chain && last == found->written) {
        left.pop_back();
        left += fmt::format(" {} {})", found->written, right);
        continue;
      }
      last = is_chain ? found->written : std::string_view();
      left = found->is_call ? fmt::format("{}({}, {})", found->written, left, right)
                            : fmt::format("({} {} {})", left, found->written, right);
    }
    --depth_;
    return left;
  }

  Result<std::string> prefix() {
    if (at_ >= end_) return rewriter_.error(std::min(at_, end_), "an expression");
    const Token& first = token(at_);
    if (first.is_word("NOT")) return negated(kNot);
    if (first.is_operator("!")) return negated(kOperand);
    for (const auto& [symbol, open] : {std::pair{"-", "(-"}, std::pair{"+", "("}, std::pair{"~", "bit_not_of("}}) {
      if (!first.is_operator(symbol)) continue;
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string inner, expression(kSign));
      return std::string(open) + (inner.starts_with('-') ? " " : "") + inner + ")";
    }
    return operand();
  }

  Result<std::string> negated(uint8_t level) {
    ++at_;
    FRESHET_ASSIGN_OR_RETURN(const std::string inner, expression(level));
    return "(NOT " + inner + ")";
  }

  /// IS, IN, BETWEEN, LIKE, and their negations; `is_done` when there was one.
  Result<std::string> predicate(std::string left, uint8_t level, bool& is_done) {
    if (level > kCompare) return left;
    if (word("IS")) return test(std::move(left), is_done);
    const bool is_not = word("NOT") && (word_behind(1, "IN") || word_behind(1, "BETWEEN") || word_behind(1, "LIKE") ||
                                        word_behind(1, "REGEXP") || word_behind(1, "RLIKE"));
    const size_t begin = at_;
    if (is_not) ++at_;
    std::string out;
    if (word("IN")) {
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string list, operand());
      out = fmt::format("({} IN {})", left, list);
    } else if (word("BETWEEN")) {
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string low, expression(kBitOr));
      if (!word("AND")) return rewriter_.error(std::min(at_, end_), "AND behind BETWEEN");
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string high, expression(kBitOr));
      out = fmt::format("({} BETWEEN {} AND {})", left, low, high);
    } else if (word("LIKE")) {
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string pattern, expression(kBitOr));
      out = fmt::format("({} LIKE {})", left, pattern);
      if (word("ESCAPE")) {
        ++at_;
        FRESHET_ASSIGN_OR_RETURN(const std::string escape, operand());
        out = fmt::format("({} LIKE {} ESCAPE {})", left, pattern, escape);
      }
    } else if (is_not) {
      ++at_;
      FRESHET_ASSIGN_OR_RETURN(const std::string pattern, expression(kBitOr));
      out = fmt::format("regexp({}, {})", left, pattern);
    } else if (word("SOUNDS") && word_behind(1, "LIKE")) {
      at_ += 2;
      FRESHET_ASSIGN_OR_RETURN(const std::string other, expression(kBitOr));
      out = fmt::format("(soundex({}) = soundex({}))", left, other);
    } else {
      at_ = begin;
      return left;
    }
    is_done = true;
    return is_not ? "(NOT " + out + ")" : out;
  }

  /// IS [NOT] NULL, TRUE, FALSE, UNKNOWN.
  Result<std::string> test(std::string left, bool& is_done) {
    const size_t begin = at_++;
    if (word("NOT")) ++at_;
    if (at_ >= end_) return rewriter_.error(begin, "NULL, TRUE or FALSE behind IS");
    ++at_;
    is_done = true;
    return fmt::format("({} {})", left, rewriter_.source({begin, at_}));
  }

  /// Where CASE at `begin` ends: behind its END.
  size_t end_of_case(size_t begin) const {
    size_t open = 0;
    for (size_t i = begin; i < rewriter_.token_count(); ++i) {
      if (token(i).is_operator("(")) i = rewriter_.close_of(i);
      if (token(i).is_word("CASE")) ++open;
      if (token(i).is_word("END") && --open == 0) return i + 1;
    }
    return begin + 1;
  }

  Result<std::string> operand() {
    const size_t begin = at_;
    if (begin >= end_) return rewriter_.error(std::min(begin, end_), "an expression");
    const Token& first = token(begin);
    if (first.is_word("CASE")) {
      at_ = end_of_case(begin);
    } else if (first.kind == TokenKind::kWord && begin + 1 < end_ && token(begin + 1).kind == TokenKind::kString) {
      at_ = begin + 2;  // DATE '...', _utf8mb4'...'
    } else if (first.is_word("BINARY") && !token(begin + 1).is_operator("(")) {
      ++at_;
      return operand();
    } else if (first.is_word("INTERVAL")) {
      at_ = std::max(rewriter_.end_of_interval(begin, end_), begin + 1);
    } else {
      at_ = std::max(rewriter_.operand(begin, end_).end, begin + 1);
      while (at_ < end_ && first.kind == TokenKind::kString && token(at_).kind == TokenKind::kString) ++at_;
    }
    take_clauses();
    FRESHET_ASSIGN_OR_RETURN(std::string out, rewriter_.render({begin, at_}));
    while (at_ < end_ && is_path(rewriter_, at_, end_)) {
      const char* name = token(at_).is_operator("->") ? "json_extract" : "json_extract_text";
      out = fmt::format("{}({}, {})", name, out, duckdb_string(unquote(token(at_ + 1))));
      at_ += 2;
    }
    return out;
  }

  /// What belongs to an operand behind it: COLLATE x, OVER (...), ::type, [1].
  void take_clauses() {
    for (;;) {
      if (word("COLLATE") || word("OVER") || word("FILTER")) {
        at_ += 1;
        if (at_ < end_) at_ = token(at_).is_operator("(") ? rewriter_.close_of(at_) + 1 : at_ + 1;
      } else if (at_ < end_ && token(at_).is_operator("::")) {
        at_ = std::max(rewriter_.operand(at_ + 1, end_).end, at_ + 1);
      } else if (at_ < end_ && token(at_).is_operator("[")) {
        while (at_ < end_ && !token(at_).is_operator("]")) ++at_;
        at_ = std::min(at_ + 1, end_);
      } else {
        return;
      }
    }
  }

  Rewriter& rewriter_;
  const size_t end_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

ExpressionRun find_expression(const Rewriter& rewriter, size_t begin, size_t end) {
  ExpressionRun run{begin, false};
  size_t first_case = end;
  size_t comparisons = 0;
  size_t cases = 0;
  for (size_t i = begin; i < end; ++i) {
    const Token& token = rewriter.token(i);
    if (token.is_operator("(")) {
      i = rewriter.close_of(i);
      run.end = i + 1;
      continue;
    }
    if (token.is_word("CASE") && ++cases == 1) first_case = std::min(first_case, i);
    if (cases > 0) {
      if (token.is_word("END")) --cases;
      run.end = i + 1;
      continue;
    }
    run.end = i;
    if (ends_expression(token)) break;
    run.end = i + 1;
    if (token.is_word("AND") || token.is_word("OR") || token.is_operator("||") || token.is_operator("&&")) comparisons = 0;
    // BETWEEN's AND parts no comparisons.
    if (is_comparison(token) && ++comparisons > 1) run.is_foreign = true;
    run.is_foreign = run.is_foreign || is_foreign(rewriter, i, end);
  }
  // Within CASE, each condition and value is an expression of its own.
  if (!run.is_foreign && first_case < run.end) run.end = first_case + 1;
  return run;
}

Result<size_t> rewrite_operators(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  OperatorReader reader(rewriter, end);
  FRESHET_ASSIGN_OR_RETURN(const std::string text, reader.read(index));
  rewriter.put(out, index, text);
  return reader.at();
}

}  // namespace freshet::query
