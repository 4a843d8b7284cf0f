#include "storage/commit/catalog_changes.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "storage/commit/table_partitions.h"
#include "storage/commit/table_record.h"
#include "storage/commit/tablet_contents.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/types/dynamic_partition.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

/// As many as there are once the change is done.
void put_catalog_size(size_t databases, size_t tables, MetaBatch& batch) {
  batch.put(std::string(meta_keys::kCatalogSize), encode_catalog_size(databases, tables));
}

bool has_auto_increment(const TableSchema& schema) {
  return std::any_of(schema.columns.begin(), schema.columns.end(),
                     [](const ColumnSchema& column) { return column.auto_increment; });
}

}  // namespace

Status check_catalog_name(std::string_view kind, const std::string& name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return Status::InvalidArgument("Incorrect {} name '{}': it must have 1 to {} bytes", kind, name, kMaxNameBytes);
  }
  for (unsigned char byte : name) {
    if (byte < 0x20 || byte == '/' || byte == '\\' || byte == '`' || byte == 0x7f) {
      return Status::InvalidArgument("Incorrect {} name '{}': slashes, backquotes and control characters are not allowed",
                                     kind, name);
    }
  }
  return Status::OK();
}

Status CatalogChanges::create_database(const std::string& name, bool if_not_exists) {
  FRESHET_RETURN_IF_ERROR(check_catalog_name("database", name));
  std::lock_guard ddl(catalog_.ddl_mutex);
  if (catalog_.find_database(name)) {
    if (if_not_exists) return Status::OK();
    return Status::AlreadyExists("Can't create database '{}'; database exists", name);
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t number, ids_.next());
  const DatabaseId id(number);
  auto change = std::make_shared<CommitPipeline::Change>();
  change->batch.put(meta_keys::database(id), encode_database_name(name));
  put_catalog_size(catalog_.database_count() + 1, catalog_.table_count(), change->batch);
  change->install = [name, id](ServerSnapshot& server) { server.databases[name] = id; };
  FRESHET_RETURN_IF_ERROR(pipeline_.stage(change).status());
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(change));
  catalog_.add_database(name, id);
  return Status::OK();
}

Status CatalogChanges::drop_database(const std::string& name, bool if_exists) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  const std::optional<DatabaseId> id = catalog_.find_database(name);
  if (!id) {
    if (if_exists) return Status::OK();
    return Status::NotFound("Can't drop database '{}'; database doesn't exist", name);
  }
  FRESHET_RETURN_IF_ERROR(commit_locked({catalog_.tables_of(name), {}, DroppedDatabase{name, *id}}));
  catalog_.remove_database(name);
  return Status::OK();
}

