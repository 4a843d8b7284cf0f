#include <algorithm>
#include <array>

#include "query/dialect/rewriter.h"

namespace freshet::query {
namespace {

Result<size_t> keep(Rewriter& rewriter, size_t index, std::string& out) {
  rewriter.put(out, index, rewriter.token(index).text);
  return index + 1;
}

Result<size_t> replace(Rewriter& rewriter, size_t index, std::string_view text, std::string& out) {
  rewriter.put(out, index, text);
  return index + 1;
}

bool word_at(const Rewriter& rewriter, size_t index, size_t end, std::string_view word) {
  return index < end && rewriter.token(index).is_word(word);
}

Result<size_t> rewrite_select(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  rewriter.put(out, index++, "SELECT");
  constexpr std::array<std::string_view, 8> kDropped = {"SQL_NO_CACHE",      "SQL_CACHE",        "SQL_CALC_FOUND_ROWS",
                                                        "SQL_BUFFER_RESULT", "SQL_SMALL_RESULT", "SQL_BIG_RESULT",
                                                        "HIGH_PRIORITY",     "STRAIGHT_JOIN"};
  for (; index < end; ++index) {
    const Token& token = rewriter.token(index);
    if (token.is_word("DISTINCTROW")) {
      rewriter.put(out, index, "DISTINCT");
    } else if (token.is_word("DISTINCT") || token.is_word("ALL")) {
      rewriter.put(out, index, token.text);
    } else if (std::none_of(kDropped.begin(), kDropped.end(), [&](std::string_view word) { return token.is_word(word); })) {
      break;
    }
  }
  return index;
}

Result<size_t> rewrite_from(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const bool dual =
      word_at(rewriter, index + 1, end, "DUAL") && !(index + 2 < end && rewriter.token(index + 2).is_operator("."));
  return dual ? index + 2 : keep(rewriter, index, out);
}

/// True for a word between two operands.
bool is_infix(const Rewriter& rewriter, size_t index) {
  return rewriter.follows_operand(index) || (index > 0 && rewriter.token(index - 1).kind == TokenKind::kString);
}

Result<size_t> rewrite_div(Rewriter& rewriter, size_t index, size_t, std::string& out) {
  return is_infix(rewriter, index) ? replace(rewriter, index, "//", out) : keep(rewriter, index, out);
}

Result<size_t> rewrite_mod(Rewriter& rewriter, size_t index, size_t, std::string& out) {
  return is_infix(rewriter, index) ? replace(rewriter, index, "%", out) : keep(rewriter, index, out);
}

/// The number of rows at `index`: MySQL's clients write 18446744073709551615 for all, DuckDB knows numbers up to 2^62.
Result<std::string> rewrite_row_number(Rewriter& rewriter, size_t index) {
  constexpr std::string_view kMost = "4611686018427387904";
  const Token& token = rewriter.token(index);
  const bool is_larger = token.kind == TokenKind::kNumber &&
                         token.text.find_first_not_of("0123456789") == std::string_view::npos &&
                         (token.text.size() > kMost.size() || (token.text.size() == kMost.size() && token.text > kMost));
  return is_larger ? std::string(kMost) : rewriter.render({index, index + 1});
}

/// `LIMIT offset, count` -> `LIMIT count OFFSET offset`; the other way round for placeholders, to keep their order.
Result<size_t> rewrite_limit(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (index + 3 >= end || !rewriter.token(index + 2).is_operator(",")) {
    rewriter.put(out, index, rewriter.token(index).text);
    if (index + 1 >= end || rewriter.token(index + 1).kind != TokenKind::kNumber) return index + 1;
    FRESHET_ASSIGN_OR_RETURN(const std::string number, rewrite_row_number(rewriter, index + 1));
    rewriter.put(out, index + 1, number);
    return index + 2;
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string offset, rewrite_row_number(rewriter, index + 1));
  FRESHET_ASSIGN_OR_RETURN(const std::string count, rewrite_row_number(rewriter, index + 3));
  const bool placeholder = rewriter.token(index + 1).kind == TokenKind::kPlaceholder;
  rewriter.put(
      out, index,
      placeholder ? fmt::format("OFFSET {} LIMIT {}", offset, count) : fmt::format("LIMIT {} OFFSET {}", count, offset));
  return index + 4;
}

/// `GROUP BY a, b WITH ROLLUP` -> `GROUP BY ROLLUP(a, b)`.
Result<size_t> rewrite_group(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (!word_at(rewriter, index + 1, end, "BY")) return keep(rewriter, index, out);
  size_t with = index + 2;
  for (; with < end && !rewriter.token(with).is_word("WITH"); ++with) {
    for (std::string_view stop : {"HAVING", "ORDER", "LIMIT", "UNION", "GROUP"}) {
      if (rewriter.token(with).is_word(stop)) return keep(rewriter, index, out);
    }
    if (rewriter.token(with).is_operator(")")) break;
    if (rewriter.token(with).is_operator("(")) with = rewriter.close_of(with);
  }
  if (!word_at(rewriter, with, end, "WITH") || !word_at(rewriter, with + 1, end, "ROLLUP"))
    return keep(rewriter, index, out);
  FRESHET_ASSIGN_OR_RETURN(const std::string columns, rewriter.render({index + 2, with}));
  rewriter.put(out, index, "GROUP BY ROLLUP(" + columns + ")");
  return with + 2;
}

/// COLLATE and the name behind it: text compares by bytes.
Result<size_t> drop_collation(Rewriter&, size_t index, size_t end, std::string&) { return std::min(index + 2, end); }

Result<size_t> rewrite_binary(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const bool prefix = !rewriter.follows_operand(index) && rewriter.operand(index + 1, end).size() > 0;
  return prefix ? index + 1 : keep(rewriter, index, out);
}

/// USE, FORCE and IGNORE INDEX (...).
Result<size_t> drop_index_hint(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (!word_at(rewriter, index + 1, end, "INDEX") && !word_at(rewriter, index + 1, end, "KEY"))
    return keep(rewriter, index, out);
  // FOR ORDER BY is the longest that may stand in between.
  constexpr size_t kMostWords = 3;
  size_t next = index + 2;
  while (next < end && next < index + 2 + kMostWords && rewriter.token(next).kind == TokenKind::kWord) ++next;
  if (next >= end || !rewriter.token(next).is_operator("(")) return keep(rewriter, index, out);
  return rewriter.close_of(next) + 1;
}

/// True for a word that goes on with the query behind a table rather than names it.
bool ends_table(const Token& token) {
  for (std::string_view word :
       {"WHERE", "JOIN",  "INNER",   "LEFT",  "RIGHT",  "FULL",  "CROSS",  "NATURAL",   "ON",           "USING",
        "GROUP", "ORDER", "HAVING",  "LIMIT", "OFFSET", "UNION", "EXCEPT", "FOR",       "WINDOW",       "MINUS",
        "LOCK",  "USE",   "QUALIFY", "SEMI",  "ANTI",   "FORCE", "IGNORE", "INTERSECT", "STRAIGHT_JOIN"}) {
    if (token.is_word(word)) return true;
  }
  return false;
}

/// The alias of a table, which DuckDB has before AT.
Result<size_t> take_alias(Rewriter& rewriter, size_t index, size_t next, size_t end, std::string& out) {
  if (word_at(rewriter, next, end, "AS")) ++next;
  if (next < end && rewriter.token(next).is_name() && !ends_table(rewriter.token(next))) {
    const Token& alias = rewriter.token(next++);
    rewriter.put(out, index,
                 "AS " + duckdb_name(alias.kind == TokenKind::kQuotedName ? unquote(alias) : std::string(alias.text)));
  }
  return next;
}

/// What stands behind AS OF: an operand, TIMESTAMP '...', and what is added to it or taken from it.
TokenRange as_of_point(const Rewriter& rewriter, size_t begin, size_t end) {
  TokenRange point = rewriter.operand(begin, end);
  const bool is_typed = point.size() == 1 && rewriter.token(begin).is_word("TIMESTAMP") && point.end < end &&
                        rewriter.token(point.end).kind == TokenKind::kString;
  if (is_typed) ++point.end;
  while (point.size() != 0 && point.end < end) {
    const Token& sign = rewriter.token(point.end);
    if (!sign.is_operator("+") && !sign.is_operator("-")) break;
    const bool is_interval = word_at(rewriter, point.end + 1, end, "INTERVAL");
    const TokenRange added = rewriter.operand(point.end + (is_interval ? 2 : 1), end);
    if (added.size() == 0) break;
    point.end = std::min(added.end + (is_interval ? 1 : 0), end);
  }
  return point;
}

/// `t FOR VERSION AS OF n x` -> `t x AT (VERSION => n)`, and `FOR TIME AS OF '...'` -> `AT (TIMESTAMP => '...')`.
Result<size_t> rewrite_as_of(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const TokenRange point = as_of_point(rewriter, index + 4, end);
  if (point.size() == 0) return rewriter.error(index + 3, "a version or time behind OF");
  const Token& first = rewriter.token(point.begin);
  std::string text;
  if (first.kind == TokenKind::kString && point.size() == 1) {
    text = duckdb_string(unquote(first));
  } else {
    FRESHET_ASSIGN_OR_RETURN(text, rewriter.render(point));
  }
  const bool is_version = rewriter.token(index + 1).is_word("VERSION");
  FRESHET_ASSIGN_OR_RETURN(const size_t next, take_alias(rewriter, index, point.end, end, out));
  out += fmt::format(" AT ({} => {})", is_version ? "VERSION" : "TIMESTAMP", text);
  return next;
}

/// `t PARTITION (p1, p2) x` -> `t AS x AT (VERSION => 'partitions p1,p2')`: the catalog gives the table those partitions.
Result<size_t> rewrite_partition(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (index + 1 >= end || !rewriter.token(index + 1).is_operator("(")) return keep(rewriter, index, out);
  std::string names;
  size_t next = index + 2;
  for (; next < end && !rewriter.token(next).is_operator(")"); ++next) {
    const Token& token = rewriter.token(next);
    if (token.is_operator(",")) {
      names += ',';
    } else if (token.is_name()) {
      names += token.kind == TokenKind::kQuotedName ? unquote(token) : std::string(token.text);
    } else {
      return rewriter.error(next, "a partition name");
    }
  }
  if (next == end) return rewriter.error(index + 1, "')' behind the partition names");
  FRESHET_ASSIGN_OR_RETURN(next, take_alias(rewriter, index, next + 1, end, out));
  out += fmt::format(" AT (VERSION => {})", duckdb_string(std::string(kPartitionsVersion) + names));
  return next;
}

bool leads_to_as_of(const Rewriter& rewriter, size_t index, size_t end) {
  const bool is_point = word_at(rewriter, index + 1, end, "VERSION") || word_at(rewriter, index + 1, end, "TIME") ||
                        word_at(rewriter, index + 1, end, "TIMESTAMP") || word_at(rewriter, index + 1, end, "SYSTEM_TIME");
  return is_point && word_at(rewriter, index + 2, end, "AS") && word_at(rewriter, index + 3, end, "OF");
}

/// FOR UPDATE, FOR SHARE: reads see one commit, there is nothing to lock.
Result<size_t> rewrite_for(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (leads_to_as_of(rewriter, index, end)) return rewrite_as_of(rewriter, index, end, out);
  if (!word_at(rewriter, index + 1, end, "UPDATE") && !word_at(rewriter, index + 1, end, "SHARE"))
    return keep(rewriter, index, out);
  size_t next = index + 2;
  if (word_at(rewriter, next, end, "NOWAIT")) return next + 1;
  if (word_at(rewriter, next, end, "SKIP") && word_at(rewriter, next + 1, end, "LOCKED")) next += 2;
  return next;
}

/// SELECT ... INTO OUTFILE and its kind.
Result<size_t> refuse_into(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (index + 1 < end && rewriter.token(index + 1).kind == TokenKind::kVariable) {
    return Status::Unsupported("SELECT ... INTO {0} is not offered: SET {0} = (SELECT ...)", rewriter.token(index + 1).text);
  }
  if (!word_at(rewriter, index + 1, end, "OUTFILE") && !word_at(rewriter, index + 1, end, "DUMPFILE"))
    return keep(rewriter, index, out);
  return Status::Unsupported(
      "SELECT ... INTO OUTFILE is not offered: SQL reaches no file of the server; write the client's output to a file");
}

Result<size_t> drop_lock_in_share_mode(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const bool lock = word_at(rewriter, index + 1, end, "IN") && word_at(rewriter, index + 2, end, "SHARE");
  return lock ? std::min(index + 4, end) : keep(rewriter, index, out);
}

/// `INTERVAL n DAY` -> `interval_of(n, 'DAY')`.
Result<size_t> rewrite_interval(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const size_t behind = rewriter.end_of_interval(index, end);
  if (behind == index) {
    const bool is_call = index + 1 < end && rewriter.token(index + 1).is_operator("(");
    return is_call ? replace(rewriter, index, "interval_position", out) : keep(rewriter, index, out);
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string amount, rewriter.render({index + 1, behind - 1}));
  rewriter.put(out, index, fmt::format("interval_of({}, '{}')", amount, to_upper(rewriter.token(behind - 1).text)));
  return behind;
}

/// A word that is the call of a function without its parentheses.
template <FunctionRule kRule>
Result<size_t> rewrite_as_call(Rewriter& rewriter, size_t index, size_t, std::string& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string value, kRule(rewriter, {index, index}));
  return replace(rewriter, index, value, out);
}

Result<size_t> rewrite_current_user(Rewriter& rewriter, size_t index, size_t, std::string& out) {
  return replace(rewriter, index, duckdb_string(rewriter.session().account), out);
}

Result<size_t> rewrite_as(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  rewriter.put(out, index, "AS");
  if (index + 1 >= end || rewriter.token(index + 1).kind != TokenKind::kString) return index + 1;
  rewriter.put(out, index + 1, duckdb_name(unquote(rewriter.token(index + 1))));
  return index + 2;
}

/// _utf8mb4'x' and N'x': all text is UTF-8.
Result<size_t> drop_charset(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  const bool introduces = index + 1 < end && rewriter.token(index + 1).kind == TokenKind::kString;
  return introduces ? index + 1 : keep(rewriter, index, out);
}

/// Words that are plain names in MySQL, but which DuckDB reserves or reads as functions.
Result<size_t> quote_name(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (index + 1 < end && rewriter.token(index + 1).is_operator("(")) return keep(rewriter, index, out);
  return replace(rewriter, index, duckdb_name(rewriter.token(index).text), out);
}

/// A name, but for AT TIME ZONE.
Result<size_t> rewrite_at(Rewriter& rewriter, size_t index, size_t end, std::string& out) {
  if (index + 1 < end && rewriter.token(index + 1).is_word("TIME")) return keep(rewriter, index, out);
  return quote_name(rewriter, index, end, out);
}

struct NamedWordRule {
  std::string_view word;
  WordRule rule;
};

constexpr NamedWordRule kWordRules[] = {
    {"SELECT", rewrite_select},
    {"FROM", rewrite_from},
    {"JOIN", rewrite_join},
    {"STRAIGHT_JOIN", rewrite_join},
    {"INNER", rewrite_join_kind},
    {"CROSS", rewrite_join_kind},
    {"DIV", rewrite_div},
    {"MOD", rewrite_mod},
    {"LIMIT", rewrite_limit},
    {"GROUP", rewrite_group},
    {"COLLATE", drop_collation},
    {"BINARY", rewrite_binary},
    {"COLLATION", quote_name},
    {"USE", drop_index_hint},
    {"FORCE", drop_index_hint},
    {"IGNORE", drop_index_hint},
    {"FOR", rewrite_for},
    {"PARTITION", rewrite_partition},
    {"PARTITIONS", rewrite_partition},
    {"LOCK", drop_lock_in_share_mode},
    {"INTO", refuse_into},
    {"INTERVAL", rewrite_interval},
    {"CURRENT_TIMESTAMP", rewrite_as_call<rewrite_now_call>},
    {"LOCALTIME", rewrite_as_call<rewrite_now_call>},
    {"LOCALTIMESTAMP", rewrite_as_call<rewrite_now_call>},
    {"UTC_TIMESTAMP", rewrite_as_call<rewrite_utc_now_call>},
    {"UTC_DATE", rewrite_as_call<rewrite_utc_date>},
    {"CURRENT_DATE", rewrite_as_call<rewrite_curdate>},
    {"UTC_TIME", rewrite_as_call<rewrite_utc_time>},
    {"CURRENT_TIME", rewrite_as_call<rewrite_curtime>},
    {"CURRENT_USER", rewrite_current_user},
    {"AS", rewrite_as},
    {"_UTF8", drop_charset},
    {"_UTF8MB3", drop_charset},
    {"_UTF8MB4", drop_charset},
    {"_LATIN1", drop_charset},
    {"_ASCII", drop_charset},
    {"_BINARY", drop_charset},
    {"N", drop_charset},
    {"USER", quote_name},
    {"SESSION_USER", quote_name},
    {"CURRENT_CATALOG", quote_name},
    {"CURRENT_ROLE", quote_name},
    {"CURRENT_SCHEMA", quote_name},
    {"PIVOT", quote_name},
    {"UNPIVOT", quote_name},
    {"SUMMARIZE", quote_name},
    {"PLACING", quote_name},
    {"SYMMETRIC", quote_name},
    {"ASYMMETRIC", quote_name},
    {"INITIALLY", quote_name},
    {"DEFERRABLE", quote_name},
    {"ANALYSE", quote_name},
    {"ONLY", quote_name},
    {"VARIADIC", quote_name},
    {"NOTNULL", quote_name},
    {"AT", rewrite_at},
    {"AUTHORIZATION", quote_name},
    {"CONCURRENTLY", quote_name},
    {"FREEZE", quote_name},
    {"LAMBDA", quote_name},
    {"OVERLAPS", quote_name},
    {"POSITIONAL", quote_name},
    {"UNPACK", quote_name},
    {"VERBOSE", quote_name},
};

constexpr std::string_view kOperandLeaders[] = {
    "LEADING", "TRAILING", "BOTH",  "SELECT", "DISTINCT",  "DISTINCTROW", "ALL",      "FROM",   "WHERE",     "AND",
    "OR",      "NOT",      "XOR",   "DIV",    "MOD",       "LIKE",        "REGEXP",   "RLIKE",  "IN",        "IS",
    "BETWEEN", "WHEN",     "THEN",  "ELSE",   "CASE",      "BY",          "HAVING",   "ON",     "USING",     "LIMIT",
    "OFFSET",  "AS",       "DATE",  "TIME",   "TIMESTAMP", "DATETIME",    "INTERVAL", "BINARY", "SEPARATOR", "ESCAPE",
    "COLLATE", "VALUES",   "VALUE", "SET",    "UNION",     "ROW",         "EXISTS",   "ANY",    "SOME",      "TO",
    "ILIKE",   "SIMILAR",  "GLOB",  "OVER",   "INTO",      "JOIN",        "RETURNING"};

}  // namespace

