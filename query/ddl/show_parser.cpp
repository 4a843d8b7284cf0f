#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

/// What may follow the words of a SHOW statement.
enum class ShowTail : uint8_t {
  kNone,
  kDatabase,       ///< [FROM db]
  kTable,          ///< FROM t [FROM db]
  kOptionalTable,  ///< [FROM [db.]t]
  kNamed,          ///< [db.]name
  kJob,            ///< [FOR [db.]job]
  kPath,           ///< 'path'
};

struct ShowForm {
  std::string_view words;
  ShowKind kind;
  ShowTail tail;
};

/// Longer forms before their prefixes.
constexpr ShowForm kForms[] = {
    {"CREATE TABLE", ShowKind::kCreateTable, ShowTail::kNamed},
    {"CREATE VIEW", ShowKind::kCreateTable, ShowTail::kNamed},
    {"CREATE DATABASE IF NOT EXISTS", ShowKind::kCreateDatabase, ShowTail::kNamed},
    {"CREATE DATABASE", ShowKind::kCreateDatabase, ShowTail::kNamed},
    {"CREATE SCHEMA", ShowKind::kCreateDatabase, ShowTail::kNamed},
    {"CREATE ROUTINE LOAD", ShowKind::kCreateRoutineLoad, ShowTail::kJob},
    {"DATABASES", ShowKind::kDatabases, ShowTail::kNone},
    {"SCHEMAS", ShowKind::kDatabases, ShowTail::kNone},
    {"TABLES", ShowKind::kTables, ShowTail::kDatabase},
    {"TABLE STATUS", ShowKind::kTableStatus, ShowTail::kDatabase},
    {"COLUMNS", ShowKind::kColumns, ShowTail::kTable},
    {"FIELDS", ShowKind::kColumns, ShowTail::kTable},
    {"INDEXES", ShowKind::kIndex, ShowTail::kTable},
    {"INDEX", ShowKind::kIndex, ShowTail::kTable},
    {"KEYS", ShowKind::kIndex, ShowTail::kTable},
    {"VARIABLES", ShowKind::kVariables, ShowTail::kNone},
    {"STATUS", ShowKind::kStatus, ShowTail::kNone},
    {"WARNINGS", ShowKind::kWarnings, ShowTail::kNone},
    {"ERRORS", ShowKind::kErrors, ShowTail::kNone},
    {"STORAGE ENGINES", ShowKind::kEngines, ShowTail::kNone},
    {"ENGINES", ShowKind::kEngines, ShowTail::kNone},
    {"COLLATION", ShowKind::kCollation, ShowTail::kNone},
    {"CHARACTER SET", ShowKind::kCharset, ShowTail::kNone},
    {"CHARSET", ShowKind::kCharset, ShowTail::kNone},
    {"CHAR SET", ShowKind::kCharset, ShowTail::kNone},
    {"PROCESSLIST", ShowKind::kProcesslist, ShowTail::kNone},
    {"ROUTINE LOAD TASK", ShowKind::kRoutineLoadTask, ShowTail::kDatabase},
    {"ROUTINE LOAD", ShowKind::kRoutineLoad, ShowTail::kJob},
    {"FRONTENDS", ShowKind::kFrontends, ShowTail::kNone},
    {"BACKENDS", ShowKind::kBackends, ShowTail::kNone},
    {"TRANSACTION", ShowKind::kTransaction, ShowTail::kDatabase},
    {"STREAM LOAD", ShowKind::kStreamLoad, ShowTail::kDatabase},
    {"LOAD", ShowKind::kLoad, ShowTail::kDatabase},
    {"LAST INSERT", ShowKind::kLastInsert, ShowTail::kNone},
    {"ALTER TABLE COLUMN", ShowKind::kAlterTableColumn, ShowTail::kDatabase},
    {"PARTITIONS", ShowKind::kPartitions, ShowTail::kTable},
    {"TABLETS", ShowKind::kTablets, ShowTail::kTable},
    {"DATA", ShowKind::kData, ShowTail::kOptionalTable},
    {"CATALOGS", ShowKind::kCatalogs, ShowTail::kNone},
    {"PLUGINS", ShowKind::kPlugins, ShowTail::kNone},
    {"PRIVILEGES", ShowKind::kPrivileges, ShowTail::kNone},
    {"VIEWS", ShowKind::kViews, ShowTail::kDatabase},
    {"PROC", ShowKind::kProc, ShowTail::kPath},
    {"VERSIONS", ShowKind::kVersions, ShowTail::kTable},
    {"WORKLOAD GROUPS", ShowKind::kWorkloadGroups, ShowTail::kNone},
};

