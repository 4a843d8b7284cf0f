#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/engine/storage_engine.h"

namespace freshet::query {

/// A named query. Names in it that have no database mean tables of `home`.
struct View {
  std::string database;
  std::string name;
  std::vector<std::string> columns;  ///< their names; empty: those of the query
  std::string comment;
  std::string home;  ///< the current database when it was made; may be empty
  std::string text;  ///< as it was written
};

/// The views of the server. They are stored as records, apart from the tables: making one is no commit, and a statement sees
/// the views of its moment. Any thread.
class Views {
 public:
  static Result<std::unique_ptr<Views>> open(storage::StorageEngine& storage);

  std::optional<View> find(const std::string& database, const std::string& name) const;
  /// Of one database, by name.
  std::vector<View> list(const std::string& database) const;
  std::vector<View> all() const;
  /// Durable when it returns. AlreadyExists when there is one and `replaces` is false.
  Status put(const View& view, bool replaces);
  /// NotFound when there is none.
  Status drop(const std::string& database, const std::string& name);
  Status drop_database(const std::string& database);

 private:
  using Key = std::pair<std::string, std::string>;
  explicit Views(storage::StorageEngine& storage) : storage_(storage) {}

  storage::StorageEngine& storage_;
  mutable std::mutex mutex_;   ///< also held while a record is written, so that records and map change in one order
  std::map<Key, View> views_;  ///< guarded by mutex_
};

}  // namespace freshet::query
