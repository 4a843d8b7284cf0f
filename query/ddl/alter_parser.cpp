#include <optional>

#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

AlterClause clause_of(AlterKind kind) {
  AlterClause clause;
  clause.kind = kind;
  return clause;
}

Status parse_position(TokenCursor& cursor, AlterClause& clause) {
  clause.first = cursor.accept("FIRST");
  if (!cursor.accept("AFTER")) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(clause.after, cursor.name("a column name"));
  return Status::OK();
}

Status parse_add_columns(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  const bool if_not_exists = cursor.accept("IF NOT EXISTS");
  const bool several = cursor.accept_operator("(");
  do {
    AlterClause clause = clause_of(AlterKind::kAddColumn);
    clause.if_exists = if_not_exists;
    FRESHET_ASSIGN_OR_RETURN(clause.column, parse_column_definition(cursor));
    clause.name = clause.column.name;
    FRESHET_RETURN_IF_ERROR(parse_position(cursor, clause));
    clauses.push_back(std::move(clause));
  } while (several && cursor.accept_operator(","));
  return several ? cursor.expect_operator(")") : Status::OK();
}

/// Up to the comma that ends the clause: ADD INDEX and what is not parsed.
Status skip_clause(TokenCursor& cursor, std::vector<AlterClause>& clauses, AlterKind kind) {
  FRESHET_ASSIGN_OR_RETURN(
      auto ignored, cursor.text_until("a change of the table", [](const TokenCursor& at) { return at.at_operator(","); }));
  clauses.push_back(clause_of(ignored.empty() ? AlterKind::kOther : kind));
  return Status::OK();
}

bool at_index(const TokenCursor& cursor) {
  return cursor.at("INDEX") || cursor.at("KEY") || cursor.at("UNIQUE") || cursor.at("FULLTEXT") || cursor.at("SPATIAL");
}

bool at_other_object(const TokenCursor& cursor) {
  for (std::string_view word :
       {"PARTITION", "TEMPORARY", "ROLLUP", "PRIMARY", "FOREIGN", "CONSTRAINT", "CHECK", "GENERATED"}) {
    if (cursor.at(word)) return true;
  }
  return false;
}

Status parse_add(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  if (cursor.accept("COLUMN")) return parse_add_columns(cursor, clauses);
  if (at_index(cursor)) return skip_clause(cursor, clauses, AlterKind::kIndex);
  if (at_other_object(cursor)) return skip_clause(cursor, clauses, AlterKind::kOther);
  return parse_add_columns(cursor, clauses);
}

Status parse_drop_clause(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  if (!cursor.accept("COLUMN")) {
    if (at_index(cursor)) return skip_clause(cursor, clauses, AlterKind::kIndex);
    if (at_other_object(cursor)) return skip_clause(cursor, clauses, AlterKind::kOther);
  }
  AlterClause clause = clause_of(AlterKind::kDropColumn);
  clause.if_exists = cursor.accept("IF EXISTS");
  FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a column name"));
  clauses.push_back(std::move(clause));
  return Status::OK();
}

Status parse_modify(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  AlterClause clause;
  if (cursor.accept("COMMENT")) {
    clause.kind = AlterKind::kTableComment;
    FRESHET_ASSIGN_OR_RETURN(clause.new_name, cursor.string("a comment in quotes"));
  } else {
    cursor.accept("COLUMN");
    if (cursor.at_ahead(1, "COMMENT")) {
      clause.kind = AlterKind::kModifyComment;
      FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a column name"));
      cursor.take();
      FRESHET_ASSIGN_OR_RETURN(clause.new_name, cursor.string("a comment in quotes"));
    } else {
      clause.kind = AlterKind::kModifyColumn;
      FRESHET_ASSIGN_OR_RETURN(clause.column, parse_column_definition(cursor));
      clause.name = clause.column.name;
      FRESHET_RETURN_IF_ERROR(parse_position(cursor, clause));
    }
  }
  clauses.push_back(std::move(clause));
  return Status::OK();
}

Status parse_change(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  cursor.accept("COLUMN");
  AlterClause clause = clause_of(AlterKind::kModifyColumn);
  FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a column name"));
  FRESHET_ASSIGN_OR_RETURN(clause.column, parse_column_definition(cursor));
  FRESHET_RETURN_IF_ERROR(parse_position(cursor, clause));
  clauses.push_back(std::move(clause));
  return Status::OK();
}

