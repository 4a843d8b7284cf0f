#include "storage/catalog/catalog.h"

namespace freshet::storage {

std::optional<DatabaseId> Catalog::find_database(const std::string& name) const {
  std::shared_lock lock(mutex_);
  auto found = databases_.find(name);
  return found == databases_.end() ? std::nullopt : std::optional(found->second);
}

TableStatePtr Catalog::find_table(TableId id) const {
  std::shared_lock lock(mutex_);
  auto found = tables_.find(id);
  return found == tables_.end() ? nullptr : found->second;
}

TableStatePtr Catalog::find_table(const std::string& database, const std::string& name) const {
  std::shared_lock lock(mutex_);
  auto found = names_.find({database, name});
  return found == names_.end() ? nullptr : tables_.at(found->second);
}

std::vector<TableStatePtr> Catalog::all_tables() const {
  std::shared_lock lock(mutex_);
  std::vector<TableStatePtr> result;
  for (const auto& [id, table] : tables_) result.push_back(table);
  return result;
}

size_t Catalog::database_count() const {
  std::shared_lock lock(mutex_);
  return databases_.size();
}

size_t Catalog::table_count() const {
  std::shared_lock lock(mutex_);
  return tables_.size();
}

std::vector<TableStatePtr> Catalog::tables_of(const std::string& database) const {
  std::shared_lock lock(mutex_);
  std::vector<TableStatePtr> result;
  for (const auto& [name, id] : names_) {
    if (name.first == database) result.push_back(tables_.at(id));
  }
  return result;
}

void Catalog::add_database(const std::string& name, DatabaseId id) {
  std::unique_lock lock(mutex_);
  databases_[name] = id;
}

void Catalog::remove_database(const std::string& name) {
  std::unique_lock lock(mutex_);
  databases_.erase(name);
}

void Catalog::add_table(TableStatePtr table) {
  const TableSnapshotPtr head = table->head();
  std::unique_lock lock(mutex_);
  names_[{head->database_name, head->name}] = head->id;
  tables_[head->id] = std::move(table);
}

void Catalog::remove_table(const TableSnapshot& table) {
  std::unique_lock lock(mutex_);
  names_.erase({table.database_name, table.name});
  tables_.erase(table.id);
}

void Catalog::rename_tables(const std::vector<TableRename>& renames) {
  std::unique_lock lock(mutex_);
  std::vector<std::pair<std::pair<std::string, std::string>, TableId>> moved;
  for (const auto& [name, new_name] : renames) {
    const auto entry = names_.find({name.database, name.table});
    moved.push_back({{name.database, new_name}, entry->second});
    names_.erase(entry);
  }
  for (auto& [name, id] : moved) names_[std::move(name)] = id;
}

}  // namespace freshet::storage
