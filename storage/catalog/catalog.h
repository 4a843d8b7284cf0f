#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "storage/catalog/table_names.h"
#include "storage/catalog/table_state.h"

namespace freshet::storage {

/// The staged side of the catalog: which databases and tables exist, ahead of what readers see by the changes being synced.
/// Readers use ServerSnapshot. `ddl_mutex` is held over a whole DDL statement, also while it waits for its sync; loads never
/// take it. Any thread.
class Catalog {
 public:
  std::mutex ddl_mutex;

  std::optional<DatabaseId> find_database(const std::string& name) const;
  /// Null when there is no such table.
  TableStatePtr find_table(TableId id) const;
  TableStatePtr find_table(const std::string& database, const std::string& name) const;
  std::vector<TableStatePtr> all_tables() const;
  std::vector<TableStatePtr> tables_of(const std::string& database) const;
  size_t database_count() const;
  size_t table_count() const;

  // REQUIRES for all below: ddl_mutex is held.
  void add_database(const std::string& name, DatabaseId id);
  void remove_database(const std::string& name);
  void add_table(TableStatePtr table);
  void remove_table(const TableSnapshot& table);
  /// All at once: a new name may be the old one of another of them.
  void rename_tables(const std::vector<TableRename>& renames);

 private:
  mutable std::shared_mutex mutex_;  ///< guards all below, never held over I/O
  std::map<std::string, DatabaseId> databases_;
  std::map<TableId, TableStatePtr> tables_;
  std::map<std::pair<std::string, std::string>, TableId> names_;
};

}  // namespace freshet::storage