Status parse_rename(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  AlterClause clause;
  if (cursor.at("PARTITION") || cursor.at("ROLLUP")) return skip_clause(cursor, clauses, AlterKind::kOther);
  if (cursor.accept("INDEX") || cursor.accept("KEY")) return skip_clause(cursor, clauses, AlterKind::kIndex);
  if (cursor.accept("COLUMN")) {
    clause.kind = AlterKind::kRenameColumn;
    FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a column name"));
    cursor.accept("TO");
  } else {
    clause.kind = AlterKind::kRenameTable;
    if (!cursor.accept("TO")) cursor.accept("AS");
  }
  FRESHET_ASSIGN_OR_RETURN(clause.new_name, cursor.name("a new name"));
  clauses.push_back(std::move(clause));
  return Status::OK();
}

/// MySQL's COMMENT [=] '...'.
Status parse_table_comment(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  cursor.accept_operator("=");
  AlterClause clause = clause_of(AlterKind::kTableComment);
  FRESHET_ASSIGN_OR_RETURN(clause.new_name, cursor.string("a comment in quotes"));
  clauses.push_back(std::move(clause));
  return Status::OK();
}

/// MySQL's ALTER [COLUMN] c SET DEFAULT v, or DROP DEFAULT.
Status parse_alter_column(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  cursor.accept("COLUMN");
  AlterClause clause = clause_of(AlterKind::kModifyDefault);
  FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a column name"));
  if (cursor.accept("SET DEFAULT")) {
    FRESHET_RETURN_IF_ERROR(parse_default(cursor, clause.column));
  } else {
    FRESHET_RETURN_IF_ERROR(cursor.expect("DROP DEFAULT"));
  }
  clauses.push_back(std::move(clause));
  return Status::OK();
}

Status parse_order(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  AlterClause clause = clause_of(AlterKind::kReorderColumns);
  FRESHET_ASSIGN_OR_RETURN(clause.names, cursor.name_list("a column name"));
  clauses.push_back(std::move(clause));
  return Status::OK();
}

Status parse_alter_clause(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  FRESHET_ASSIGN_OR_RETURN(const bool is_partition, parse_alter_partition(cursor, clauses));
  if (is_partition) return Status::OK();
  if (cursor.accept("ADD")) return parse_add(cursor, clauses);
  if (cursor.at("DROP") && !cursor.at_ahead(1, "PARTITION")) {
    cursor.take();
    return parse_drop_clause(cursor, clauses);
  }
  if (cursor.accept("MODIFY")) return parse_modify(cursor, clauses);
  if (cursor.accept("CHANGE")) return parse_change(cursor, clauses);
  if (cursor.accept("RENAME")) return parse_rename(cursor, clauses);
  if (cursor.accept("ALTER")) return parse_alter_column(cursor, clauses);
  if (cursor.accept("COMMENT")) return parse_table_comment(cursor, clauses);
  if (cursor.accept("ORDER BY")) return parse_order(cursor, clauses);
  if (cursor.at("SET") && cursor.peek(1).is_operator("(")) {
    cursor.take();
    AlterClause clause = clause_of(AlterKind::kSetProperties);
    FRESHET_ASSIGN_OR_RETURN(clause.properties, cursor.properties());
    clauses.push_back(std::move(clause));
    return Status::OK();
  }
  if (cursor.accept("ENABLE FEATURE")) {
    AlterClause clause = clause_of(AlterKind::kEnableFeature);
    FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.string("the name of a feature in quotes"));
    if (cursor.accept("WITH PROPERTIES")) {
      FRESHET_ASSIGN_OR_RETURN(clause.properties, cursor.properties());
    }
    clauses.push_back(std::move(clause));
    return Status::OK();
  }
  if (cursor.accept("COMPACT")) {
    clauses.push_back(clause_of(AlterKind::kCompact));
    return Status::OK();
  }
  return skip_clause(cursor, clauses, AlterKind::kOther);
}

/// What follows Doris's ALTER TABLE a REPLACE WITH TABLE: b [PROPERTIES ("swap" = "true")].
Result<Statement> parse_replacement(TokenCursor& cursor, TableName name) {
  ReplaceTable replace;
  replace.name = std::move(name);
  FRESHET_ASSIGN_OR_RETURN(replace.by, cursor.name("a table name"));
  if (cursor.accept("PROPERTIES")) {
    FRESHET_ASSIGN_OR_RETURN(const Properties properties, cursor.properties());
    for (const auto& [property, value] : properties) {
      const bool is_yes = equals_word(value, "TRUE");
      if (property != "swap" || (!is_yes && !equals_word(value, "FALSE"))) {
        return Status::InvalidArgument("REPLACE WITH TABLE takes the property swap, true or false, not '{}' = '{}'",
                                       property, value);
      }
      replace.swap = is_yes;
    }
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(replace));
}

}  // namespace

