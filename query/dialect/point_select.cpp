#include "query/dialect/point_select.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "storage/types/schema.h"

namespace freshet::query {
namespace {

/// Words that are no column when they stand bare in a select list.
constexpr std::array<std::string_view, 16> kNotColumns = {
    "DISTINCT",          "DISTINCTROW",    "ALL",  "NULL", "TRUE",   "FALSE",    "CURRENT_DATE", "CURRENT_TIME",
    "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "CASE", "NOT",  "BINARY", "INTERVAL", "EXISTS",       "STRAIGHT_JOIN"};
/// Words that end a table reference and so are no alias.
constexpr std::array<std::string_view, 17> kNotAliases = {"WHERE", "FROM",  "GROUP", "ORDER", "LIMIT",    "JOIN",
                                                          "LEFT",  "RIGHT", "INNER", "CROSS", "NATURAL",  "UNION",
                                                          "USE",   "FORCE", "FOR",   "AS",    "PARTITION"};

template <size_t N>
bool is_one_of(const Token& token, const std::array<std::string_view, N>& words) {
  return token.kind == TokenKind::kWord &&
         std::any_of(words.begin(), words.end(), [&](std::string_view word) { return equals_word(token.text, word); });
}

/// The name without its quotes; empty when it is none, or holds a quote that would have to be resolved.
std::string_view plain_name(const Token& token) {
  if (token.kind == TokenKind::kWord) return token.text;
  if (token.kind != TokenKind::kQuotedName) return {};
  const std::string_view content = token.text.substr(1, token.text.size() - 2);
  return content.find('`') == std::string_view::npos ? content : std::string_view();
}

/// Reads `[[a.]b.]c` that begins with `token`; leaves the token behind it in `token`. Counts its parts, 0 when it is no
/// name.
struct Name {
  std::array<std::string_view, 3> parts;
  size_t count = 0;
  std::string_view last() const { return parts[count - 1]; }
};

Name read_name(Tokenizer& tokenizer, Token& token) {
  Name name;
  while (true) {
    const std::string_view part = plain_name(token);
    if (part.empty() || name.count == name.parts.size()) return {};
    name.parts[name.count++] = part;
    token = tokenizer.next();
    if (!token.is_operator(".")) return name;
    token = tokenizer.next();
  }
}

/// Reads the conditions of a WHERE clause, up to the end or the first other token, which goes to `token`.
class ConditionParser {
 public:
  ConditionParser(Tokenizer& tokenizer, std::string_view qualifier, LiteralText& owned, uint32_t& placeholders, Token& token)
      : tokenizer_(tokenizer), qualifier_(qualifier), owned_(owned), placeholders_(placeholders), token_(token) {}

  /// Fills equalities, list and range; false when it has another form.
  bool parse(PointSelect& out) {
    out.equalities.reserve(2);
    size_t depth = 0;
    while (true) {
      token_ = tokenizer_.next();
      for (; token_.is_operator("("); token_ = tokenizer_.next()) ++depth;
      if (!condition(out)) return false;
      for (; token_.is_operator(")") && depth > 0; token_ = tokenizer_.next()) --depth;
      if (!token_.is_word("AND")) return depth == 0;
    }
  }

 private:
  bool condition(PointSelect& out) {
    const Name name = read_name(tokenizer_, token_);
    if (name.count == 0 || name.count > 2) return false;
    if (name.count == 2 && !same_name(name.parts[0], qualifier_)) return false;
    const std::string_view column = name.last();
    const bool is_known = std::any_of(out.equalities.begin(), out.equalities.end(),
                                      [&](const PointEquality& known) { return same_name(known.column, column); });
    if (is_known || same_name(out.list.column, column) || same_name(out.range.column, column)) return false;
    if (token_.is_operator("=")) {
      const auto value = plain_value();
      if (value) out.equalities.push_back({column, *value});
      return value.has_value();
    }
    if (!out.list.column.empty() || !out.range.column.empty()) return false;
    if (token_.is_word("IN")) return list(column, out.list);
    return token_.is_word("BETWEEN") && range(column, out.range);
  }

  bool list(std::string_view column, PointList& out) {
    token_ = tokenizer_.next();
    if (!token_.is_operator("(")) return false;
    out.column = column;
    while (out.values.size() < kMaxPointKeys) {
      const auto value = read_literal(tokenizer_.next(), tokenizer_, owned_, placeholders_);
      if (!value || value->kind == LiteralKind::kDefault) return false;
      out.values.push_back(*value);
      token_ = tokenizer_.next();
      if (token_.is_operator(")")) {
        token_ = tokenizer_.next();
        return true;
      }
      if (!token_.is_operator(",")) return false;
    }
    return false;
  }

  bool range(std::string_view column, PointRange& out) {
    out.column = column;
    const auto low = plain_value();
    if (!low || !token_.is_word("AND")) return false;
    const auto high = plain_value();
    if (!high) return false;
    out.low = *low;
    out.high = *high;
    return true;
  }

  /// The value behind the token, which is neither NULL nor DEFAULT; leaves the token behind it.
  std::optional<Literal> plain_value() {
    const auto value = read_literal(tokenizer_.next(), tokenizer_, owned_, placeholders_);
    if (!value || value->kind == LiteralKind::kNull || value->kind == LiteralKind::kDefault) return std::nullopt;
    token_ = tokenizer_.next();
    return value;
  }

  Tokenizer& tokenizer_;
  const std::string_view qualifier_;
  LiteralText& owned_;
  uint32_t& placeholders_;
  Token& token_;
};

class PointParser {
 public:
  explicit PointParser(std::string_view statement) : tokenizer_(statement) { advance(); }

  std::optional<PointSelect> parse() {
    if (!token_.is_word("SELECT")) return std::nullopt;
    advance();
    select_.is_distinct = token_.is_word("DISTINCT");
    if (select_.is_distinct) advance();
    if (!outputs() || !table() || !token_.is_word("WHERE")) return std::nullopt;
    ConditionParser conditions(tokenizer_, alias_, select_.text, select_.placeholder_count, token_);
    if (!conditions.parse(select_) || !order() || !limit() || !end()) return std::nullopt;
    return std::move(select_);
  }

 private:
  void advance() { token_ = tokenizer_.next(); }

  bool outputs() {
    if (token_.is_operator("*")) {
      select_.star = true;
      advance();
      return token_.is_word("FROM");
    }
    select_.outputs.reserve(8);
    while (output()) {
      if (token_.is_word("FROM")) return true;
      if (!token_.is_operator(",")) return false;
      advance();
    }
    return false;
  }

  bool output() {
    if (is_one_of(token_, kNotColumns)) return false;
    const Name name = read_name(tokenizer_, token_);
    if (name.count == 0 || name.count > 2) return false;
    if (name.count == 2) {
      if (!qualifier_.empty() && !same_name(qualifier_, name.parts[0])) return false;
      qualifier_ = name.parts[0];
    }
    std::string_view label = name.last();
    const bool as = token_.is_word("AS");
    if (as) advance();
    if (as || (token_.is_name() && !token_.is_word("FROM"))) {
      label = plain_name(token_);
      if (label.empty()) return false;
      advance();
    }
    select_.outputs.push_back({name.last(), label});
    return true;
  }

  bool table() {
    advance();
    const Name name = read_name(tokenizer_, token_);
    if (name.count == 0 || name.count > 2) return false;
    if (name.count == 2) select_.database = name.parts[0];
    select_.table = alias_ = name.last();
    const bool as = token_.is_word("AS");
    if (as) advance();
    if (as || (token_.is_name() && !is_one_of(token_, kNotAliases))) {
      alias_ = plain_name(token_);
      if (alias_.empty()) return false;
      advance();
    }
    return qualifier_.empty() || same_name(qualifier_, alias_);
  }

  bool order() {
    if (!token_.is_word("ORDER")) return true;
    advance();
    if (!token_.is_word("BY")) return false;
    do {
      advance();
      const Name name = read_name(tokenizer_, token_);
      if (name.count == 0 || name.count > 2) return false;
      if (name.count == 2 && !same_name(name.parts[0], alias_)) return false;
      const bool is_descending = token_.is_word("DESC");
      if (is_descending || token_.is_word("ASC")) advance();
      select_.order.push_back({name.last(), is_descending});
    } while (token_.is_operator(","));
    return true;
  }

  bool limit() {
    if (!token_.is_word("LIMIT")) return true;
    advance();
    if (token_.kind != TokenKind::kNumber) return false;
    const char* end = token_.text.data() + token_.text.size();
    const auto [parsed, error] = std::from_chars(token_.text.data(), end, select_.limit);
    advance();
    return error == std::errc() && parsed == end && select_.limit != 0;
  }

  bool end() {
    while (token_.is_operator(";")) advance();
    return token_.kind == TokenKind::kEnd;
  }

  Tokenizer tokenizer_;
  Token token_;
  std::string_view qualifier_;
  std::string_view alias_;
  PointSelect select_;
};

}  // namespace

std::optional<std::vector<PointEquality>> parse_equalities(Tokenizer& tokenizer, std::string_view qualifier,
                                                           LiteralText& owned, uint32_t& placeholders, Token& after) {
  PointSelect conditions;
  if (!ConditionParser(tokenizer, qualifier, owned, placeholders, after).parse(conditions)) return std::nullopt;
  if (!conditions.list.column.empty() || !conditions.range.column.empty()) return std::nullopt;
  return std::move(conditions.equalities);
}

std::optional<PointSelect> parse_point_select(std::string_view statement) { return PointParser(statement).parse(); }

}  // namespace freshet::query