bool accept_from(TokenCursor& cursor) { return cursor.accept("FROM") || cursor.accept("IN"); }

Status parse_named(TokenCursor& cursor, Show& show) {
  FRESHET_ASSIGN_OR_RETURN(auto name, parse_table_name(cursor));
  show.database = std::move(name.database);
  show.name = std::move(name.table);
  return Status::OK();
}

Status parse_tail(TokenCursor& cursor, ShowTail tail, Show& show) {
  switch (tail) {
    case ShowTail::kNone: return Status::OK();
    case ShowTail::kNamed: return parse_named(cursor, show);
    case ShowTail::kJob: return cursor.accept("FOR") ? parse_named(cursor, show) : Status::OK();
    case ShowTail::kPath: {
      FRESHET_ASSIGN_OR_RETURN(show.name, cursor.string("a path in quotes"));
      return Status::OK();
    }
    case ShowTail::kOptionalTable: return accept_from(cursor) ? parse_named(cursor, show) : Status::OK();
    case ShowTail::kTable:
      if (!accept_from(cursor)) return cursor.error("FROM and a table name");
      FRESHET_RETURN_IF_ERROR(parse_named(cursor, show));
      break;
    case ShowTail::kDatabase: break;
  }
  if (!accept_from(cursor)) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(show.database, cursor.name("a database name"));
  return Status::OK();
}

/// [ORDER BY column [ASC | DESC], ...] [LIMIT [offset,] count | LIMIT count OFFSET offset].
Status parse_order_and_limit(TokenCursor& cursor, Show& show) {
  if (cursor.accept("ORDER BY")) {
    do {
      Show::Order order;
      FRESHET_ASSIGN_OR_RETURN(order.column, cursor.name("a column"));
      order.is_descending = cursor.accept("DESC");
      if (!order.is_descending) cursor.accept("ASC");
      show.order_by.push_back(std::move(order));
    } while (cursor.accept_operator(","));
  }
  if (!cursor.accept("LIMIT")) return cursor.expect_end();
  FRESHET_ASSIGN_OR_RETURN(show.limit, cursor.number("how many rows"));
  if (cursor.accept_operator(",")) {
    show.offset = *show.limit;
    FRESHET_ASSIGN_OR_RETURN(show.limit, cursor.number("how many rows"));
  } else if (cursor.accept("OFFSET")) {
    FRESHET_ASSIGN_OR_RETURN(show.offset, cursor.number("how many rows to leave out"));
  }
  return cursor.expect_end();
}

/// LIKE, WHERE, ORDER BY and LIMIT. Of forms that are known by their text, all else too.
Status parse_filter(TokenCursor& cursor, Show& show) {
  if (cursor.accept("LIKE")) {
    FRESHET_ASSIGN_OR_RETURN(show.like, cursor.string("a pattern in quotes"));
  }
  auto stops = [](const TokenCursor& at) { return at.at("ORDER") || at.at("LIMIT"); };
  if (cursor.accept("WHERE")) {
    FRESHET_ASSIGN_OR_RETURN(show.where, cursor.text_until("a condition", stops));
  }
  if (show.kind == ShowKind::kOther) {
    while (!cursor.at_end()) cursor.take();
  }
  return parse_order_and_limit(cursor, show);
}

