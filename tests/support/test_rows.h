#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "storage/types/block.h"
#include "storage/types/key_run.h"

namespace freshet::test {

/// What the tables of these tests have for a key: a BIGINT NOT NULL (fixed form), or (VARCHAR NULL, INT) (byte form).
enum class KeyForm { kFixed, kBytes };

/// One row of test_schema(): a key made from a number, a number, and a text, either of which may be NULL.
struct TestRow {
  int64_t key = 0;
  std::optional<int64_t> number = std::nullopt;
  std::optional<std::string> text = std::nullopt;
  bool is_delete = false;
  bool operator==(const TestRow&) const = default;
};

/// Key column(s), then `number` BIGINT, `text` STRING and `flag` TINYINT (number modulo 100, NULL with it).
inline SchemaPtr test_schema(KeyForm form, TableModel model = TableModel::kUnique) {
  auto schema = std::make_shared<TableSchema>();
  schema->model = model;
  const auto add = [&](std::string name, DataType type, bool is_key, bool nullable) {
    ColumnSchema column;
    column.id = schema->next_column_id;
    column.name = std::move(name);
    column.type = type;
    column.is_key = is_key;
    column.nullable = nullable;
    schema->next_column_id = schema->next_column_id.next();
    schema->columns.push_back(std::move(column));
    schema->key_count += is_key;
  };
  if (form == KeyForm::kFixed) {
    add("id", {.kind = TypeKind::kBigInt}, true, false);
  } else {
    add("name", {.kind = TypeKind::kVarchar, .length = 64}, true, true);
    add("part", {.kind = TypeKind::kInt}, true, false);
  }
  add("number", {.kind = TypeKind::kBigInt}, false, true);
  add("text", {.kind = TypeKind::kString}, false, true);
  add("flag", {.kind = TypeKind::kTinyInt}, false, true);
  schema->bucket_columns = {0};
  return schema;
}

/// Byte form: each ninth key has a NULL name; the order of encoded keys is not the order of the numbers.
inline void append_test_key(const TableSchema& schema, int64_t key, Block& block) {
  if (schema.key_count == 1) return block.columns[0].append<int64_t>(key);
  if (key % 9 == 0) {
    block.columns[0].append_null();
  } else {
    block.columns[0].append_bytes("name " + std::to_string(key / 3));
  }
  block.columns[1].append<int32_t>(static_cast<int32_t>(key));
}

inline int64_t test_key(const TableSchema& schema, const Block& block, size_t row) {
  return schema.key_count == 1 ? block.columns[0].values<int64_t>()[row] : block.columns[1].values<int32_t>()[row];
}

inline void append_test_row(const TableSchema& schema, const TestRow& row, Block& block) {
  if (row.is_delete && block.delete_signs.empty()) block.delete_signs.resize(block.row_count(), 0);
  append_test_key(schema, row.key, block);
  if (row.is_delete || !block.delete_signs.empty()) block.delete_signs.push_back(row.is_delete);
  Column* value = &block.columns[schema.key_count];
  row.number ? value[0].append<int64_t>(*row.number) : value[0].append_null();
  row.text ? value[1].append_bytes(*row.text) : value[1].append_null();
  row.number ? value[2].append<int8_t>(static_cast<int8_t>(*row.number % 100)) : value[2].append_null();
}

/// Row `row` of a block of test_schema(); its flag must follow from its number.
inline TestRow read_test_row(const TableSchema& schema, const Block& block, size_t row) {
  TestRow result;
  result.key = test_key(schema, block, row);
  const Column* value = &block.columns[schema.key_count];
  if (!value[0].is_null(row)) result.number = value[0].values<int64_t>()[row];
  if (!value[1].is_null(row)) result.text = value[1].bytes_at(row);
  result.is_delete = block.is_delete(row);
  const bool flag_is_right = result.number ? !value[2].is_null(row) && value[2].values<int8_t>()[row] == *result.number % 100
                                           : value[2].is_null(row);
  if (!flag_is_right) result.text = "the flag does not belong to the number";
  return result;
}

inline KeyRun keys_of(const TableSchema& schema, const Block& block) {
  const KeyCodec codec(schema);
  KeyRun keys = codec.make_run();
  codec.append_keys(block, 0, block.row_count(), keys);
  return keys;
}

/// The key of number `key` alone.
inline KeyRun key_of(const SchemaPtr& schema, int64_t key) {
  Block block = Block::for_schema(*schema);
  append_test_row(*schema, {.key = key}, block);
  return keys_of(*schema, block);
}

template <typename Random>
TestRow random_row(Random& random, int64_t key_count) {
  TestRow row{.key = static_cast<int64_t>(random() % static_cast<uint64_t>(key_count))};
  if (random() % 5 != 0) row.number = static_cast<int64_t>(random() >> 1);
  if (random() % 7 != 0) row.text = std::string(random() % 40, static_cast<char>('a' + random() % 26));
  return row;
}

}  // namespace freshet::test