Status CatalogChanges::create_table(const std::string& database, const std::string& name, TableSchema schema,
                                    const TablePartitioning& partitioning, bool if_not_exists, int64_t partition_time) {
  FRESHET_RETURN_IF_ERROR(check_catalog_name("table", name));
  std::lock_guard ddl(catalog_.ddl_mutex);
  const std::optional<DatabaseId> database_id = catalog_.find_database(database);
  if (!database_id) return Status::NotFound("Unknown database '{}'", database);
  if (catalog_.find_table(database, name)) {
    if (if_not_exists) return Status::OK();
    return Status::AlreadyExists("Table '{}' already exists", name);
  }
  if (schema.bucket_count == 0 || schema.bucket_count > kMaxBuckets) {
    return Status::InvalidArgument("BUCKETS is {}: it must be 1 to {}", schema.bucket_count, kMaxBuckets);
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t table_number, ids_.next());
  auto table = std::make_shared<TableSnapshot>();
  table->id = TableId(table_number);
  table->database = *database_id;
  table->database_name = database;
  table->name = name;
  table->schema = std::make_shared<const TableSchema>(std::move(schema));
  table->key_codec = std::make_shared<const KeyCodec>(*table->schema);
  FRESHET_RETURN_IF_ERROR(dynamic_partition_rule(*table->schema, partitioning.scheme).status());
  FRESHET_ASSIGN_OR_RETURN(table->partitions, make_partitions(*table->schema, partitioning, ids_));
  FRESHET_ASSIGN_OR_RETURN(auto kept, keep_dynamic_partitions(*table->schema, *table->partitions, partition_time, ids_));
  if (kept) table->partitions = std::move(kept->partitions);
  FRESHET_ASSIGN_OR_RETURN(table->tablets, make_tablets(*table, {}, ids_));

  auto change = std::make_shared<CommitPipeline::Change>();
  change->batch.put(meta_keys::table(table->id), table_record_of(*table).encode());
  put_catalog_size(catalog_.database_count(), catalog_.table_count() + 1, change->batch);
  const auto state = std::make_shared<TableState>(table);
  for (const TabletSnapshotPtr& tablet : table->tablets) put_tablet_contents(*state, *tablet, change->batch);
  if (has_auto_increment(*table->schema)) change->batch.put(meta_keys::auto_increment(table->id), encode_number(1));
  if (history_retention_seconds(*table->schema) > 0) {
    change->finish_batch = [&](CommitNumber commit, MetaBatch& batch) { HistoryWriter::begin(table->id, commit, batch); };
  }
  change->install = [table](ServerSnapshot& server) {
    server.tables[table->id] = table;
    server.table_names[{table->database_name, table->name}] = table->id;
  };
  FRESHET_RETURN_IF_ERROR(pipeline_.stage(change).status());
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(change));
  catalog_.add_table(state);
  return Status::OK();
}

Status CatalogChanges::drop_tables(const std::vector<QualifiedName>& names, bool if_exists) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  std::vector<TableStatePtr> tables;
  for (const QualifiedName& name : names) {
    const TableStatePtr table = catalog_.find_table(name.database, name.table);
    if (!table) {
      if (if_exists) continue;
      return Status::NotFound("Unknown table '{}.{}'", name.database, name.table);
    }
    if (std::find(tables.begin(), tables.end(), table) != tables.end()) {
      return Status::InvalidArgument("Not unique table/alias: '{}'", name.table);
    }
    tables.push_back(table);
  }
  return tables.empty() ? Status::OK() : commit_locked({std::move(tables), {}, {}});
}

Status CatalogChanges::drop_table(TableId table) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  TableStatePtr state = catalog_.find_table(table);
  if (!state) return Status::NotFound("Unknown table {}", table.value);
  return commit_locked({{std::move(state)}, {}, {}});
}

Status CatalogChanges::rename_tables(const std::vector<TableRename>& renames, const std::vector<QualifiedName>& dropped) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  Change change;
  std::set<TableStatePtr> tables;
  const auto take = [&](const QualifiedName& name) -> Result<TableStatePtr> {
    TableStatePtr table = catalog_.find_table(name.database, name.table);
    if (!table) return Status::NotFound("Unknown table '{}.{}'", name.database, name.table);
    if (!tables.insert(table).second) return Status::InvalidArgument("Not unique table/alias: '{}'", name.table);
    return table;
  };
  for (const QualifiedName& name : dropped) {
    FRESHET_ASSIGN_OR_RETURN(change.dropped.emplace_back(), take(name));
  }
  for (const auto& [name, new_name] : renames) {
    FRESHET_RETURN_IF_ERROR(check_catalog_name("table", new_name));
    FRESHET_ASSIGN_OR_RETURN(TableStatePtr table, take(name));
    change.renamed.emplace_back(std::move(table), new_name);
  }
  std::set<std::pair<std::string, std::string>> new_names;
  for (const auto& [name, new_name] : renames) {
    const TableStatePtr present = catalog_.find_table(name.database, new_name);
    if ((present && !tables.contains(present)) || !new_names.emplace(name.database, new_name).second) {
      return Status::AlreadyExists("Table '{}' already exists", new_name);
    }
  }
  FRESHET_RETURN_IF_ERROR(commit_locked(change));
  catalog_.rename_tables(renames);
  return Status::OK();
}

