#include "query/ddl/parser.h"

#include <algorithm>
#include <array>

#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

using Rule = Result<Statement> (*)(TokenCursor&);

Result<Statement> finish(TokenCursor& cursor, Statement statement) {
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return statement;
}

Result<Statement> parse_truncate(TokenCursor& cursor) {
  cursor.accept("TABLE");
  FRESHET_ASSIGN_OR_RETURN(auto name, parse_table_name(cursor));
  TruncateTable truncate{std::move(name), {}};
  if (cursor.at("PARTITION") || cursor.at("PARTITIONS")) {
    FRESHET_ASSIGN_OR_RETURN(truncate.partitions, parse_partition_names(cursor));
  }
  cursor.accept("FORCE");
  return finish(cursor, std::move(truncate));
}

Result<Statement> parse_use(TokenCursor& cursor) {
  FRESHET_ASSIGN_OR_RETURN(auto name, cursor.name("a database name"));
  if (cursor.accept_operator(".")) {
    FRESHET_ASSIGN_OR_RETURN(name, cursor.name("a database name"));
  }
  return finish(cursor, Use{std::move(name)});
}

Result<Statement> parse_begin(TokenCursor& cursor) {
  Transaction transaction;
  cursor.accept("WORK");
  if (cursor.accept("WITH LABEL")) {
    FRESHET_ASSIGN_OR_RETURN(transaction.label, cursor.name("a label"));
  }
  return finish(cursor, std::move(transaction));
}

Result<Statement> parse_start(TokenCursor& cursor) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("TRANSACTION"));
  do {
    if (!cursor.accept("READ ONLY") && !cursor.accept("READ WRITE")) cursor.accept("WITH CONSISTENT SNAPSHOT");
  } while (cursor.accept_operator(","));
  return finish(cursor, Transaction{});
}

Result<Statement> parse_savepoint_name(TokenCursor& cursor, TransactionAction action) {
  FRESHET_ASSIGN_OR_RETURN(auto name, cursor.name("a savepoint's name"));
  return finish(cursor, Transaction{.action = action, .savepoint = std::move(name)});
}

Result<Statement> parse_savepoint(TokenCursor& cursor) {
  return parse_savepoint_name(cursor, TransactionAction::kSetSavepoint);
}

Result<Statement> parse_release(TokenCursor& cursor) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("SAVEPOINT"));
  return parse_savepoint_name(cursor, TransactionAction::kReleaseSavepoint);
}

Result<Statement> end_transaction(TokenCursor& cursor, TransactionAction action) {
  cursor.accept("WORK");
  if (action == TransactionAction::kRollback && cursor.accept("TO")) {
    cursor.accept("SAVEPOINT");
    return parse_savepoint_name(cursor, TransactionAction::kReturnToSavepoint);
  }
  cursor.accept("AND NO CHAIN");
  cursor.accept("NO RELEASE");
  return finish(cursor, Transaction{.action = action});
}

Result<Statement> parse_commit(TokenCursor& cursor) { return end_transaction(cursor, TransactionAction::kCommit); }
Result<Statement> parse_rollback(TokenCursor& cursor) { return end_transaction(cursor, TransactionAction::kRollback); }
Result<Statement> parse_sync(TokenCursor& cursor) { return finish(cursor, Sync{}); }

Result<Statement> parse_do(TokenCursor& cursor) {
  if (cursor.at_end()) return cursor.error("an expression");
  return Statement(Do{"SELECT " + std::string(cursor.rest())});
}

Result<Statement> parse_kill(TokenCursor& cursor) {
  Kill kill;
  kill.query_only = cursor.accept("QUERY");
  if (!kill.query_only) cursor.accept("CONNECTION");
  FRESHET_ASSIGN_OR_RETURN(kill.connection_id, cursor.number("a connection number"));
  return finish(cursor, kill);
}

Result<Statement> parse_clean(TokenCursor& cursor) {
  CleanLabel clean;
  FRESHET_RETURN_IF_ERROR(cursor.expect("LABEL"));
  if (!cursor.at("FROM") && !cursor.at("IN")) {
    FRESHET_ASSIGN_OR_RETURN(clean.label, cursor.name("a label"));
  }
  if (!cursor.accept("IN")) FRESHET_RETURN_IF_ERROR(cursor.expect("FROM"));
  FRESHET_ASSIGN_OR_RETURN(clean.database, cursor.name("a database name"));
  return finish(cursor, std::move(clean));
}

template <RoutineLoadAction kAction>
Result<Statement> control_routine_load(TokenCursor& cursor) {
  return parse_control_routine_load(cursor, kAction);
}

