#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/catalog/table_names.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/obsolete_files.h"

namespace freshet::storage {

/// InvalidArgument when `name` cannot name a `kind` ("database", "table").
Status check_catalog_name(std::string_view kind, const std::string& name);

/// CREATE, DROP and RENAME of databases and tables: each is one commit, durable and visible when it returns. Any thread.
class CatalogChanges {
 public:
  CatalogChanges(Catalog& catalog, CommitPipeline& pipeline, IdAllocator& ids, ObsoleteFiles& obsolete,
                 HistoryWriter& history)
      : catalog_(catalog), pipeline_(pipeline), ids_(ids), obsolete_(obsolete), history_(history) {}

  Status create_database(const std::string& name, bool if_not_exists);
  Status drop_database(const std::string& name, bool if_exists);
  /// With the dynamic partitions that its properties ask for at `partition_time` (unix microseconds).
  Status create_table(const std::string& database, const std::string& name, TableSchema schema,
                      const TablePartitioning& partitioning, bool if_not_exists, int64_t partition_time);
  /// All of them in one commit. NotFound when one is not there, unless `if_exists`; InvalidArgument when one comes twice.
  Status drop_tables(const std::vector<QualifiedName>& names, bool if_exists);
  /// Whatever its name is by now. NotFound when it is gone.
  Status drop_table(TableId table);
  /// Renames tables and drops others, all at once and in one commit: a new name may be the old one of another of them, as in
  /// a swap. NotFound when a table is not there, AlreadyExists when a new name is taken, InvalidArgument when a table comes
  /// twice.
  Status rename_tables(const std::vector<TableRename>& renames, const std::vector<QualifiedName>& dropped);

 private:
  struct DroppedDatabase {
    std::string name;
    DatabaseId id;
  };
  /// What one commit changes. No table is in both lists.
  struct Change {
    std::vector<TableStatePtr> dropped;
    std::vector<std::pair<TableStatePtr, std::string>> renamed;  ///< to these names
    std::optional<DroppedDatabase> database;
  };
  struct DroppedSegments {
    std::vector<std::shared_ptr<const Segment>> live;
    std::vector<std::shared_ptr<const Segment>> retired;
  };
  /// REQUIRES: ddl_mutex is held.
  Status commit_locked(const Change& change);
  /// Adds the end of one table; answers what it was. REQUIRES: its publish lock is held.
  TableSnapshotPtr stage_drop(const TableState& table, MetaBatch& batch, DroppedSegments& segments) const;

  Catalog& catalog_;
  CommitPipeline& pipeline_;
  IdAllocator& ids_;
  ObsoleteFiles& obsolete_;
  HistoryWriter& history_;
};

}  // namespace freshet::storage
