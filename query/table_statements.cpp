#include "query/table_statements.h"

#include <algorithm>
#include <charconv>

#include "query/catalogue/catalogue_table.h"
#include "query/ddl/alter_definition.h"
#include "query/ddl/partition_definition.h"
#include "query/ddl/table_definition.h"
#include "query/dialect/tokenizer.h"
#include "query/partition_statements.h"
#include "query/views.h"

namespace freshet::query {
namespace {

/// Routine loads know their table by its name.
Status check_no_routine_load(const std::string& database, const std::string& table, const QueryServices& services) {
  for (const ingest::RoutineLoadStatus& job : services.routine_loads.list(database, false)) {
    if (job.spec.load.table != table) continue;
    return Status::Unsupported(
        "table {}.{} cannot be renamed: the routine load {} writes to it by its name; STOP ROUTINE LOAD it, rename, "
        "and create it again",
        database, table, job.spec.name);
  }
  return Status::OK();
}

Status check_no_view(const storage::QualifiedName& name, const QueryServices& services) {
  if (!services.views->find(name.database, name.table)) return Status::OK();
  return Status::AlreadyExists("Table '{}' already exists: it is a view", name.table);
}

/// OK, with what SHOW WARNINGS tells of the statement.
Status answer_with_notes(std::vector<std::string> notes, OkResult result, SessionState& session, ResultWriter& out) {
  for (std::string& note : notes) session.next_warnings.push_back({kNoteLevel, kNoteCode, std::move(note)});
  result.warnings = static_cast<uint16_t>(session.next_warnings.size());
  return out.ok(result);
}

}  // namespace

Status run_create_database(const CreateDatabase& statement, const QueryServices& services, ResultWriter& out) {
  if (equals_word(statement.name, to_upper(kInformationSchema))) {
    return Status::AlreadyExists("Can't create database '{}'; database exists", statement.name);
  }
  FRESHET_RETURN_IF_ERROR(services.storage.create_database(statement.name, statement.if_not_exists));
  OkResult result;
  result.affected_rows = 1;
  return out.ok(result);
}

Status run_drop_database(const DropDatabase& statement, SessionState& session, const QueryServices& services,
                         ResultWriter& out) {
  const Status stopped = services.routine_loads.stop(statement.name, "");
  if (!stopped.ok() && stopped.code() != StatusCode::kNotFound) return stopped;
  FRESHET_RETURN_IF_ERROR(services.views->drop_database(statement.name));
  FRESHET_RETURN_IF_ERROR(services.storage.drop_database(statement.name, statement.if_exists));
  if (session.database == statement.name) session.database.clear();
  return out.ok({});
}

/// AUTO_INCREMENT(n) of Doris's columns, and MySQL's option AUTO_INCREMENT = n.
Status start_auto_increment(const CreateTable& statement, const storage::TableSnapshot& table,
                            const QueryServices& services) {
  std::optional<uint64_t> start;
  for (const ColumnDefinition& column : statement.columns) {
    if (column.auto_increment_start) start = column.auto_increment_start;
  }
  for (const auto& [name, value] : statement.options) {
    uint64_t number = 0;
    if (name == "AUTO_INCREMENT" && std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc()) {
      start = number;
    }
  }
  if (!start || *start == 0 || *start > INT64_MAX) return Status::OK();
  return services.storage.pass_auto_increment(table.id, static_cast<int64_t>(*start) - 1);
}

Result<storage::TableSnapshotPtr> create_table(const CreateTable& statement, const SessionState& session,
                                               const QueryServices& services) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.name.database));
  FRESHET_RETURN_IF_ERROR(check_no_view({database, statement.name.table}, services));
  FRESHET_ASSIGN_OR_RETURN(TableSchema schema, make_table_schema(statement));
  FRESHET_ASSIGN_OR_RETURN(const TablePartitioning partitioning, make_partitioning(statement, schema));
  const storage::ServerSnapshotPtr before = services.storage.snapshot();
  FRESHET_RETURN_IF_ERROR(services.storage.create_table(database, statement.name.table, std::move(schema), partitioning,
                                                        statement.if_not_exists));
  FRESHET_ASSIGN_OR_RETURN(storage::TableSnapshotPtr table,
                           find_table(*services.storage.snapshot(), database, statement.name.table));
  const bool was_there = before->tables.contains(table->id);
  if (was_there && !statement.if_not_exists) {
    return Status::Conflict("table {}.{} was replaced by another one right after it was made", database, table->name);
  }
  if (!was_there) FRESHET_RETURN_IF_ERROR(start_auto_increment(statement, *table, services));
  return table;
}

Status run_create_table(const CreateTable& statement, SessionState& session, const QueryServices& services,
                        ResultWriter& out) {
  FRESHET_RETURN_IF_ERROR(create_table(statement, session, services).status());
  return answer_with_notes(create_table_notes(statement), {}, session, out);
}

Status run_create_table_like(const CreateTableLike& statement, const SessionState& session, const QueryServices& services,
                             ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string source_database, database_of(session, statement.source.database));
  FRESHET_ASSIGN_OR_RETURN(const auto source,
                           find_table(*services.storage.snapshot(), source_database, statement.source.table));
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.name.database));
  TablePartitioning partitioning{source->partitions->scheme(), {}};
  for (const Partition& partition : source->partitions->partitions()) {
    partitioning.partitions.push_back(
        {partition.name, partition.bounds, false, static_cast<uint32_t>(partition.tablets.size())});
  }
  FRESHET_RETURN_IF_ERROR(
      services.storage.create_table(database, statement.name.table, *source->schema, partitioning, statement.if_not_exists));
  return out.ok({});
}

