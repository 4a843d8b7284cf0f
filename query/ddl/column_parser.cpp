#include <algorithm>
#include <array>

#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

constexpr std::array<std::string_view, 10> kAggregates = {
    "SUM", "MAX", "MIN", "REPLACE", "REPLACE_IF_NOT_NULL", "HLL_UNION", "BITMAP_UNION", "QUANTILE_UNION", "GENERIC", "NONE"};

/// `CHARACTER SET x`, `CHARSET x`, `COLLATE x`: text is UTF-8 and compares by bytes whatever is asked for.
Result<bool> skip_charset(TokenCursor& cursor) {
  if (!cursor.accept("CHARACTER SET") && !cursor.accept("CHARSET") && !cursor.accept("COLLATE")) return false;
  FRESHET_ASSIGN_OR_RETURN(auto ignored, cursor.word_or_string("a character set or collation"));
  return !ignored.empty();
}

Result<std::vector<std::string>> parse_type_arguments(TokenCursor& cursor) {
  std::vector<std::string> arguments;
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  do {
    if (cursor.accept_operator("*")) {
      arguments.push_back("*");
    } else {
      FRESHET_ASSIGN_OR_RETURN(auto argument, cursor.word_or_string("a length"));
      arguments.push_back(std::move(argument));
    }
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  return arguments;
}

/// The `<...>` of ARRAY, MAP and STRUCT; the text goes into the type's name for the message that refuses it.
Status parse_nested_type(TokenCursor& cursor, TypeName& type) {
  size_t depth = 0;
  do {
    if (cursor.at_end()) return cursor.error("'>'");
    const Token& token = cursor.take();
    if (token.kind == TokenKind::kOperator) {
      depth += static_cast<size_t>(std::count(token.text.begin(), token.text.end(), '<'));
      const auto closed = static_cast<size_t>(std::count(token.text.begin(), token.text.end(), '>'));
      if (closed > depth) return cursor.error("one '>' less");
      depth -= closed;
    }
    type.name += to_upper(token.text);
  } while (depth > 0);
  return Status::OK();
}

Result<TypeName> parse_type(TokenCursor& cursor) {
  TypeName type;
  if (cursor.accept("NATIONAL")) {
  }
  if (cursor.peek().kind != TokenKind::kWord) return cursor.error("a column type");
  if (cursor.accept("DOUBLE PRECISION")) {
    type.name = "DOUBLE";
  } else if (cursor.accept("CHARACTER VARYING") || cursor.accept("CHAR VARYING")) {
    type.name = "VARCHAR";
  } else {
    type.name = to_upper(cursor.take().text);
  }
  if (cursor.at_operator("<")) FRESHET_RETURN_IF_ERROR(parse_nested_type(cursor, type));
  if (cursor.at_operator("(")) {
    FRESHET_ASSIGN_OR_RETURN(type.arguments, parse_type_arguments(cursor));
  }
  while (true) {
    if (cursor.accept("UNSIGNED") || cursor.accept("ZEROFILL")) {
      type.is_unsigned = true;
      continue;
    }
    if (cursor.accept("SIGNED") || cursor.accept("BINARY")) continue;
    FRESHET_ASSIGN_OR_RETURN(const bool skipped, skip_charset(cursor));
    if (!skipped) return type;
  }
}

Status skip_precision(TokenCursor& cursor) { return cursor.at_operator("(") ? cursor.skip_parenthesis() : Status::OK(); }

bool accept_current_timestamp(TokenCursor& cursor) {
  return cursor.accept("CURRENT_TIMESTAMP") || cursor.accept("NOW") || cursor.accept("LOCALTIME") ||
         cursor.accept("LOCALTIMESTAMP");
}

Status parse_default_number(TokenCursor& cursor, ColumnDefinition& column) {
  if (cursor.accept_operator("-")) {
    column.default_text = "-";
  } else {
    cursor.accept_operator("+");
  }
  if (cursor.peek().kind != TokenKind::kNumber) return cursor.error("a number");
  column.default_text += cursor.take().text;
  return Status::OK();
}

Status parse_on_update(TokenCursor& cursor, ColumnDefinition& column) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("UPDATE"));
  if (!accept_current_timestamp(cursor)) return cursor.error("CURRENT_TIMESTAMP");
  column.on_update_current_timestamp = true;
  return skip_precision(cursor);
}

