#pragma once

#include <string>

#include "storage/catalog/catalog.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/obsolete_files.h"

namespace freshet::storage {

/// InvalidArgument when `name` cannot name a `kind` ("database", "table").
Status check_catalog_name(std::string_view kind, const std::string& name);

/// CREATE and DROP of databases and tables: each is one commit, durable and visible when it returns. Any thread.
class CatalogChanges {
 public:
  CatalogChanges(Catalog& catalog, CommitPipeline& pipeline, IdAllocator& ids, ObsoleteFiles& obsolete,
                 HistoryWriter& history)
      : catalog_(catalog), pipeline_(pipeline), ids_(ids), obsolete_(obsolete), history_(history) {}

  Status create_database(const std::string& name, bool if_not_exists);
  Status drop_database(const std::string& name, bool if_exists);
  Status create_table(const std::string& database, const std::string& name, TableSchema schema,
                      const TablePartitioning& partitioning, bool if_not_exists);
  Status drop_table(const std::string& database, const std::string& name, bool if_exists);

 private:
  Status drop_table_locked(const TableStatePtr& table);

  Catalog& catalog_;
  CommitPipeline& pipeline_;
  IdAllocator& ids_;
  ObsoleteFiles& obsolete_;
  HistoryWriter& history_;
};

}  // namespace freshet::storage