Status run_drop_table(const DropTable& statement, const SessionState& session, const QueryServices& services,
                      ResultWriter& out) {
  std::vector<storage::QualifiedName> names;
  for (const TableName& name : statement.names) {
    FRESHET_ASSIGN_OR_RETURN(std::string database, database_of(session, name.database));
    names.push_back({std::move(database), name.table});
  }
  FRESHET_RETURN_IF_ERROR(services.storage.drop_tables(names, statement.if_exists));
  return out.ok({});
}

Status run_rename_tables(const RenameTables& statement, const SessionState& session, const QueryServices& services,
                         ResultWriter& out) {
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  std::vector<storage::TableRename> renames;  // each from its first name to its last one
  const auto renamed_to = [&](const storage::QualifiedName& name) {
    return std::find_if(renames.begin(), renames.end(), [&](const storage::TableRename& rename) {
      return rename.name.database == name.database && rename.new_name == name.table;
    });
  };
  const auto is_there = [&](const storage::QualifiedName& name) {
    if (renamed_to(name) != renames.end()) return true;
    const bool has_left =
        std::any_of(renames.begin(), renames.end(), [&](const storage::TableRename& rename) { return rename.name == name; });
    return !has_left && snapshot->find_table(name.database, name.table) != nullptr;
  };
  for (const auto& [from, to] : statement.renames) {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, from.database));
    FRESHET_ASSIGN_OR_RETURN(const std::string new_database, database_of(session, to.database));
    if (database != new_database) return Status::Unsupported("RENAME TABLE cannot move a table to another database");
    const storage::QualifiedName name{database, from.table}, new_name{database, to.table};
    if (!is_there(name)) return Status::NotFound("Unknown table '{}.{}'", database, from.table);
    if (is_there(new_name)) return Status::AlreadyExists("Table '{}' already exists", to.table);
    FRESHET_RETURN_IF_ERROR(check_no_view(new_name, services));
    const auto earlier = renamed_to(name);
    if (earlier != renames.end()) {
      earlier->new_name = to.table;
    } else {
      FRESHET_RETURN_IF_ERROR(check_no_routine_load(database, from.table, services));
      renames.push_back({name, to.table});
    }
  }
  FRESHET_RETURN_IF_ERROR(services.storage.rename_tables(renames, {}));
  return out.ok({});
}

Status run_replace_table(const ReplaceTable& statement, const SessionState& session, const QueryServices& services,
                         ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.name.database));
  const storage::QualifiedName name{database, statement.name.table}, by{database, statement.by};
  if (name == by) return Status::InvalidArgument("a table cannot replace itself");
  for (const auto& each : {name, by}) FRESHET_RETURN_IF_ERROR(check_no_routine_load(database, each.table, services));
  std::vector<storage::TableRename> renames = {{by, name.table}};
  std::vector<storage::QualifiedName> dropped;
  if (statement.swap) {
    renames.push_back({name, by.table});
  } else {
    dropped.push_back(name);
  }
  FRESHET_RETURN_IF_ERROR(services.storage.rename_tables(renames, dropped));
  return out.ok({});
}

Status run_truncate_table(const TruncateTable& statement, const SessionState& session, const QueryServices& services,
                          ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.name.database));
  if (statement.partitions.empty()) {
    FRESHET_RETURN_IF_ERROR(services.storage.truncate_table(database, statement.name.table));
    return out.ok({});
  }
  std::vector<PartitionChange> changes;
  for (const std::string& partition : statement.partitions) changes.emplace_back(TruncatePartition{partition});
  FRESHET_RETURN_IF_ERROR(services.storage.change_partitions(database, statement.name.table, std::move(changes)));
  return out.ok({});
}

Status run_alter_table(const AlterTable& statement, SessionState& session, const QueryServices& services,
                       ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.name.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, statement.name.table));
  if (changes_partitions(statement)) {
    FRESHET_RETURN_IF_ERROR(alter_partitions(statement, *table, services.storage));
    return out.ok({});
  }
  FRESHET_ASSIGN_OR_RETURN(TableChange change, make_table_change(statement, *table->schema));
  if (!change.new_name.empty()) {
    FRESHET_RETURN_IF_ERROR(check_no_routine_load(database, table->name, services));
    FRESHET_RETURN_IF_ERROR(check_no_view({database, change.new_name}, services));
  }
  change.table = table->id;
  if (!change.is_empty()) FRESHET_RETURN_IF_ERROR(services.storage.alter_table(database, table->name, change));
  std::vector<std::string> notes;
  for (const AlterClause& clause : statement.clauses) {
    if (clause.kind == AlterKind::kCompact) FRESHET_RETURN_IF_ERROR(services.storage.compact_table(table->id));
    for (std::string& note : property_notes(clause.properties)) notes.push_back(std::move(note));
  }
  return answer_with_notes(std::move(notes), {}, session, out);
}

Status run_create_index(const CreateIndex& statement, SessionState& session, const QueryServices& services,
                        ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.table.database));
  FRESHET_RETURN_IF_ERROR(find_table(*services.storage.snapshot(), database, statement.table.table).status());
  OkResult result;
  result.info = "No index was made: zone maps and key filters serve instead";
  return answer_with_notes({result.info}, result, session, out);
}

}  // namespace freshet::query
