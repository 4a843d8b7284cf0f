#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "query/dialect/literal.h"

namespace freshet::query {

/// `column = value` of a WHERE clause.
struct PointEquality {
  std::string_view column;
  Literal value;
};

/// `column IN (value, ...)`.
struct PointList {
  std::string_view column;      ///< empty: there is none
  std::vector<Literal> values;  ///< 1 to kMaxPointKeys; no DEFAULT
};
/// Longer lists are the engine's work.
inline constexpr size_t kMaxPointKeys = 1024;

/// `column BETWEEN low AND high`.
struct PointRange {
  std::string_view column;  ///< empty: there is none
  Literal low, high;        ///< never NULL or DEFAULT
};

/// `SELECT [DISTINCT] <columns> FROM t WHERE k1 = <value> AND k2 = <value> ... [ORDER BY <columns>] [LIMIT n]`: what the
/// point path may answer without the engine.
///
/// Found by its form alone. The caller checks that the conditions are on the key columns of a UNIQUE table and that
/// every column exists; else the statement goes to the engine. Views point into the statement (or into `text`).
struct PointSelect {
  struct Output {
    std::string_view column;
    std::string_view label;  ///< alias, or the column as written
  };
  struct Order {
    std::string_view column;
    bool is_descending = false;
  };

  std::string_view database;  ///< empty = the current one
  std::string_view table;
  bool star = false;  ///< `*`; `outputs` is empty then
  std::vector<Output> outputs;
  std::vector<PointEquality> equalities;  ///< never NULL or DEFAULT
  PointList list;                         ///< no column has two conditions
  PointRange range;
  bool is_distinct = false;
  std::vector<Order> order;  ///< ORDER BY
  uint64_t limit = UINT64_MAX;
  uint32_t placeholder_count = 0;
  LiteralText text;
};

/// The statement as a point read, or nothing when it has any other form. Quick: tried for every SELECT.
std::optional<PointSelect> parse_point_select(std::string_view statement);

/// Reads `k1 = v [AND k2 = v ...]`, parentheses allowed, up to the end or the first other token, which goes to `after`.
/// Nothing when it has another form. `qualifiers` may stand before the columns.
std::optional<std::vector<PointEquality>> parse_equalities(Tokenizer& tokenizer, std::string_view qualifier,
                                                           LiteralText& owned, uint32_t& placeholders, Token& after);

}  // namespace freshet::query
