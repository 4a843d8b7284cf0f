#pragma once

#include "query/ddl/statement.h"
#include "query/dialect/token_cursor.h"

/// The rules of the parser, each for one family of statements. Those that take a cursor expect it behind the words that
/// chose the rule, and read to the end of the statement.
namespace freshet::query {

Result<TableName> parse_table_name(TokenCursor& cursor);
/// `[db.]job`: the database and the job.
Result<std::pair<std::string, std::string>> parse_job_name(TokenCursor& cursor);
Result<ColumnDefinition> parse_column_definition(TokenCursor& cursor);
/// The value of a DEFAULT, behind that word.
Status parse_default(TokenCursor& cursor, ColumnDefinition& column);

/// `PARTITION p VALUES ...` or `FROM ... TO ... INTERVAL ...`.
Result<PartitionItem> parse_partition_item(TokenCursor& cursor);
/// From AUTO or PARTITION BY on.
Result<PartitionClause> parse_partition_clause(TokenCursor& cursor);
/// `PARTITION p`, `PARTITION (p1, p2)`, or the same with PARTITIONS.
Result<std::vector<std::string>> parse_partition_names(TokenCursor& cursor);
/// False when the clause of ALTER TABLE is not about partitions.
Result<bool> parse_alter_partition(TokenCursor& cursor, std::vector<AlterClause>& clauses);

Result<Statement> parse_create(TokenCursor& cursor);
Result<Statement> parse_create_table(TokenCursor& cursor);
Result<Statement> parse_create_routine_load(TokenCursor& cursor);
Result<Statement> parse_alter_routine_load(TokenCursor& cursor);
Result<Statement> parse_control_routine_load(TokenCursor& cursor, RoutineLoadAction action);
/// ALGORITHM, DEFINER and SQL SECURITY DEFINER, which stand before VIEW in dumps: views are read so in any case.
Status skip_view_options(TokenCursor& cursor);
/// Behind VIEW; `view` has what stood before it.
Result<Statement> parse_create_view(TokenCursor& cursor, CreateView view);
Result<Statement> parse_drop_view(TokenCursor& cursor);
/// Behind CREATE, ALTER or DROP; nothing when no WORKLOAD GROUP follows.
Result<std::optional<Statement>> parse_workload_group(TokenCursor& cursor, WorkloadGroupAction action);
/// Behind SET PROPERTY.
Result<Statement> parse_user_properties(TokenCursor& cursor);
Result<Statement> parse_drop(TokenCursor& cursor);
Result<Statement> parse_alter(TokenCursor& cursor);
Result<Statement> parse_rename_table(TokenCursor& cursor);
Result<Statement> parse_show(TokenCursor& cursor);
Result<Statement> parse_describe(TokenCursor& cursor);
Result<Statement> parse_set(TokenCursor& cursor);
/// The name of a variable in lower case, without the quotes that it may have.
std::string variable_name(std::string_view text);
Result<Statement> parse_prepare(TokenCursor& cursor);
Result<Statement> parse_execute(TokenCursor& cursor);
/// Behind DEALLOCATE, or behind DROP when PREPARE follows.
Result<Statement> parse_deallocate(TokenCursor& cursor);
Result<Statement> parse_create_user(TokenCursor& cursor);
Result<Statement> parse_alter_user(TokenCursor& cursor);
Result<Statement> parse_drop_user(TokenCursor& cursor);
Result<Statement> parse_rename_user(TokenCursor& cursor);
Result<Statement> parse_set_password(TokenCursor& cursor);
Result<Statement> parse_create_role(TokenCursor& cursor);
Result<Statement> parse_alter_role(TokenCursor& cursor);
Result<Statement> parse_drop_role(TokenCursor& cursor);
Result<Statement> parse_grant(TokenCursor& cursor);
Result<Statement> parse_revoke(TokenCursor& cursor);
/// GRANTS, ALL GRANTS, ROLES, CREATE USER behind SHOW; nothing, and nothing is taken, when something else is shown.
std::optional<Result<Statement>> parse_show_accounts(TokenCursor& cursor);
Result<Statement> parse_maintain_tables(TokenCursor& cursor, TableMaintenance work);
Result<Statement> parse_delete(TokenCursor& cursor);
Result<Statement> parse_update(TokenCursor& cursor);
Result<Statement> parse_merge(TokenCursor& cursor);
/// Behind MERGE; `with` is what stood before it.
Result<Statement> parse_merge_with(TokenCursor& cursor, std::string_view with);
/// `[table.]column = expression, ...` up to a token for which `stops` answers true. The table that all of them name, if they
/// name one, goes to `qualifier`.
Status parse_assignments(TokenCursor& cursor, bool (*stops)(const TokenCursor&), std::string& qualifier,
                         std::vector<Assignment>& assignments);
/// `WITH ... UPDATE`, `WITH ... DELETE` and `WITH ... MERGE`; nothing when the WITH leads to a query.
std::optional<Result<Statement>> parse_behind_with(std::string_view text);
/// Works on the text itself, from INSERT or REPLACE on.
Result<Statement> parse_insert(std::string_view text);

}  // namespace freshet::query
