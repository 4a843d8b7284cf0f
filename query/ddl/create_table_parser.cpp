#include <array>

#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

/// Behind KEY, INDEX, UNIQUE and the like: `[name] (column`, and not a column with that name.
bool at_index_body(const TokenCursor& cursor, size_t ahead) {
  if (cursor.peek(ahead).is_name() && !cursor.at_ahead(ahead, "USING")) ++ahead;
  if (cursor.at_ahead(ahead, "USING")) ahead += 2;
  return cursor.peek(ahead).is_operator("(") && cursor.peek(ahead + 1).is_name();
}

/// What stands behind an index's columns: USING, COMMENT, PROPERTIES and MySQL's options change nothing here.
Status skip_index_options(TokenCursor& cursor) {
  while (true) {
    if (cursor.accept("USING") || cursor.accept("KEY_BLOCK_SIZE") || cursor.accept("COMMENT") ||
        cursor.accept("WITH PARSER")) {
      cursor.accept_operator("=");
      FRESHET_ASSIGN_OR_RETURN(auto ignored, cursor.word_or_string("an index option"));
    } else if (cursor.accept("PROPERTIES")) {
      FRESHET_ASSIGN_OR_RETURN(auto ignored, cursor.properties());
    } else {
      return Status::OK();
    }
  }
}

/// `[name] [USING method] (columns) options`.
Status parse_index_body(TokenCursor& cursor, IndexDefinition& index) {
  cursor.accept("IF NOT EXISTS");
  if (!cursor.at_operator("(") && !cursor.at("USING")) {
    FRESHET_ASSIGN_OR_RETURN(index.name, cursor.name("an index name"));
  }
  if (cursor.accept("USING")) cursor.take();
  FRESHET_ASSIGN_OR_RETURN(index.columns, cursor.name_list("a column name"));
  return skip_index_options(cursor);
}

Status set_key(TokenCursor& cursor, CreateTable& table, KeyModel model, std::vector<std::string> columns) {
  if (table.key_model != KeyModel::kNone) return Status::InvalidArgument("Multiple primary key defined");
  if (columns.empty()) return cursor.error("key columns");
  table.key_model = model;
  table.key_columns = std::move(columns);
  return Status::OK();
}

Status parse_primary_key(TokenCursor& cursor, CreateTable& table) {
  IndexDefinition index;
  FRESHET_RETURN_IF_ERROR(cursor.expect("KEY"));
  FRESHET_RETURN_IF_ERROR(parse_index_body(cursor, index));
  return set_key(cursor, table, KeyModel::kPrimary, std::move(index.columns));
}

Result<bool> parse_index(TokenCursor& cursor, CreateTable& table) {
  IndexDefinition index;
  size_t ahead = 1;
  if (cursor.at("UNIQUE")) {
    index.kind = IndexKind::kUnique;
  } else if (cursor.at("FULLTEXT")) {
    index.kind = IndexKind::kFulltext;
  } else if (cursor.at("SPATIAL")) {
    index.kind = IndexKind::kSpatial;
  } else if (!cursor.at("KEY") && !cursor.at("INDEX")) {
    return false;
  }
  if (index.kind != IndexKind::kPlain && (cursor.at_ahead(1, "KEY") || cursor.at_ahead(1, "INDEX"))) ahead = 2;
  if (!at_index_body(cursor, ahead)) return false;
  for (size_t i = 0; i < ahead; ++i) cursor.take();
  FRESHET_RETURN_IF_ERROR(parse_index_body(cursor, index));
  table.indexes.push_back(std::move(index));
  return true;
}

Status parse_element(TokenCursor& cursor, CreateTable& table) {
  if (cursor.accept("CONSTRAINT") && !cursor.at("PRIMARY") && !cursor.at("UNIQUE") && !cursor.at("FOREIGN") &&
      !cursor.at("CHECK")) {
    FRESHET_ASSIGN_OR_RETURN(auto ignored, cursor.name("a constraint name"));
  }
  if (cursor.at("FOREIGN KEY")) return Status::Unsupported("Foreign keys are not supported");
  if (cursor.at("CHECK") && cursor.peek(1).is_operator("("))
    return Status::Unsupported("CHECK constraints are not supported");
  if (cursor.at("PRIMARY KEY")) {
    cursor.take();
    return parse_primary_key(cursor, table);
  }
  FRESHET_ASSIGN_OR_RETURN(const bool index, parse_index(cursor, table));
  if (index) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(auto column, parse_column_definition(cursor));
  if (column.is_primary_key) FRESHET_RETURN_IF_ERROR(set_key(cursor, table, KeyModel::kPrimary, {column.name}));
  if (column.is_unique) table.indexes.push_back({column.name, IndexKind::kUnique, {column.name}});
  table.columns.push_back(std::move(column));
  return Status::OK();
}