template <TableMaintenance kWork>
Result<Statement> maintain_tables(TokenCursor& cursor) {
  return parse_maintain_tables(cursor, kWork);
}

struct Entry {
  std::string_view word;
  Rule rule;
};

constexpr Entry kRules[] = {
    {"CREATE", parse_create},
    {"DROP", parse_drop},
    {"ALTER", parse_alter},
    {"RENAME", parse_rename_table},
    {"TRUNCATE", parse_truncate},
    {"SHOW", parse_show},
    {"DESC", parse_describe},
    {"DESCRIBE", parse_describe},
    {"EXPLAIN", parse_describe},
    {"SET", parse_set},
    {"USE", parse_use},
    {"BEGIN", parse_begin},
    {"START", parse_start},
    {"COMMIT", parse_commit},
    {"ROLLBACK", parse_rollback},
    {"SAVEPOINT", parse_savepoint},
    {"RELEASE", parse_release},
    {"SYNC", parse_sync},
    {"GRANT", parse_grant},
    {"REVOKE", parse_revoke},
    {"KILL", parse_kill},
    {"DO", parse_do},
    {"DELETE", parse_delete},
    {"UPDATE", parse_update},
    {"MERGE", parse_merge},
    {"CLEAN", parse_clean},
    {"CHECK", maintain_tables<TableMaintenance::kCheck>},
    {"ANALYZE", maintain_tables<TableMaintenance::kAnalyze>},
    {"OPTIMIZE", maintain_tables<TableMaintenance::kOptimize>},
    {"REPAIR", maintain_tables<TableMaintenance::kRepair>},
    {"CHECKSUM", maintain_tables<TableMaintenance::kChecksum>},
    {"PREPARE", parse_prepare},
    {"EXECUTE", parse_execute},
    {"DEALLOCATE", parse_deallocate},
    {"PAUSE", control_routine_load<RoutineLoadAction::kPause>},
    {"RESUME", control_routine_load<RoutineLoadAction::kResume>},
    {"STOP", control_routine_load<RoutineLoadAction::kStop>},
};

/// Statements of maintenance that change nothing here.
constexpr std::array<std::string_view, 5> kNoOperations = {"FLUSH", "LOCK", "UNLOCK", "REFRESH", "ADMIN"};
constexpr std::array<std::string_view, 6> kRefused = {"CALL", "HANDLER", "INSTALL", "BACKUP", "RESTORE", "EXPORT"};

template <size_t N>
bool is_one_of(const Token& token, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.is_word(word); });
}

bool is_query(const Token& token) {
  return token.is_word("SELECT") || token.is_word("WITH") || token.is_word("VALUES") || token.is_word("TABLE") ||
         token.is_operator("(");
}

std::string_view without_semicolon(std::string_view text) {
  text = trim(text);
  while (text.ends_with(';')) text = trim(text.substr(0, text.size() - 1));
  return text;
}

}  // namespace

Result<Statement> parse_statement(std::string_view text) {
  if (text.size() > kMaxStatementBytes) {
    return Status::InvalidArgument("The statement has {} bytes; at most {} are read", text.size(), kMaxStatementBytes);
  }
  Tokenizer tokenizer(text);
  const Token first = tokenizer.next();
  if (first.is_word("WITH")) {
    if (auto changed = parse_behind_with(text)) return *std::move(changed);
  }
  if (is_query(first)) return Statement(Query{without_semicolon(text), parse_point_select(text)});
  if (first.is_word("INSERT") || first.is_word("REPLACE")) return parse_insert(text);
  for (const Entry& entry : kRules) {
    if (!first.is_word(entry.word)) continue;
    FRESHET_ASSIGN_OR_RETURN(auto cursor, TokenCursor::open(text));
    cursor.take();
    return entry.rule(cursor);
  }
  if (is_one_of(first, kNoOperations)) return Statement(NoOperation{to_upper(first.text)});
  if (first.is_word("LOAD")) {
    return Status::Unsupported(
        "LOAD DATA is not offered, LOCAL or not: PUT the file to /api/<database>/<table>/_stream_load, or use freshet load");
  }
  if (is_one_of(first, kRefused)) return Status::Unsupported("{} statements are not supported", to_upper(first.text));
  if (first.kind == TokenKind::kEnd) return Status::InvalidArgument("Query was empty");
  return syntax_error(text, first.offset, first.kind == TokenKind::kInvalid ? tokenizer.problem() : "a statement");
}

}  // namespace freshet::query
