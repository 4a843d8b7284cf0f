#include "storage/types/block.h"

#include <gtest/gtest.h>

#include "storage/types/value_text.h"

namespace freshet {
namespace {

TableSchema schema_of(std::vector<ColumnSchema> columns) {
  TableSchema schema;
  schema.columns = std::move(columns);
  schema.key_count = 1;
  return schema;
}

ColumnSchema column_of(uint32_t id, std::string name, DataType type) {
  return {.id = ColumnId(id), .name = std::move(name), .type = type};
}

TableSchema three_columns() {
  return schema_of({column_of(1, "id", {TypeKind::kBigInt}), column_of(2, "name", {TypeKind::kString}),
                    column_of(3, "price", {TypeKind::kDecimal, 30, 2})});
}

void append_row(Block& block, const std::vector<std::optional<std::string>>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i]) {
      block.columns[i].append_null();
    } else {
      ASSERT_EQ(append_text(block.columns[i], *texts[i]), TextError::kNone);
    }
  }
}

std::string text_of(const Block& block, size_t row) {
  std::string out = block.is_delete(row) ? "D" : "";
  for (const Column& column : block.columns) {
    out += '|';
    column.is_null(row) ? void(out += "NULL") : format_value(column, row, out);
  }
  return out;
}

Block small_block(const TableSchema& schema) {
  Block block = Block::for_schema(schema);
  append_row(block, {"1", "one", "1.50"});
  append_row(block, {"-2", std::nullopt, "99999999999999999999.99"});
  append_row(block, {"3", "", std::nullopt});
  block.delete_signs = {0, 0, 1};
  return block;
}

TEST(Block, ReadsBackAsItWasWritten) {
  const TableSchema schema = three_columns();
  const Block block = small_block(schema);
  std::string bytes = "before";
  block.serialize(schema, bytes);
  const Result<Block> read = Block::deserialize(schema, std::string_view(bytes).substr(6));
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  ASSERT_EQ(read->row_count(), 3u);
  EXPECT_EQ(text_of(*read, 0), "|1|one|1.50");
  EXPECT_EQ(text_of(*read, 1), "|-2|NULL|99999999999999999999.99");
  EXPECT_EQ(text_of(*read, 2), "D|3||NULL");
}

TEST(Block, AnEmptyBlockReadsBackEmpty) {
  const TableSchema schema = three_columns();
  std::string bytes;
  Block::for_schema(schema).serialize(schema, bytes);
  const Result<Block> read = Block::deserialize(schema, bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->row_count(), 0u);
  EXPECT_EQ(read->columns.size(), 3u);
}

TEST(Block, EveryDamagedByteIsCorruption) {
  const TableSchema schema = three_columns();
  std::string bytes;
  small_block(schema).serialize(schema, bytes);
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_EQ(Block::deserialize(schema, damaged).status().code(), StatusCode::kCorruption) << at << ":" << bit;
    }
  }
}

TEST(Block, EveryCutOffBlockIsCorruption) {
  const TableSchema schema = three_columns();
  std::string bytes;
  small_block(schema).serialize(schema, bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Result<Block> read = Block::deserialize(schema, std::string_view(bytes).substr(0, size));
    EXPECT_EQ(read.status().code(), StatusCode::kCorruption) << size;
  }
  EXPECT_FALSE(Block::deserialize(schema, bytes + '\0').ok());
}

TEST(Block, ColumnsAddedLaterReadTheirDefaultAndDroppedOnesAreSkipped) {
  const TableSchema old_schema = three_columns();
  std::string bytes;
  small_block(old_schema).serialize(old_schema, bytes);

  TableSchema schema = schema_of({column_of(1, "id", {TypeKind::kBigInt}), column_of(3, "cost", {TypeKind::kDecimal, 30, 2}),
                                  column_of(4, "state", {TypeKind::kVarchar, 0, 0, 8}),
                                  column_of(5, "size", {TypeKind::kInt}), column_of(6, "seen_at", {TypeKind::kDateTime})});
  schema.columns[2].initial_default = "new";
  schema.columns[2].default_value = "newest";
  schema.columns[2].nullable = false;
  schema.columns[4].default_current_timestamp = true;
  const Result<Block> read = Block::deserialize(schema, bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(text_of(*read, 0), "|1|1.50|new|NULL|NULL");
  EXPECT_EQ(text_of(*read, 2), "D|3|NULL|new|NULL|NULL");
}

TEST(Block, WidenedColumnsReadTheirNarrowValues) {
  TableSchema old_schema = schema_of({column_of(1, "id", {TypeKind::kTinyInt}), column_of(2, "f", {TypeKind::kFloat}),
                                      column_of(3, "cost", {TypeKind::kDecimal, 4, 2})});
  Block block = Block::for_schema(old_schema);
  block.columns[0].append<int8_t>(-5);
  block.columns[1].append<float>(0.5f);
  block.columns[2].append<int16_t>(-150);
  for (Column& column : block.columns) column.append_null();
  std::string bytes;
  block.serialize(old_schema, bytes);
  TableSchema schema = old_schema;
  schema.columns[0].type = {TypeKind::kLargeInt};
  schema.columns[1].type = {TypeKind::kDouble};
  schema.columns[2].type = {TypeKind::kDecimal, 20, 2};
  const Result<Block> read = Block::deserialize(schema, bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(text_of(*read, 0), "|-5|0.5|-1.50");
  EXPECT_EQ(text_of(*read, 1), "|NULL|NULL|NULL");
}

TEST(Block, AColumnOfAnotherLayoutIsCorruption) {
  const TableSchema old_schema = three_columns();
  std::string bytes;
  small_block(old_schema).serialize(old_schema, bytes);
  TableSchema schema = old_schema;
  schema.columns[0].type = {TypeKind::kInt};
  EXPECT_EQ(Block::deserialize(schema, bytes).status().code(), StatusCode::kCorruption);
}

TEST(Block, AppendingKeepsDeleteSignsWithTheirRows) {
  const TableSchema schema = three_columns();
  const Block source = small_block(schema);
  Block block = Block::for_schema(schema);
  block.append_from(source, 0);
  EXPECT_TRUE(block.delete_signs.empty());
  block.append_from(source, 2);
  block.append_from(source, 1);
  const std::vector<uint32_t> rows = {2, 0};
  block.append_gather(source, rows);
  EXPECT_EQ(block.delete_signs, (std::vector<uint8_t>{0, 1, 0, 1, 0}));
  EXPECT_EQ(text_of(block, 3), "D|3||NULL");
  EXPECT_EQ(text_of(block, 4), "|1|one|1.50");
  block.clear();
  EXPECT_EQ(block.row_count(), 0u);
  EXPECT_TRUE(block.delete_signs.empty());
}

}  // namespace
}  // namespace freshet