bool is_interval_unit(const Token& token) {
  if (token.kind != TokenKind::kWord) return false;
  std::string_view name = token.text;
  constexpr std::string_view kPrefix = "SQL_TSI_";
  if (name.size() > kPrefix.size() && equals_word(name.substr(0, kPrefix.size()), kPrefix))
    name.remove_prefix(kPrefix.size());
  for (std::string_view unit : {"MICROSECOND",
                                "SECOND",
                                "MINUTE",
                                "HOUR",
                                "DAY",
                                "WEEK",
                                "MONTH",
                                "QUARTER",
                                "YEAR",
                                "SECOND_MICROSECOND",
                                "MINUTE_MICROSECOND",
                                "MINUTE_SECOND",
                                "HOUR_MICROSECOND",
                                "HOUR_SECOND",
                                "HOUR_MINUTE",
                                "DAY_MICROSECOND",
                                "DAY_SECOND",
                                "DAY_MINUTE",
                                "DAY_HOUR",
                                "YEAR_MONTH"}) {
    if (equals_word(name, unit)) return true;
  }
  return false;
}

WordRule find_word_rule(std::string_view upper_word) {
  for (const NamedWordRule& named : kWordRules) {
    if (named.word == upper_word) return named.rule;
  }
  return nullptr;
}

bool leads_operand(std::string_view upper_word) {
  return std::find(std::begin(kOperandLeaders), std::end(kOperandLeaders), upper_word) != std::end(kOperandLeaders);
}

}  // namespace freshet::query
