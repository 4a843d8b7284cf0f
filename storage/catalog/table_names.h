#pragma once

#include <string>

namespace freshet::storage {

/// The name of a table.
struct QualifiedName {
  std::string database;
  std::string table;
  bool operator==(const QualifiedName&) const = default;
};

/// A table that gets another name in its database.
struct TableRename {
  QualifiedName name;
  std::string new_name;
};

}  // namespace freshet::storage
