#pragma once

#include <string>

#include "storage/types/schema.h"

namespace freshet::test {

/// A table (id BIGINT key, n INT, s STRING) in two buckets.
inline TableSchema small_schema() {
  TableSchema schema;
  for (const auto& [name, kind] : {std::pair{"id", TypeKind::kBigInt}, {"n", TypeKind::kInt}, {"s", TypeKind::kString}}) {
    ColumnSchema column;
    column.id = schema.next_column_id;
    column.name = name;
    column.type = {kind};
    column.is_key = schema.columns.empty();
    column.nullable = !column.is_key;
    schema.next_column_id = schema.next_column_id.next();
    schema.columns.push_back(std::move(column));
  }
  schema.key_count = 1;
  schema.bucket_columns = {0};
  schema.bucket_count = 2;
  return schema;
}

}  // namespace freshet::test
