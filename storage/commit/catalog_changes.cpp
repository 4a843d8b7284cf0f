#include "storage/commit/catalog_changes.h"

#include "storage/commit/table_partitions.h"
#include "storage/commit/table_record.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/types/dynamic_partition.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

std::vector<std::shared_ptr<const Segment>> segments_of(const TableSnapshot& table) {
  std::vector<std::shared_ptr<const Segment>> result;
  for (const TabletSnapshotPtr& tablet : table.tablets) {
    for (const SegmentView& view : tablet->segments) result.push_back(view.segment);
  }
  return result;
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
  for (const TableStatePtr& table : catalog_.tables_of(name)) FRESHET_RETURN_IF_ERROR(drop_table_locked(table));
  auto change = std::make_shared<CommitPipeline::Change>();
  change->batch.erase(meta_keys::database(*id));
  const std::string labels = meta_keys::of(meta_keys::kLabels, id->value);
  change->batch.erase_range(labels, prefix_end(labels));
  change->install = [name](ServerSnapshot& server) { server.databases.erase(name); };
  FRESHET_RETURN_IF_ERROR(pipeline_.stage(change).status());
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(change));
  catalog_.remove_database(name);
  return Status::OK();
}

Status CatalogChanges::create_table(const std::string& database, const std::string& name, TableSchema schema,
                                    const TablePartitioning& partitioning, bool if_not_exists) {
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
  FRESHET_ASSIGN_OR_RETURN(table->tablets, make_tablets(*table, {}, ids_));

  auto change = std::make_shared<CommitPipeline::Change>();
  change->batch.put(meta_keys::table(table->id), table_record_of(*table).encode());
  if (history_retention_seconds(*table->schema) > 0) {
    change->finish_batch = [&](CommitNumber commit, MetaBatch& batch) { HistoryWriter::begin(table->id, commit, batch); };
  }
  change->install = [table](ServerSnapshot& server) {
    server.tables[table->id] = table;
    server.table_names[{table->database_name, table->name}] = table->id;
  };
  FRESHET_RETURN_IF_ERROR(pipeline_.stage(change).status());
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(change));
  catalog_.add_table(std::make_shared<TableState>(table));
  return Status::OK();
}

Status CatalogChanges::drop_table(const std::string& database, const std::string& name, bool if_exists) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  const TableStatePtr table = catalog_.find_table(database, name);
  if (!table) {
    if (if_exists) return Status::OK();
    return Status::NotFound("Unknown table '{}.{}'", database, name);
  }
  return drop_table_locked(table);
}

Status CatalogChanges::drop_table_locked(const TableStatePtr& table) {
  auto change = std::make_shared<CommitPipeline::Change>();
  TableSnapshotPtr head;
  std::vector<std::shared_ptr<const Segment>> segments;
  {
    std::lock_guard publish(table->publish_lock);
    head = table->head();
    segments = segments_of(*head);
    FRESHET_RETURN_IF_ERROR(pipeline_.prepare());
    change->batch.erase(meta_keys::table(head->id));
    change->batch.erase(meta_keys::auto_increment(head->id));
    HistoryWriter::forget_table(head->id, change->batch);
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      erase_tablet_rows(tablet->id, change->batch);
      history_.forget_tablet(tablet->id, change->batch, segments);
    }
    obsolete_.add_to(change->batch, segments);
    change->install = [id = head->id, database = head->database_name, name = head->name](ServerSnapshot& server) {
      server.tables.erase(id);
      server.table_names.erase({database, name});
    };
    FRESHET_RETURN_IF_ERROR(pipeline_.enqueue(change).status());
    table->dropped = true;
  }
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(change));
  obsolete_.committed(segments);
  catalog_.remove_table(*head);
  return Status::OK();
}

}  // namespace freshet::storage
