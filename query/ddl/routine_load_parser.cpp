#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

/// An expression of a load clause ends at a comma, at PROPERTIES( and at FROM KAFKA.
bool at_expression_end(const TokenCursor& cursor) {
  return cursor.at_operator(",") || (cursor.at("PROPERTIES") && cursor.peek(1).is_operator("(")) || cursor.at("FROM KAFKA");
}

Result<std::string_view> parse_expression(TokenCursor& cursor) {
  return cursor.text_until("an expression", [](const TokenCursor& at) { return at_expression_end(at); });
}

Status parse_load_columns(TokenCursor& cursor, std::vector<LoadColumn>& columns) {
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  do {
    LoadColumn column;
    FRESHET_ASSIGN_OR_RETURN(column.name, cursor.name("a column name"));
    if (cursor.accept_operator("=")) {
      FRESHET_ASSIGN_OR_RETURN(
          column.expression, cursor.text_until("an expression", [](const TokenCursor& at) { return at.at_operator(","); }));
    }
    columns.push_back(std::move(column));
  } while (cursor.accept_operator(","));
  return cursor.expect_operator(")");
}

Status parse_columns_clause(TokenCursor& cursor, CreateRoutineLoad& load) {
  if (!cursor.accept("TERMINATED BY")) return parse_load_columns(cursor, load.columns);
  FRESHET_ASSIGN_OR_RETURN(load.column_separator, cursor.string("a separator in quotes"));
  return Status::OK();
}

/// One clause between the table and PROPERTIES.
Status parse_load_clause(TokenCursor& cursor, CreateRoutineLoad& load) {
  if (cursor.accept("COLUMNS")) return parse_columns_clause(cursor, load);
  if (cursor.accept("LINES TERMINATED BY")) {
    FRESHET_ASSIGN_OR_RETURN(load.line_delimiter, cursor.string("a delimiter in quotes"));
  } else if (cursor.accept("PRECEDING FILTER")) {
    FRESHET_ASSIGN_OR_RETURN(load.preceding_filter, parse_expression(cursor));
  } else if (cursor.accept("WHERE")) {
    FRESHET_ASSIGN_OR_RETURN(load.where, parse_expression(cursor));
  } else if (cursor.accept("PARTITION") || cursor.accept("PARTITIONS")) {
    FRESHET_ASSIGN_OR_RETURN(load.partitions, cursor.name_list("a partition name"));
  } else if (cursor.accept("DELETE ON")) {
    FRESHET_ASSIGN_OR_RETURN(load.delete_on, parse_expression(cursor));
  } else if (cursor.accept("ORDER BY")) {
    FRESHET_ASSIGN_OR_RETURN(load.sequence_column, cursor.name("a column name"));
  } else {
    return cursor.error("COLUMNS, WHERE, PRECEDING FILTER, PARTITION, DELETE ON, ORDER BY, PROPERTIES or FROM KAFKA");
  }
  return Status::OK();
}

Status parse_merge_type(TokenCursor& cursor, CreateRoutineLoad& load) {
  if (!cursor.accept("WITH")) return Status::OK();
  if (cursor.accept("APPEND")) {
    load.merge_type = MergeType::kAppend;
  } else if (cursor.accept("DELETE")) {
    load.merge_type = MergeType::kDelete;
  } else if (cursor.accept("MERGE")) {
    load.merge_type = MergeType::kMerge;
  } else {
    return cursor.error("APPEND, DELETE or MERGE");
  }
  return Status::OK();
}

Status parse_source(TokenCursor& cursor, std::string& source, Properties& properties) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("FROM"));
  FRESHET_ASSIGN_OR_RETURN(source, cursor.name("KAFKA"));
  source = to_upper(source);
  if (source != "KAFKA") return Status::Unsupported("Routine loads from {} are not supported: use KAFKA", source);
  FRESHET_ASSIGN_OR_RETURN(properties, cursor.properties());
  return Status::OK();
}

Status check_merge(const CreateRoutineLoad& load) {
  if (load.merge_type == MergeType::kMerge && load.delete_on.empty()) {
    return Status::InvalidArgument("A routine load WITH MERGE needs DELETE ON, the condition under which a row is a delete");
  }
  if (load.merge_type != MergeType::kMerge && !load.delete_on.empty()) {
    return Status::InvalidArgument("DELETE ON is only for routine loads WITH MERGE");
  }
  return Status::OK();
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_job_name(TokenCursor& cursor) {
  std::pair<std::string, std::string> name;
  FRESHET_ASSIGN_OR_RETURN(name.second, cursor.name("a job name"));
  if (cursor.accept_operator(".")) {
    name.first = std::move(name.second);
    FRESHET_ASSIGN_OR_RETURN(name.second, cursor.name("a job name"));
  }
  return name;
}

Result<Statement> parse_create_routine_load(TokenCursor& cursor) {
  CreateRoutineLoad load;
  FRESHET_ASSIGN_OR_RETURN(auto name, parse_job_name(cursor));
  load.database = std::move(name.first);
  load.job = std::move(name.second);
  if (cursor.accept("ON")) {
    FRESHET_ASSIGN_OR_RETURN(load.table, cursor.name("a table name"));
  }
  FRESHET_RETURN_IF_ERROR(parse_merge_type(cursor, load));
  while (!cursor.at("PROPERTIES") && !cursor.at("FROM")) {
    FRESHET_RETURN_IF_ERROR(parse_load_clause(cursor, load));
    cursor.accept_operator(",");
  }
  if (cursor.accept("PROPERTIES")) {
    FRESHET_ASSIGN_OR_RETURN(load.properties, cursor.properties());
  }
  FRESHET_RETURN_IF_ERROR(parse_source(cursor, load.source, load.source_properties));
  if (cursor.accept("COMMENT")) {
    FRESHET_ASSIGN_OR_RETURN(load.comment, cursor.string("a comment in quotes"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  FRESHET_RETURN_IF_ERROR(check_merge(load));
  return Statement(std::move(load));
}

Result<Statement> parse_alter_routine_load(TokenCursor& cursor) {
  AlterRoutineLoad alter;
  FRESHET_RETURN_IF_ERROR(cursor.expect("FOR"));
  FRESHET_ASSIGN_OR_RETURN(auto name, parse_job_name(cursor));
  alter.database = std::move(name.first);
  alter.job = std::move(name.second);
  if (cursor.accept("PROPERTIES")) {
    FRESHET_ASSIGN_OR_RETURN(alter.properties, cursor.properties());
  }
  if (cursor.at("FROM")) FRESHET_RETURN_IF_ERROR(parse_source(cursor, alter.source, alter.source_properties));
  if (alter.properties.empty() && alter.source.empty()) return cursor.error("PROPERTIES(...) or FROM KAFKA(...)");
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(alter));
}

Result<Statement> parse_control_routine_load(TokenCursor& cursor, RoutineLoadAction action) {
  ControlRoutineLoad control;
  control.action = action;
  control.all = cursor.accept("ALL");
  FRESHET_RETURN_IF_ERROR(cursor.expect("ROUTINE LOAD"));
  if (!control.all) {
    FRESHET_RETURN_IF_ERROR(cursor.expect("FOR"));
    FRESHET_ASSIGN_OR_RETURN(auto name, parse_job_name(cursor));
    control.database = std::move(name.first);
    control.job = std::move(name.second);
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  if (control.all && action == RoutineLoadAction::kStop) {
    return Status::InvalidArgument("STOP ROUTINE LOAD takes one job: STOP ROUTINE LOAD FOR job");
  }
  return Statement(std::move(control));
}

}  // namespace freshet::query