Result<Statement> parse_alter(TokenCursor& cursor) {
  if (cursor.accept("ROUTINE LOAD")) return parse_alter_routine_load(cursor);
  if (cursor.accept("USER")) return parse_alter_user(cursor);
  if (cursor.accept("ROLE")) return parse_alter_role(cursor);
  FRESHET_ASSIGN_OR_RETURN(auto workload_group, parse_workload_group(cursor, WorkloadGroupAction::kAlter));
  if (workload_group) return *std::move(workload_group);
  if (cursor.accept("VIEW")) {
    CreateView view;
    view.must_exist = true;
    return parse_create_view(cursor, std::move(view));
  }
  for (std::string_view other : {"DATABASE", "SCHEMA", "CATALOG", "SYSTEM", "RESOURCE", "WORKLOAD"}) {
    if (cursor.at(other)) return Status::Unsupported("ALTER {} is not supported", other);
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("TABLE"));
  AlterTable alter;
  alter.text = cursor.text();
  FRESHET_ASSIGN_OR_RETURN(alter.name, parse_table_name(cursor));
  // MySQL's dumps put these around rows; keys need no rest here.
  if (cursor.accept("DISABLE KEYS") || cursor.accept("ENABLE KEYS")) {
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(NoOperation{"ALTER TABLE KEYS"});
  }
  if (cursor.accept("REPLACE WITH TABLE")) return parse_replacement(cursor, std::move(alter.name));
  do {
    FRESHET_RETURN_IF_ERROR(parse_alter_clause(cursor, alter.clauses));
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(alter));
}

Result<Statement> parse_rename_table(TokenCursor& cursor) {
  if (cursor.accept("USER")) return parse_rename_user(cursor);
  FRESHET_RETURN_IF_ERROR(cursor.expect("TABLE"));
  RenameTables rename;
  do {
    FRESHET_ASSIGN_OR_RETURN(TableName name, parse_table_name(cursor));
    FRESHET_RETURN_IF_ERROR(cursor.expect("TO"));
    FRESHET_ASSIGN_OR_RETURN(TableName new_name, parse_table_name(cursor));
    rename.renames.emplace_back(std::move(name), std::move(new_name));
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(rename));
}

Result<Statement> parse_drop(TokenCursor& cursor) {
  if (cursor.accept("DATABASE") || cursor.accept("SCHEMA")) {
    DropDatabase drop;
    drop.if_exists = cursor.accept("IF EXISTS");
    FRESHET_ASSIGN_OR_RETURN(drop.name, cursor.name("a database name"));
    drop.force = cursor.accept("FORCE");
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(std::move(drop));
  }
  if (cursor.accept("VIEW")) return parse_drop_view(cursor);
  if (cursor.accept("USER")) return parse_drop_user(cursor);
  if (cursor.accept("ROLE")) return parse_drop_role(cursor);
  if (cursor.at("PREPARE")) return parse_deallocate(cursor);
  FRESHET_ASSIGN_OR_RETURN(auto workload_group, parse_workload_group(cursor, WorkloadGroupAction::kDrop));
  if (workload_group) return *std::move(workload_group);
  if (cursor.accept("TABLE")) {
    DropTable drop;
    drop.if_exists = cursor.accept("IF EXISTS");
    do {
      FRESHET_ASSIGN_OR_RETURN(auto name, parse_table_name(cursor));
      drop.names.push_back(std::move(name));
    } while (cursor.accept_operator(","));
    drop.force = cursor.accept("FORCE");
    if (!cursor.accept("RESTRICT")) cursor.accept("CASCADE");
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(std::move(drop));
  }
  if (cursor.accept("INDEX")) {
    DropIndex drop;
    drop.if_exists = cursor.accept("IF EXISTS");
    FRESHET_ASSIGN_OR_RETURN(drop.name, cursor.name("an index name"));
    FRESHET_RETURN_IF_ERROR(cursor.expect("ON"));
    FRESHET_ASSIGN_OR_RETURN(drop.table, parse_table_name(cursor));
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(std::move(drop));
  }
  if (cursor.peek().kind == TokenKind::kWord && cursor.peek(1).is_name()) {
    return Status::Unsupported("DROP {} is not supported", to_upper(cursor.peek().text));
  }
  return cursor.error("DATABASE, TABLE or INDEX");
}

Result<TableName> parse_table_name(TokenCursor& cursor) {
  TableName name;
  FRESHET_ASSIGN_OR_RETURN(name.table, cursor.name("a table name"));
  for (int parts = 1; cursor.accept_operator("."); ++parts) {
    // Doris's tools may name its own catalog: internal.db.t.
    if (parts == 2 && name.database != "internal") return Status::InvalidArgument("Unknown catalog '{}'", name.database);
    if (parts == 3) return cursor.error("at most a catalog, a database and a table");
    name.database = std::move(name.table);
    FRESHET_ASSIGN_OR_RETURN(name.table, cursor.name("a table name"));
  }
  return name;
}

}  // namespace freshet::query