Status parse_elements(TokenCursor& cursor, CreateTable& table) {
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  while (!cursor.at_operator(")")) {
    FRESHET_RETURN_IF_ERROR(parse_element(cursor, table));
    if (!cursor.accept_operator(",")) break;
  }
  if (!cursor.accept_operator(")")) return cursor.error("',' or ')'");
  return table.columns.empty() ? Status::InvalidArgument("A table must have at least 1 column") : Status::OK();
}

Status parse_distribution(TokenCursor& cursor, CreateTable& table) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("BY"));
  if (cursor.accept("RANDOM")) {
    table.distribution = Distribution::kRandom;
  } else {
    if (!cursor.accept("HASH")) return cursor.error("HASH(columns) or RANDOM");
    table.distribution = Distribution::kHash;
    FRESHET_ASSIGN_OR_RETURN(table.distribution_columns, cursor.name_list("a column name"));
  }
  if (!cursor.accept("BUCKETS")) return Status::OK();
  table.auto_buckets = cursor.accept("AUTO");
  if (table.auto_buckets) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(table.buckets, cursor.number("a number of buckets, or AUTO"));
  return Status::OK();
}

/// MySQL's `NAME [=] value`.
Status parse_option(TokenCursor& cursor, CreateTable& table) {
  cursor.accept("DEFAULT");
  if (cursor.peek().kind != TokenKind::kWord) return cursor.error("a table option or the end of the statement");
  std::string name = to_upper(cursor.take().text);
  if (name == "CHARACTER" && cursor.accept("SET")) name = "CHARSET";
  if ((name == "DATA" || name == "INDEX") && cursor.accept("DIRECTORY")) name += " DIRECTORY";
  cursor.accept_operator("=");
  FRESHET_ASSIGN_OR_RETURN(auto value, cursor.word_or_string(fmt::format("a value of {}", name)));
  if (name == "ENGINE") {
    table.engine = std::move(value);
  } else if (name == "COMMENT") {
    table.comment = std::move(value);
  } else {
    table.options.emplace_back(std::move(name), std::move(value));
  }
  return Status::OK();
}

Result<bool> parse_key_clause(TokenCursor& cursor, CreateTable& table) {
  KeyModel model = KeyModel::kNone;
  if (cursor.accept("UNIQUE KEY")) model = KeyModel::kUnique;
  if (cursor.accept("DUPLICATE KEY")) model = KeyModel::kDuplicate;
  if (cursor.accept("AGGREGATE KEY")) model = KeyModel::kAggregate;
  if (cursor.accept("PRIMARY KEY")) model = KeyModel::kPrimary;
  if (model == KeyModel::kNone) return false;
  FRESHET_ASSIGN_OR_RETURN(auto columns, cursor.name_list("a key column"));
  FRESHET_RETURN_IF_ERROR(set_key(cursor, table, model, std::move(columns)));
  return true;
}

bool at_query(const TokenCursor& cursor) { return cursor.at("SELECT") || cursor.at("WITH") || cursor.at_operator("("); }

/// Behind AS: the rest of the statement.
Status parse_query_of_table(TokenCursor& cursor, CreateTable& table) {
  if (!at_query(cursor)) return cursor.error("a query");
  table.query = trim(cursor.rest());
  while (!cursor.at_end()) cursor.take();
  return Status::OK();
}

Status parse_clause(TokenCursor& cursor, CreateTable& table) {
  FRESHET_ASSIGN_OR_RETURN(const bool key, parse_key_clause(cursor, table));
  if (key) return Status::OK();
  if (cursor.accept("DISTRIBUTED")) return parse_distribution(cursor, table);
  if (cursor.at("PARTITION BY") || cursor.at("AUTO PARTITION")) {
    FRESHET_ASSIGN_OR_RETURN(table.partitioning, parse_partition_clause(cursor));
    return Status::OK();
  }
  if (cursor.accept("CLUSTER BY") || cursor.accept("ORDER BY")) {
    FRESHET_ASSIGN_OR_RETURN(table.cluster_columns, cursor.name_list("a column name"));
    return Status::OK();
  }
  if (cursor.at("ROLLUP")) {
    cursor.take();
    const size_t begin = cursor.peek().offset;
    if (!cursor.at_operator("(")) return cursor.error("'('");
    FRESHET_RETURN_IF_ERROR(cursor.skip_parenthesis());
    table.rollup_clause = cursor.text().substr(begin, cursor.peek().offset - begin);
    return Status::OK();
  }
  if (cursor.accept("PROPERTIES")) {
    FRESHET_ASSIGN_OR_RETURN(table.properties, cursor.properties());
    return Status::OK();
  }
  if (cursor.accept("AS") || at_query(cursor)) return parse_query_of_table(cursor, table);
  return parse_option(cursor, table);
}

}  // namespace