TableSnapshotPtr CatalogChanges::stage_drop(const TableState& table, MetaBatch& batch, DroppedSegments& segments) const {
  const TableSnapshotPtr head = table.head();
  batch.erase(meta_keys::table(head->id));
  batch.erase(meta_keys::auto_increment(head->id));
  HistoryWriter::forget_table(head->id, batch);
  for (const TabletSnapshotPtr& tablet : head->tablets) {
    for (const SegmentView& view : tablet->segments) segments.live.push_back(view.segment);
    erase_tablet_state(tablet->id, batch);
    erase_carried_blocks(tablet->id, batch);
    history_.forget_tablet(tablet->id, batch, segments.retired);
  }
  for (TabletId tablet : table.dropped_tablets) {
    erase_carried_blocks(tablet, batch);
    history_.forget_tablet(tablet, batch, segments.retired);
  }
  return head;
}

Status CatalogChanges::commit_locked(const Change& change) {
  // As all who take several publish locks.
  std::vector<TableStatePtr> tables = change.dropped;
  for (const auto& [table, name] : change.renamed) tables.push_back(table);
  std::sort(tables.begin(), tables.end(),
            [](const TableStatePtr& a, const TableStatePtr& b) { return a->head()->id < b->head()->id; });
  auto staged = std::make_shared<CommitPipeline::Change>();
  std::vector<TableSnapshotPtr> dropped;
  DroppedSegments segments;
  {
    std::vector<std::unique_lock<PublishLock>> locks;
    for (const TableStatePtr& table : tables) locks.emplace_back(table->publish_lock);
    FRESHET_RETURN_IF_ERROR(pipeline_.prepare());
    for (const TableStatePtr& table : change.dropped) dropped.push_back(stage_drop(*table, staged->batch, segments));
    std::vector<TableSnapshotPtr> renamed;
    std::vector<std::pair<std::string, std::string>> free_names;
    for (const TableSnapshotPtr& head : dropped) free_names.emplace_back(head->database_name, head->name);
    for (const auto& [table, name] : change.renamed) {
      const TableSnapshotPtr head = table->head();
      free_names.emplace_back(head->database_name, head->name);
      auto next = std::make_shared<TableSnapshot>(*head);
      next->name = name;
      staged->batch.put(meta_keys::table(next->id), table_record_of(*next).encode());
      renamed.push_back(std::move(next));
    }
    obsolete_.add_to(staged->batch, segments.live);
    obsolete_.add_to(staged->batch, segments.retired);
    const auto& database = change.database;
    put_catalog_size(catalog_.database_count() - (database ? 1 : 0), catalog_.table_count() - dropped.size(), staged->batch);
    if (database) {
      staged->batch.erase(meta_keys::database(database->id));
      const std::string labels = meta_keys::of(meta_keys::kLabels, database->id.value);
      staged->batch.erase_range(labels, prefix_end(labels));
    }
    std::vector<TableId> gone;
    for (const TableSnapshotPtr& head : dropped) gone.push_back(head->id);
    staged->install = [gone, free_names, renamed, database](ServerSnapshot& server) {
      for (TableId id : gone) server.tables.erase(id);
      for (const auto& name : free_names) server.table_names.erase(name);
      for (const TableSnapshotPtr& table : renamed) {
        server.tables[table->id] = table;
        server.table_names[{table->database_name, table->name}] = table->id;
      }
      if (database) server.databases.erase(database->name);
    };
    FRESHET_RETURN_IF_ERROR(pipeline_.enqueue(staged).status());
    for (const TableStatePtr& table : change.dropped) table->dropped = true;
    for (size_t i = 0; i < renamed.size(); ++i) change.renamed[i].first->set_head(renamed[i]);
  }
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(staged));
  history_.forgotten(segments.retired);
  obsolete_.committed(segments.live);
  obsolete_.committed(segments.retired);
  for (const TableSnapshotPtr& head : dropped) catalog_.remove_table(*head);
  return Status::OK();
}

}  // namespace freshet::storage