/// COUNT(*) WARNINGS and COUNT(*) ERRORS.
Result<bool> parse_count(TokenCursor& cursor, Show& show) {
  if (!cursor.accept("COUNT")) return false;
  for (const std::string_view symbol : {"(", "*", ")"}) FRESHET_RETURN_IF_ERROR(cursor.expect_operator(symbol));
  show.kind = cursor.at("ERRORS") ? ShowKind::kCountErrors : ShowKind::kCountWarnings;
  if (!cursor.accept("ERRORS")) FRESHET_RETURN_IF_ERROR(cursor.expect("WARNINGS"));
  return true;
}

void parse_modifiers(TokenCursor& cursor, Show& show) {
  while (true) {
    if (cursor.accept("FULL") || cursor.accept("EXTENDED")) {
      show.full = true;
    } else if (cursor.at("ALL")) {
      cursor.take();
      show.all = true;
    } else if (cursor.accept("GLOBAL")) {
      show.global = true;
    } else if (!cursor.accept("SESSION") && !cursor.accept("LOCAL")) {
      return;
    }
  }
}

bool at_explainable(const TokenCursor& cursor) {
  for (std::string_view word : {"SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES", "TABLE"}) {
    if (cursor.at(word)) return true;
  }
  return cursor.at_operator("(");
}

Status parse_explain_options(TokenCursor& cursor, Explain& explain) {
  while (!at_explainable(cursor)) {
    if (cursor.accept("FORMAT")) {
      FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
      FRESHET_ASSIGN_OR_RETURN(auto format, cursor.word_or_string("a format"));
      explain.format = to_upper(format);
    } else if (cursor.accept("VERBOSE") || cursor.accept("EXTENDED")) {
      explain.verbose = true;
    } else if (cursor.accept("ANALYZE")) {
      explain.analyze = true;
    } else if (!cursor.accept("PLAN") && !cursor.accept("GRAPH") && !cursor.accept("TREE") && !cursor.accept("LOGICAL") &&
               !cursor.accept("PHYSICAL") && !cursor.accept("OPTIMIZED") && !cursor.accept("PARTITIONS")) {
      return cursor.error("a statement to explain");
    }
  }
  return Status::OK();
}

/// True when a statement to explain follows, maybe behind options; else a table name does.
bool leads_to_statement(TokenCursor& cursor) {
  const size_t begin = cursor.position();
  Explain ignored;
  const bool statement = parse_explain_options(cursor, ignored).ok();
  cursor.rewind(begin);
  return statement;
}

}  // namespace

Result<Statement> parse_show(TokenCursor& cursor) {
  if (auto accounts = parse_show_accounts(cursor)) return *std::move(accounts);
  Show show;
  show.text = cursor.text();
  parse_modifiers(cursor, show);
  if (cursor.at_end()) return cursor.error("what to show");
  FRESHET_ASSIGN_OR_RETURN(const bool is_count, parse_count(cursor, show));
  if (is_count) {
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(std::move(show));
  }
  for (const ShowForm& form : kForms) {
    if (!cursor.accept(form.words)) continue;
    show.kind = form.kind;
    FRESHET_RETURN_IF_ERROR(parse_tail(cursor, form.tail, show));
    break;
  }
  FRESHET_RETURN_IF_ERROR(parse_filter(cursor, show));
  return Statement(std::move(show));
}

Result<Statement> parse_describe(TokenCursor& cursor) {
  if (leads_to_statement(cursor)) {
    Explain explain;
    FRESHET_RETURN_IF_ERROR(parse_explain_options(cursor, explain));
    explain.inner = cursor.rest();
    return Statement(std::move(explain));
  }
  Show show;
  show.kind = ShowKind::kColumns;
  show.text = cursor.text();
  FRESHET_RETURN_IF_ERROR(parse_named(cursor, show));
  show.all = cursor.accept("ALL");
  // MySQL's DESC table column.
  if (!cursor.at_end()) {
    FRESHET_ASSIGN_OR_RETURN(show.like, cursor.word_or_string("a column name or pattern"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(show));
}

}  // namespace freshet::query
