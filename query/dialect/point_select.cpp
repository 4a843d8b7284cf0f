#include "query/dialect/point_select.h"

#include <algorithm>
#include <array>

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

class PointParser {
 public:
  explicit PointParser(std::string_view statement) : tokenizer_(statement) { advance(); }

  std::optional<PointSelect> parse() {
    if (!token_.is_word("SELECT")) return std::nullopt;
    advance();
    if (!outputs() || !table() || !token_.is_word("WHERE")) return std::nullopt;
    auto equalities = parse_equalities(tokenizer_, alias_, select_.text, select_.placeholder_count, token_);
    if (!equalities || !limit() || !end()) return std::nullopt;
    select_.equalities = std::move(*equalities);
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

  bool limit() {
    if (!token_.is_word("LIMIT")) return true;
    advance();
    const bool some = token_.kind == TokenKind::kNumber &&
                      token_.text.find_first_not_of("0123456789") == std::string_view::npos &&
                      token_.text.find_first_not_of('0') != std::string_view::npos;
    advance();
    return some;
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

/// `[t.]column = value`, with the token behind it left in `token`.
std::optional<PointEquality> read_equality(Tokenizer& tokenizer, Token& token, std::string_view qualifier,
                                           LiteralText& owned, uint32_t& placeholders) {
  const Name name = read_name(tokenizer, token);
  if (name.count == 0 || name.count > 2) return std::nullopt;
  if (name.count == 2 && !same_name(name.parts[0], qualifier)) return std::nullopt;
  if (!token.is_operator("=")) return std::nullopt;
  const auto value = read_literal(tokenizer.next(), tokenizer, owned, placeholders);
  if (!value || value->kind == LiteralKind::kNull || value->kind == LiteralKind::kDefault) return std::nullopt;
  token = tokenizer.next();
  return PointEquality{name.last(), *value};
}

}  // namespace

std::optional<std::vector<PointEquality>> parse_equalities(Tokenizer& tokenizer, std::string_view qualifier,
                                                           LiteralText& owned, uint32_t& placeholders, Token& after) {
  std::vector<PointEquality> equalities;
  equalities.reserve(2);
  size_t depth = 0;
  while (true) {
    after = tokenizer.next();
    for (; after.is_operator("("); after = tokenizer.next()) ++depth;
    auto equality = read_equality(tokenizer, after, qualifier, owned, placeholders);
    if (!equality) return std::nullopt;
    for (const PointEquality& known : equalities) {
      if (same_name(known.column, equality->column)) return std::nullopt;
    }
    equalities.push_back(*equality);
    for (; after.is_operator(")") && depth > 0; after = tokenizer.next()) --depth;
    if (!after.is_word("AND")) break;
  }
  if (depth != 0) return std::nullopt;
  return equalities;
}

std::optional<PointSelect> parse_point_select(std::string_view statement) { return PointParser(statement).parse(); }

}  // namespace freshet::query
