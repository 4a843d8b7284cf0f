#include "storage/commit/schema_changes.h"

#include <chrono>
#include <optional>

#include "storage/commit/catalog_changes.h"
#include "storage/commit/table_partitions.h"
#include "storage/commit/table_record.h"
#include "storage/commit/tablet_edit.h"
#include "storage/meta/meta_keys.h"
#include "storage/types/dynamic_partition.h"
#include "storage/types/schema_mapping.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

int64_t now_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

/// Partition columns decide where rows lie: they keep their bytes.
Status check_partition_columns(const TableSnapshot& table, const TableSchema& next) {
  for (ColumnId id : table.partitions->scheme().columns) {
    const ColumnSchema& before = table.schema->columns[*table.schema->find(id)];
    const auto after = next.find(id);
    if (after && next.columns[*after].type == before.type && next.columns[*after].nullable == before.nullable) continue;
    return Status::Unsupported("Column '{}' is a partition column: it can be renamed, but neither dropped nor modified",
                               before.name);
  }
  return dynamic_partition_rule(next, table.partitions->scheme()).status();
}

}  // namespace

Status SchemaChanges::alter_table(const std::string& database, const std::string& name, const TableChange& change,
                                  int64_t partition_time) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  const TableStatePtr table = catalog_.find_table(database, name);
  if (!table) return Status::NotFound("Unknown table '{}.{}'", database, name);
  if (change.table && *change.table != table->head()->id) {
    return Status::Conflict("table {}.{} was replaced by another one meanwhile; run the statement again", database, name);
  }
  if (!change.new_name.empty()) {
    FRESHET_RETURN_IF_ERROR(check_catalog_name("table", change.new_name));
    if (catalog_.find_table(database, change.new_name)) {
      return Status::AlreadyExists("Table '{}' already exists", change.new_name);
    }
  }
  // Schema and partitions change under the DDL lock alone.
  const TableSnapshotPtr before = table->head();
  Result<TableSchema> schema = change_schema(*before->schema, change.columns, now_micros());
  if (!schema.ok()) return schema.status().with_context(fmt::format("ALTER TABLE {}.{}", database, name));
  FRESHET_RETURN_IF_ERROR(check_partition_columns(*before, *schema));
  if (schema->version == before->schema->version && change.new_name.empty()) return Status::OK();
  std::optional<PartitionEdit> partitions;
  if (schema->properties != before->schema->properties) {
    // Dynamic partitions that the table cannot have are refused before anything is stored.
    FRESHET_ASSIGN_OR_RETURN(auto kept, keep_dynamic_partitions(*schema, *before->partitions, partition_time, parts_.ids));
    if (kept) partitions.emplace(parts_, PartitionEdit::What{std::move(kept->partitions), std::move(kept->dropped)});
  }
  // Taking an id may write; the lock below is for what does not.
  std::vector<RowsetId> new_buffers;
  for (size_t i = 0; i < before->tablets.size(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
    new_buffers.push_back(RowsetId(id));
  }

  auto staged = std::make_shared<CommitPipeline::Change>();
  {
    std::lock_guard publish(table->publish_lock);
    const TableSnapshotPtr head = table->head();
    auto next = std::make_shared<TableSnapshot>(*head);
    if (!change.new_name.empty()) next->name = change.new_name;
    next->schema = std::make_shared<const TableSchema>(std::move(schema).value());
    if (!have_same_layout(*head->schema, *next->schema)) FRESHET_RETURN_IF_ERROR(seal_buffers(*next, new_buffers));
    FRESHET_RETURN_IF_ERROR(pipeline_.prepare());
    if (partitions) FRESHET_RETURN_IF_ERROR(partitions->stage(*table, next, staged->batch));
    staged->batch.put(meta_keys::table(next->id), table_record_of(*next).encode());
    staged->install = [next, old_name = head->name](ServerSnapshot& server) {
      server.table_names.erase({next->database_name, old_name});
      server.table_names[{next->database_name, next->name}] = next->id;
      server.tables[next->id] = next;
    };
    // Without history too nothing older can be read from then on: it is taken away bit by bit.
    const bool begins_history =
        (history_retention_seconds(*head->schema) > 0) != (history_retention_seconds(*next->schema) > 0);
    staged->finish_batch = [&](CommitNumber commit, MetaBatch& batch) {
      if (partitions) partitions->finish(*table, commit, batch);
      if (begins_history) HistoryWriter::begin(next->id, commit, batch);
    };
    FRESHET_RETURN_IF_ERROR(pipeline_.enqueue(staged).status());
    staged->finish_batch = nullptr;
    if (partitions) partitions->staged(*table);
    table->set_head(next);
  }
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(staged));
  if (partitions) partitions->committed();
  if (!change.new_name.empty()) catalog_.rename_tables({{{database, name}, change.new_name}});
  return Status::OK();
}

/// Rows that come from now on have the layout of the new schema: no buffer holds rows of two.
Status SchemaChanges::seal_buffers(TableSnapshot& table, const std::vector<RowsetId>& new_buffers) {
  for (size_t i = 0; i < table.tablets.size(); ++i) {
    RowsetId id;
    if (i < new_buffers.size()) {
      id = new_buffers[i];
    } else {
      FRESHET_ASSIGN_OR_RETURN(const uint64_t number, parts_.ids.next());
      id = RowsetId(number);
    }
    TabletEdit edit(*table.tablets[i]);
    const DeltaView& active = edit.active_delta();
    if (active.row_count == 0) edit.remove_delta(active.buffer->id());
    edit.add_delta({std::make_shared<DeltaBuffer>(id, table.schema), 0, {}});
    table.tablets[i] = edit.finish();
  }
  return Status::OK();
}

}  // namespace freshet::storage
