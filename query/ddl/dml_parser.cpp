#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

bool at_tail(const TokenCursor& cursor) { return cursor.at("ORDER BY") || cursor.at("LIMIT"); }
bool at_where_or_tail(const TokenCursor& cursor) { return cursor.at("WHERE") || at_tail(cursor); }
bool at_partitions(const TokenCursor& cursor) { return cursor.at("PARTITION") || cursor.at("PARTITIONS"); }

/// Words behind a table that are no alias of it.
bool ends_table(const TokenCursor& cursor) {
  for (std::string_view word : {"WHERE", "USING", "PARTITION", "PARTITIONS", "ORDER", "LIMIT", "SET", "JOIN", "INNER",
                                "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "STRAIGHT_JOIN", "ON"}) {
    if (cursor.at(word)) return true;
  }
  return !cursor.peek().is_name();
}

/// `[db.]t [PARTITION (p)] [[AS] alias] [PARTITION (p)]`.
Status parse_changed_table(TokenCursor& cursor, ChangedRows& rows) {
  FRESHET_ASSIGN_OR_RETURN(rows.table, parse_table_name(cursor));
  if (at_partitions(cursor)) {
    FRESHET_ASSIGN_OR_RETURN(rows.partitions, parse_partition_names(cursor));
  }
  if (cursor.accept("AS") || !ends_table(cursor)) {
    FRESHET_ASSIGN_OR_RETURN(rows.alias, cursor.name("an alias"));
  }
  if (rows.partitions.empty() && at_partitions(cursor)) {
    FRESHET_ASSIGN_OR_RETURN(rows.partitions, parse_partition_names(cursor));
  }
  return Status::OK();
}

/// Takes the table that table references (`a JOIN db.b AS c ON ...`) know as `name` as the changed one; false when none is.
Result<bool> find_changed_table(std::string_view references, std::string_view name, ChangedRows& rows) {
  FRESHET_ASSIGN_OR_RETURN(auto cursor, TokenCursor::open(references));
  bool is_reference = true;
  while (!cursor.at_end()) {
    if (is_reference && cursor.peek().is_name()) {
      ChangedRows found;
      FRESHET_RETURN_IF_ERROR(parse_changed_table(cursor, found));
      if ((found.alias.empty() ? found.table.table : found.alias) == name) {
        rows.table = std::move(found.table);
        rows.alias = std::move(found.alias);
        rows.sources_have_table = true;
        return true;
      }
      is_reference = false;
    } else if (cursor.at_operator("(")) {
      FRESHET_RETURN_IF_ERROR(cursor.skip_parenthesis());
      is_reference = false;
    } else {
      const Token& token = cursor.take();
      is_reference = token.is_operator(",") || token.is_word("JOIN") || token.is_word("STRAIGHT_JOIN");
    }
  }
  return false;
}

/// The qualifier of an assigned column ("" when there is none), and the column.
struct AssignedName {
  std::string qualifier;
  std::string column;
};

Result<AssignedName> parse_assigned_name(TokenCursor& cursor) {
  AssignedName name;
  FRESHET_ASSIGN_OR_RETURN(name.column, cursor.name("a column name"));
  while (cursor.accept_operator(".")) {
    name.qualifier = std::move(name.column);
    FRESHET_ASSIGN_OR_RETURN(name.column, cursor.name("a column name"));
  }
  return name;
}

/// WHERE, ORDER BY and LIMIT.
Status parse_condition(TokenCursor& cursor, ChangedRows& rows) {
  if (cursor.accept("WHERE")) {
    FRESHET_ASSIGN_OR_RETURN(rows.where, cursor.text_until("a condition", at_tail));
  }
  if (at_tail(cursor)) {
    rows.tail = cursor.rest();
    while (!cursor.at_end()) cursor.take();
  }
  return cursor.expect_end();
}

uint32_t count_placeholders(std::string_view text) {
  const auto offsets = placeholder_offsets(text);
  return offsets.ok() ? static_cast<uint32_t>(offsets.value().size()) : 0;
}

/// `k1 = v AND ...` as equalities; placeholders go on from those before the condition.
std::optional<std::vector<PointEquality>> find_equalities(const ChangedRows& rows, LiteralText& owned) {
  if (rows.where.empty() || !rows.with.empty() || !rows.sources.empty() || !rows.tail.empty() || !rows.partitions.empty()) {
    return std::nullopt;
  }
  Tokenizer tokenizer(rows.where);
  uint32_t placeholders = count_placeholders(rows.text.substr(0, static_cast<size_t>(rows.where.data() - rows.text.data())));
  Token after;
  const std::string& qualifier = rows.alias.empty() ? rows.table.table : rows.alias;
  auto equalities = parse_equalities(tokenizer, qualifier, owned, placeholders, after);
  if (after.kind != TokenKind::kEnd) return std::nullopt;
  return equalities;
}

/// `a FROM a JOIN b ...`, behind DELETE: MySQL's form for several tables, with rows of one of them deleted.
Status parse_joined_delete(TokenCursor& cursor, ChangedRows& rows) {
  FRESHET_ASSIGN_OR_RETURN(const AssignedName name, parse_assigned_name(cursor));
  if (cursor.at_operator(","))
    return Status::Unsupported("DELETE from several tables is not offered: one statement for each");
  if (!cursor.accept("FROM")) return cursor.error("FROM");
  FRESHET_ASSIGN_OR_RETURN(rows.sources, cursor.text_until("tables", at_where_or_tail));
  FRESHET_ASSIGN_OR_RETURN(const bool is_found, find_changed_table(rows.sources, name.column, rows));
  if (is_found) return Status::OK();
  return Status::NotFound("Unknown table '{}' in MULTI DELETE", name.column);
}

Result<Statement> parse_delete_with(TokenCursor& cursor, std::string_view with) {
  Delete statement;
  ChangedRows& rows = statement.rows;
  rows.text = cursor.text();
  rows.with = with;
  while (cursor.accept("LOW_PRIORITY") || cursor.accept("QUICK") || cursor.accept("IGNORE")) {
  }
  if (!cursor.accept("FROM")) {
    if (!cursor.peek().is_name()) return cursor.error("FROM");
    FRESHET_RETURN_IF_ERROR(parse_joined_delete(cursor, rows));
  } else {
    FRESHET_RETURN_IF_ERROR(parse_changed_table(cursor, rows));
    if (cursor.accept("USING")) {
      FRESHET_ASSIGN_OR_RETURN(rows.sources, cursor.text_until("tables", at_where_or_tail));
      const std::string name = rows.alias.empty() ? rows.table.table : rows.alias;
      FRESHET_RETURN_IF_ERROR(find_changed_table(rows.sources, name, rows).status());
    }
  }
  FRESHET_RETURN_IF_ERROR(parse_condition(cursor, rows));
  statement.equalities = find_equalities(rows, statement.literal_text);
  return Statement(std::move(statement));
}

bool ends_assignment(const TokenCursor& cursor) { return cursor.at("FROM") || at_where_or_tail(cursor); }

Result<Statement> parse_update_with(TokenCursor& cursor, std::string_view with) {
  Update statement;
  ChangedRows& rows = statement.rows;
  rows.text = cursor.text();
  rows.with = with;
  while (cursor.accept("LOW_PRIORITY") || cursor.accept("IGNORE")) {
  }
  const size_t begin = cursor.position();
  FRESHET_RETURN_IF_ERROR(parse_changed_table(cursor, rows));
  if (!cursor.at("SET")) {
    if (cursor.at_end() || cursor.at_operator("=")) return cursor.error("SET");
    cursor.rewind(begin);
    FRESHET_ASSIGN_OR_RETURN(rows.sources, cursor.text_until("tables", [](const TokenCursor& at) { return at.at("SET"); }));
    rows.sources_have_table = true;
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("SET"));
  const std::string first_name = rows.alias.empty() ? rows.table.table : rows.alias;
  std::string qualifier;
  FRESHET_RETURN_IF_ERROR(parse_assignments(cursor, ends_assignment, qualifier, statement.assignments));
  if (!qualifier.empty() && qualifier != first_name) {
    if (!rows.sources_have_table) return Status::NotFound("Unknown table '{}' in SET", qualifier);
    FRESHET_ASSIGN_OR_RETURN(const bool is_found, find_changed_table(rows.sources, qualifier, rows));
    if (!is_found) return Status::NotFound("Unknown table '{}' in SET", qualifier);
  }
  if (!rows.sources_have_table && cursor.accept("FROM")) {
    FRESHET_ASSIGN_OR_RETURN(rows.sources, cursor.text_until("tables", at_where_or_tail));
  }
  FRESHET_RETURN_IF_ERROR(parse_condition(cursor, rows));
  return Statement(std::move(statement));
}

}  // namespace