Result<Statement> parse_create_table(TokenCursor& cursor) {
  CreateTable table;
  table.if_not_exists = cursor.accept("IF NOT EXISTS");
  FRESHET_ASSIGN_OR_RETURN(table.name, parse_table_name(cursor));
  if (cursor.accept("LIKE")) {
    FRESHET_ASSIGN_OR_RETURN(auto source, parse_table_name(cursor));
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(CreateTableLike{std::move(table.name), std::move(source), table.if_not_exists});
  }
  if (cursor.at_operator("(") && !cursor.at_ahead(1, "SELECT") && !cursor.at_ahead(1, "WITH")) {
    FRESHET_RETURN_IF_ERROR(parse_elements(cursor, table));
  }
  while (!cursor.at_end()) {
    FRESHET_RETURN_IF_ERROR(parse_clause(cursor, table));
    cursor.accept_operator(",");
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  if (table.columns.empty() && table.query.empty()) return cursor.error("'(' and columns, or AS and a query");
  return Statement(std::move(table));
}

Result<Statement> parse_create(TokenCursor& cursor) {
  if (cursor.accept("DATABASE") || cursor.accept("SCHEMA")) {
    CreateDatabase statement;
    statement.if_not_exists = cursor.accept("IF NOT EXISTS");
    FRESHET_ASSIGN_OR_RETURN(statement.name, cursor.name("a database name"));
    CreateTable options;
    while (!cursor.at_end()) FRESHET_RETURN_IF_ERROR(parse_clause(cursor, options));
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(std::move(statement));
  }
  if (cursor.accept("TABLE")) return parse_create_table(cursor);
  if (cursor.accept("ROUTINE LOAD")) return parse_create_routine_load(cursor);
  if (cursor.accept("USER")) return parse_create_user(cursor);
  if (cursor.accept("ROLE")) return parse_create_role(cursor);
  FRESHET_ASSIGN_OR_RETURN(auto workload_group, parse_workload_group(cursor, WorkloadGroupAction::kCreate));
  if (workload_group) return *std::move(workload_group);
  CreateView view;
  view.or_replace = cursor.accept("OR REPLACE");
  FRESHET_RETURN_IF_ERROR(skip_view_options(cursor));
  if (cursor.accept("VIEW")) return parse_create_view(cursor, std::move(view));
  if (view.or_replace) return cursor.error("VIEW");
  for (std::string_view other : {"TEMPORARY", "EXTERNAL", "MATERIALIZED", "FUNCTION", "PROCEDURE", "TRIGGER", "EVENT",
                                 "CATALOG", "RESOURCE", "WORKLOAD", "FILE", "JOB"}) {
    if (cursor.at(other)) return Status::Unsupported("CREATE {} is not supported", other);
  }
  CreateIndex statement;
  if (cursor.accept("UNIQUE")) statement.index.kind = IndexKind::kUnique;
  if (cursor.accept("FULLTEXT")) statement.index.kind = IndexKind::kFulltext;
  if (cursor.accept("SPATIAL")) statement.index.kind = IndexKind::kSpatial;
  if (!cursor.accept("INDEX")) return cursor.error("DATABASE, TABLE, VIEW, INDEX or ROUTINE LOAD");
  statement.if_not_exists = cursor.accept("IF NOT EXISTS");
  FRESHET_ASSIGN_OR_RETURN(statement.index.name, cursor.name("an index name"));
  if (cursor.accept("USING")) cursor.take();
  FRESHET_RETURN_IF_ERROR(cursor.expect("ON"));
  FRESHET_ASSIGN_OR_RETURN(statement.table, parse_table_name(cursor));
  FRESHET_ASSIGN_OR_RETURN(statement.index.columns, cursor.name_list("a column name"));
  FRESHET_RETURN_IF_ERROR(skip_index_options(cursor));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(statement));
}

}  // namespace freshet::query
