#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "storage/types/partition_map.h"
#include "storage/types/value_text.h"

namespace freshet::test {

/// (day DATE NOT NULL, id BIGINT NOT NULL, town VARCHAR NULL) as the key of a UNIQUE table, and v INT.
inline TableSchema partitioned_schema() {
  TableSchema schema;
  const auto add = [&](std::string name, DataType type, bool is_key, bool nullable) {
    ColumnSchema column;
    column.id = schema.next_column_id;
    column.name = std::move(name);
    column.type = type;
    column.is_key = is_key;
    column.nullable = nullable;
    schema.next_column_id = schema.next_column_id.next();
    schema.columns.push_back(std::move(column));
    schema.key_count += is_key;
  };
  add("day", {.kind = TypeKind::kDate}, true, false);
  add("id", {.kind = TypeKind::kBigInt}, true, false);
  add("town", {.kind = TypeKind::kVarchar, .length = 32}, true, true);
  add("v", {.kind = TypeKind::kInt}, false, true);
  schema.bucket_columns = {1};
  schema.bucket_count = 2;
  return schema;
}

inline BoundTuple bound(const std::vector<std::string>& texts) {
  BoundTuple tuple;
  for (const std::string& text : texts) {
    if (text == "MAXVALUE") {
      tuple.push_back({BoundValue::Kind::kMax, {}});
    } else if (text == "NULL") {
      tuple.push_back({BoundValue::Kind::kNull, {}});
    } else {
      tuple.push_back({BoundValue::Kind::kText, text});
    }
  }
  return tuple;
}

/// A partition with tablets first_tablet and the next one.
inline Partition range(std::string name, const std::vector<std::string>& low, const std::vector<std::string>& high,
                       uint64_t first_tablet) {
  return {PartitionId(first_tablet),
          std::move(name),
          {bound(low), bound(high), {}},
          {TabletId(first_tablet), TabletId(first_tablet + 1)}};
}

/// Rows as {day, id, town}; v is NULL.
inline Block partition_rows(const TableSchema& schema, const std::vector<std::vector<std::string>>& rows) {
  Block block = Block::for_schema(schema);
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i] == "NULL") {
        block.columns[i].append_null();
      } else if (append_text(block.columns[i], row[i]) != TextError::kNone) {
        std::abort();
      }
    }
    block.columns[3].append_null();
  }
  return block;
}

}  // namespace freshet::test
