#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

bool at_tail(const TokenCursor& cursor) { return cursor.at("ORDER BY") || cursor.at("LIMIT"); }

/// `[AS] alias`, before `stops`.
Status parse_alias(TokenCursor& cursor, std::string& alias, std::initializer_list<std::string_view> stops) {
  if (!cursor.accept("AS")) {
    for (std::string_view stop : stops) {
      if (cursor.at(stop)) return Status::OK();
    }
    if (!cursor.peek().is_name()) return Status::OK();
  }
  FRESHET_ASSIGN_OR_RETURN(alias, cursor.name("an alias"));
  return Status::OK();
}

uint32_t count_placeholders(std::string_view text) {
  const auto offsets = placeholder_offsets(text);
  return offsets.ok() ? static_cast<uint32_t>(offsets.value().size()) : 0;
}

/// `k1 = v AND ...` as equalities; placeholders go on from those before `where` in `text`.
std::optional<std::vector<PointEquality>> find_equalities(std::string_view text, std::string_view where,
                                                          std::string_view qualifier, LiteralText& owned) {
  Tokenizer tokenizer(where);
  uint32_t placeholders = count_placeholders(text.substr(0, static_cast<size_t>(where.data() - text.data())));
  Token after;
  auto equalities = parse_equalities(tokenizer, qualifier, owned, placeholders, after);
  if (after.kind != TokenKind::kEnd) return std::nullopt;
  return equalities;
}

/// WHERE and what follows it, of DELETE and UPDATE alike.
template <typename Statement>
Status parse_condition(TokenCursor& cursor, Statement& statement) {
  if (cursor.accept("WHERE")) {
    FRESHET_ASSIGN_OR_RETURN(statement.where, cursor.text_until("a condition", at_tail));
    if (statement.simple) {
      const std::string& qualifier = statement.alias.empty() ? statement.table.table : statement.alias;
      statement.equalities = find_equalities(statement.text, statement.where, qualifier, statement.literal_text);
    }
  }
  if (at_tail(cursor)) {
    statement.simple = false;
    while (!cursor.at_end()) cursor.take();
  }
  return cursor.expect_end();
}

void skip_to_where(TokenCursor& cursor) {
  while (!cursor.at_end() && !cursor.at("WHERE")) cursor.take();
}

}  // namespace

Result<Statement> parse_delete(TokenCursor& cursor) {
  Delete statement;
  statement.text = cursor.text();
  while (cursor.accept("LOW_PRIORITY") || cursor.accept("QUICK") || cursor.accept("IGNORE")) {
  }
  if (!cursor.accept("FROM")) {
    if (!cursor.peek().is_name()) return cursor.error("FROM");
    return Status::Unsupported("DELETE from several tables is not supported: write DELETE FROM t USING ... WHERE ...");
  }
  FRESHET_ASSIGN_OR_RETURN(statement.table, parse_table_name(cursor));
  FRESHET_RETURN_IF_ERROR(
      parse_alias(cursor, statement.alias, {"WHERE", "USING", "PARTITION", "PARTITIONS", "ORDER", "LIMIT"}));
  if (cursor.at("USING") || cursor.at("PARTITION") || cursor.at("PARTITIONS")) {
    statement.simple = false;
    skip_to_where(cursor);
  }
  FRESHET_RETURN_IF_ERROR(parse_condition(cursor, statement));
  return freshet::query::Statement(std::move(statement));
}

Result<Statement> parse_update(TokenCursor& cursor) {
  Update statement;
  statement.text = cursor.text();
  while (cursor.accept("LOW_PRIORITY") || cursor.accept("IGNORE")) {
  }
  FRESHET_ASSIGN_OR_RETURN(statement.table, parse_table_name(cursor));
  FRESHET_RETURN_IF_ERROR(parse_alias(cursor, statement.alias, {"SET", "JOIN", "INNER", "LEFT", "RIGHT", "CROSS"}));
  if (!cursor.accept("SET")) {
    if (cursor.at_end() || cursor.at_operator("=")) return cursor.error("SET");
    return Status::Unsupported("UPDATE of joined tables is not supported: write UPDATE t SET ... FROM ... WHERE ...");
  }
  auto stops = [](const TokenCursor& at) { return at.at_operator(",") || at.at("WHERE") || at.at("FROM") || at_tail(at); };
  do {
    FRESHET_ASSIGN_OR_RETURN(auto name, cursor.name("a column name"));
    // The table or its alias may stand before the column.
    while (cursor.accept_operator(".")) {
      FRESHET_ASSIGN_OR_RETURN(name, cursor.name("a column name"));
    }
    FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
    FRESHET_ASSIGN_OR_RETURN(auto expression, cursor.text_until("an expression", stops));
    statement.assignments.push_back({std::move(name), expression});
  } while (cursor.accept_operator(","));
  if (cursor.at("FROM")) {
    statement.simple = false;
    skip_to_where(cursor);
  }
  FRESHET_RETURN_IF_ERROR(parse_condition(cursor, statement));
  return freshet::query::Statement(std::move(statement));
}

}  // namespace freshet::query