bool accept_aggregate(TokenCursor& cursor, ColumnDefinition& column) {
  for (std::string_view aggregate : kAggregates) {
    if (!cursor.accept(aggregate)) continue;
    if (aggregate != "NONE") column.aggregate = aggregate;
    return true;
  }
  return false;
}

Status refuse_constraint(const TokenCursor& cursor) {
  if (cursor.at("CHECK") || cursor.at("CONSTRAINT")) return Status::Unsupported("CHECK constraints are not supported");
  if (cursor.at("REFERENCES")) return Status::Unsupported("Foreign keys are not supported");
  if (cursor.at("AS") || cursor.at("GENERATED")) return Status::Unsupported("Generated columns are not supported");
  return Status::OK();
}

/// One attribute of a column; false when there is none.
Result<bool> parse_attribute(TokenCursor& cursor, ColumnDefinition& column) {
  FRESHET_RETURN_IF_ERROR(refuse_constraint(cursor));
  if (cursor.accept("NOT NULL")) {
    column.nullable = false;
  } else if (cursor.accept("NULL")) {
    column.nullable = true;
  } else if (cursor.accept("PRIMARY KEY") || cursor.accept("PRIMARY")) {
    column.is_primary_key = true;
  } else if (cursor.accept("UNIQUE KEY") || cursor.accept("UNIQUE")) {
    column.is_unique = true;
  } else if (cursor.accept("KEY")) {
    column.is_key = true;
  } else if (cursor.accept("AUTO_INCREMENT")) {
    column.auto_increment = true;
    if (cursor.accept_operator("(")) {
      FRESHET_ASSIGN_OR_RETURN(column.auto_increment_start, cursor.number("the first value"));
      FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
    }
  } else if (cursor.accept("DEFAULT")) {
    FRESHET_RETURN_IF_ERROR(parse_default(cursor, column));
  } else if (cursor.accept("ON")) {
    FRESHET_RETURN_IF_ERROR(parse_on_update(cursor, column));
  } else if (cursor.accept("COMMENT")) {
    FRESHET_ASSIGN_OR_RETURN(column.comment, cursor.string("a comment in quotes"));
  } else if (!accept_aggregate(cursor, column)) {
    return skip_charset(cursor);
  }
  return true;
}

}  // namespace

Status parse_default(TokenCursor& cursor, ColumnDefinition& column) {
  if (cursor.accept("NULL")) {
    column.default_kind = DefaultKind::kNull;
    return Status::OK();
  }
  if (accept_current_timestamp(cursor)) {
    column.default_kind = DefaultKind::kCurrentTimestamp;
    return skip_precision(cursor);
  }
  if (cursor.accept("CURRENT_DATE") || cursor.accept("CURDATE")) {
    column.default_kind = DefaultKind::kCurrentDate;
    return skip_precision(cursor);
  }
  if (cursor.at_operator("(")) {
    const size_t begin = cursor.peek().offset;
    FRESHET_RETURN_IF_ERROR(cursor.skip_parenthesis());
    column.default_kind = DefaultKind::kExpression;
    column.default_text = cursor.text().substr(begin, cursor.peek().offset - begin);
    return Status::OK();
  }
  column.default_kind = DefaultKind::kText;
  if (cursor.peek().kind == TokenKind::kString) {
    column.default_text = unquote(cursor.take());
  } else if (cursor.accept("TRUE")) {
    column.default_text = "1";
  } else if (cursor.accept("FALSE")) {
    column.default_text = "0";
  } else if (cursor.accept("PI")) {
    column.default_text = "3.141592653589793";
  } else if (cursor.accept("E")) {
    column.default_text = "2.718281828459045";
  } else if (cursor.peek().kind == TokenKind::kWord || cursor.peek().kind == TokenKind::kBitString ||
             cursor.peek().kind == TokenKind::kHexString) {
    column.default_kind = DefaultKind::kExpression;
    column.default_text = cursor.take().text;
    return skip_precision(cursor);
  } else {
    return parse_default_number(cursor, column);
  }
  return Status::OK();
}

Result<ColumnDefinition> parse_column_definition(TokenCursor& cursor) {
  ColumnDefinition column;
  FRESHET_ASSIGN_OR_RETURN(column.name, cursor.name("a column name"));
  FRESHET_ASSIGN_OR_RETURN(column.type, parse_type(cursor));
  while (true) {
    FRESHET_ASSIGN_OR_RETURN(const bool any, parse_attribute(cursor, column));
    if (!any) return column;
  }
}

}  // namespace freshet::query
