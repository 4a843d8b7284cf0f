#pragma once

#include <string>

#include "storage/types/schema.h"

namespace freshet::query {

/// Where a column of an answer goes when a statement writes it: a type, and the name that errors say.
struct TargetColumn {
  std::string name;
  DataType type;
};

inline TargetColumn target_of(const ColumnSchema& column) { return {column.name, column.type}; }

}  // namespace freshet::query
