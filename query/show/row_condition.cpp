#include "query/show/row_condition.h"

#include <algorithm>

#include "query/dialect/number_text.h"
#include "query/show/like_pattern.h"

namespace freshet::query {
namespace {

constexpr size_t kDepthMax = 100;

int sign_of(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

}  // namespace

int compare_cells(std::string_view left, std::string_view right, bool with_case) {
  const std::optional<int64_t> left_number = parse_number<int64_t>(left), right_number = parse_number<int64_t>(right);
  if (left_number && right_number) return *left_number < *right_number ? -1 : *left_number > *right_number ? 1 : 0;
  return sign_of(with_case ? left.compare(right) : to_lower(left).compare(to_lower(right)));
}

/// Reads a condition by descent: OR, AND, NOT, one comparison.
class RowConditionParser {
 public:
  RowConditionParser(TokenCursor& cursor, bool with_case, const RowCondition::FindColumn& find_column)
      : cursor_(cursor), with_case_(with_case), find_column_(find_column) {}

  Result<RowCondition> any() {
    if (++depth_ > kDepthMax) return Status::InvalidArgument("the condition is nested deeper than {} times", kDepthMax);
    auto joined = joined_by(RowCondition::Kind::kOr, "OR",
                            [this] { return joined_by(RowCondition::Kind::kAnd, "AND", [this] { return one(); }); });
    --depth_;
    return joined;
  }

 private:
  using Kind = RowCondition::Kind;

  template <typename Part>
  Result<RowCondition> joined_by(Kind kind, std::string_view word, Part part) {
    RowCondition joined;
    joined.kind_ = kind;
    do {
      FRESHET_ASSIGN_OR_RETURN(RowCondition condition, part());
      joined.children_.push_back(std::move(condition));
    } while (cursor_.accept(word));
    return joined;
  }

  static RowCondition negated(RowCondition condition, bool is_negated) {
    if (!is_negated) return condition;
    RowCondition outer;
    outer.kind_ = Kind::kNot;
    outer.children_.push_back(std::move(condition));
    return outer;
  }

  Result<RowCondition> one() {
    bool is_negated = false;
    while (cursor_.accept("NOT") || cursor_.accept_operator("!")) is_negated = !is_negated;
    FRESHET_ASSIGN_OR_RETURN(RowCondition inner, plain());
    return negated(std::move(inner), is_negated);
  }

  Result<RowCondition> plain() {
    if (cursor_.accept_operator("(")) {
      FRESHET_ASSIGN_OR_RETURN(RowCondition inner, any());
      FRESHET_RETURN_IF_ERROR(cursor_.expect_operator(")"));
      return inner;
    }
    return comparison();
  }

  Result<RowCondition> comparison() {
    FRESHET_ASSIGN_OR_RETURN(const std::string name, cursor_.name("a column"));
    FRESHET_ASSIGN_OR_RETURN(const size_t column, find_column_(name));
    RowCondition condition;
    condition.with_case_ = with_case_;
    condition.column_ = column;
    if (cursor_.accept("IS")) {
      const bool is_negated = cursor_.accept("NOT");
      FRESHET_RETURN_IF_ERROR(cursor_.expect("NULL"));
      condition.kind_ = Kind::kIsNull;
      return negated(std::move(condition), is_negated);
    }
    const bool is_negated = cursor_.accept("NOT");
    if (cursor_.accept("IN")) {
      FRESHET_ASSIGN_OR_RETURN(RowCondition list, one_of(std::move(condition)));
      return negated(std::move(list), is_negated);
    }
    if (cursor_.accept("LIKE")) {
      condition.kind_ = Kind::kLike;
      FRESHET_ASSIGN_OR_RETURN(condition.value_, cursor_.word_or_string("a pattern"));
      return negated(std::move(condition), is_negated);
    }
    if (is_negated) return cursor_.error("LIKE or IN");
    return compared(std::move(condition));
  }

  /// column <operator> value.
  Result<RowCondition> compared(RowCondition condition) {
    struct Operator {
      std::string_view symbol;
      Kind kind;
      bool is_negated;
    };
    constexpr Operator kOperators[] = {
        {"=", Kind::kEqual, false}, {"<=>", Kind::kEqual, false}, {"<>", Kind::kEqual, true},   {"!=", Kind::kEqual, true},
        {"<", Kind::kLess, false},  {"<=", Kind::kGreater, true}, {">", Kind::kGreater, false}, {">=", Kind::kLess, true}};
    for (const Operator& candidate : kOperators) {
      if (!cursor_.accept_operator(candidate.symbol)) continue;
      condition.kind_ = candidate.kind;
      FRESHET_ASSIGN_OR_RETURN(condition.value_, cursor_.word_or_string("a value"));
      return negated(std::move(condition), candidate.is_negated);
    }
    return cursor_.error("a comparison");
  }

  Result<RowCondition> one_of(RowCondition condition) {
    condition.kind_ = Kind::kEqual;
    RowCondition list;
    list.kind_ = Kind::kOr;
    FRESHET_RETURN_IF_ERROR(cursor_.expect_operator("("));
    do {
      FRESHET_ASSIGN_OR_RETURN(condition.value_, cursor_.word_or_string("a value"));
      list.children_.push_back(condition);
    } while (cursor_.accept_operator(","));
    FRESHET_RETURN_IF_ERROR(cursor_.expect_operator(")"));
    return list;
  }

  TokenCursor& cursor_;
  const bool with_case_;
  const RowCondition::FindColumn& find_column_;
  size_t depth_ = 0;
};

Result<RowCondition> RowCondition::parse(std::string_view where, bool with_case, const FindColumn& find_column) {
  FRESHET_ASSIGN_OR_RETURN(TokenCursor cursor, TokenCursor::open(where));
  FRESHET_ASSIGN_OR_RETURN(RowCondition condition, RowConditionParser(cursor, with_case, find_column).any());
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return condition;
}

std::optional<bool> RowCondition::evaluate(const std::vector<TextCell>& row) const {
  switch (kind_) {
    case Kind::kAnd:
    case Kind::kOr: return join(row);
    case Kind::kNot: {
      const std::optional<bool> inner = children_.front().evaluate(row);
      return inner ? std::optional(!*inner) : inner;
    }
    case Kind::kIsNull: return !row[column_].has_value();
    default: break;
  }
  const TextCell& cell = row[column_];
  if (!cell) return std::nullopt;
  if (kind_ == Kind::kLike) return like_matches(value_, *cell);
  const int order = compare_cells(*cell, value_, with_case_);
  return kind_ == Kind::kEqual ? order == 0 : kind_ == Kind::kLess ? order < 0 : order > 0;
}

/// AND ends with the first false, OR with the first true; else one that is unknown makes all unknown.
std::optional<bool> RowCondition::join(const std::vector<TextCell>& row) const {
  const bool ending = kind_ == Kind::kOr;
  bool is_unknown = false;
  for (const RowCondition& child : children_) {
    const std::optional<bool> value = child.evaluate(row);
    if (value == std::optional(ending)) return ending;
    is_unknown |= !value;
  }
  return is_unknown ? std::nullopt : std::optional(!ending);
}

}  // namespace freshet::query