Status parse_assignments(TokenCursor& cursor, bool (*stops)(const TokenCursor&), std::string& qualifier,
                         std::vector<Assignment>& assignments) {
  do {
    FRESHET_ASSIGN_OR_RETURN(AssignedName name, parse_assigned_name(cursor));
    if (!name.qualifier.empty() && !qualifier.empty() && name.qualifier != qualifier) {
      return Status::Unsupported("UPDATE changes one table: '{}' and '{}' are two", qualifier, name.qualifier);
    }
    if (!name.qualifier.empty()) qualifier = std::move(name.qualifier);
    FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
    FRESHET_ASSIGN_OR_RETURN(const auto expression, cursor.text_until("an expression", [&](const TokenCursor& at) {
      return at.at_operator(",") || stops(at);
    }));
    assignments.push_back({std::move(name.column), expression});
  } while (cursor.accept_operator(","));
  return Status::OK();
}

Result<Statement> parse_delete(TokenCursor& cursor) { return parse_delete_with(cursor, {}); }
Result<Statement> parse_update(TokenCursor& cursor) { return parse_update_with(cursor, {}); }

std::optional<Result<Statement>> parse_behind_with(std::string_view text) {
  Tokenizer tokenizer(text);
  size_t depth = 0;
  bool is_behind_query = false;
  for (Token token = tokenizer.next(); token.kind != TokenKind::kEnd; token = tokenizer.next()) {
    if (token.kind == TokenKind::kInvalid) return std::nullopt;
    if (depth == 0 && is_behind_query && (token.is_word("SELECT") || token.is_operator("("))) return std::nullopt;
    if (depth == 0 && is_behind_query && (token.is_word("UPDATE") || token.is_word("DELETE") || token.is_word("MERGE"))) {
      auto cursor = TokenCursor::open(text);
      if (!cursor.ok()) return Result<Statement>(cursor.status());
      while (cursor->peek().offset < token.offset) cursor->take();
      cursor->take();
      const std::string_view with = text.substr(0, token.offset);
      return token.is_word("UPDATE")   ? parse_update_with(*cursor, with)
             : token.is_word("DELETE") ? parse_delete_with(*cursor, with)
                                       : parse_merge_with(*cursor, with);
    }
    if (token.is_operator("(")) ++depth;
    if (token.is_operator(")") && depth > 0) --depth;
    is_behind_query = depth == 0 && token.is_operator(")");
  }
  return std::nullopt;
}

}  // namespace freshet::query
