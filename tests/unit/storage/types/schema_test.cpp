#include "storage/types/schema.h"

#include <gtest/gtest.h>

#include "storage/base/coding.h"

namespace freshet {
namespace {

TableSchema orders() {
  TableSchema schema;
  schema.version = 7;
  schema.columns = {
      {.id = ColumnId(1),
       .name = "id",
       .type = {TypeKind::kBigInt},
       .is_key = true,
       .nullable = false,
       .auto_increment = true},
      {.id = ColumnId(5),
       .name = "Amount",
       .type = {TypeKind::kDecimal, 10, 2},
       .default_value = "0.00",
       .comment = "in euro"},
      {.id = ColumnId(6),
       .name = "created_at",
       .type = {TypeKind::kDateTime, 0, 3},
       .default_current_timestamp = true,
       .on_update_current_timestamp = true},
      {.id = ColumnId(8),
       .name = "note",
       .type = {TypeKind::kVarchar, 0, 0, 20},
       .default_value = "",
       .initial_default = "old"},
      {.id = ColumnId(7), .name = "total", .type = {TypeKind::kBigInt}, .aggregation = Aggregation::kSum},
  };
  schema.key_count = 1;
  schema.bucket_columns = {0};
  schema.bucket_count = 16;
  schema.next_column_id = ColumnId(9);
  schema.properties = {{"replication_num", "1"}, {"comment", ""}};
  schema.comment = "all orders";
  return schema;
}

TEST(TableSchema, ReadsBackAsItWasWritten) {
  const TableSchema schema = orders();
  const Result<TableSchema> read = TableSchema::deserialize(schema.serialize());
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->version, 7u);
  EXPECT_EQ(read->model, TableModel::kUnique);
  EXPECT_EQ(read->key_count, 1u);
  EXPECT_EQ(read->bucket_columns, schema.bucket_columns);
  EXPECT_EQ(read->bucket_count, 16u);
  EXPECT_EQ(read->next_column_id, ColumnId(9));
  EXPECT_EQ(read->properties, schema.properties);
  EXPECT_EQ(read->comment, "all orders");
  ASSERT_EQ(read->columns.size(), schema.columns.size());
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const ColumnSchema &a = schema.columns[i], &b = read->columns[i];
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.is_key, b.is_key);
    EXPECT_EQ(a.nullable, b.nullable);
    EXPECT_EQ(a.auto_increment, b.auto_increment);
    EXPECT_EQ(a.aggregation, b.aggregation);
    EXPECT_EQ(a.default_value, b.default_value);
    EXPECT_EQ(a.default_current_timestamp, b.default_current_timestamp);
    EXPECT_EQ(a.on_update_current_timestamp, b.on_update_current_timestamp);
    EXPECT_EQ(a.comment, b.comment);
    EXPECT_EQ(a.initial_default, b.initial_default);
  }
  EXPECT_EQ(read->serialize(), schema.serialize());
}

TEST(TableSchema, ReadsTheOlderForms) {
  for (const uint8_t form : {1, 2}) {
    std::string bytes;
    const auto number = [&](uint32_t value) { put_fixed<uint32_t>(bytes, value); };
    put_fixed<uint8_t>(bytes, form);
    number(7);  // version
    put_fixed<uint8_t>(bytes, static_cast<uint8_t>(TableModel::kUnique));
    for (const uint32_t value : {1, 2, 1, 1}) number(value);  // key columns, next id, columns, id of the first
    put_length_prefixed(bytes, "id");
    put_fixed<uint8_t>(bytes, static_cast<uint8_t>(TypeKind::kBigInt));
    bytes += std::string(2 + sizeof(uint32_t), '\0');  // precision, scale, length
    put_fixed<uint8_t>(bytes, 1);                      // flags: key
    put_length_prefixed(bytes, "");
    for (const uint32_t value : {3, 1, 0, 0}) number(value);  // buckets, bucket columns and the position of one, properties
    put_length_prefixed(bytes, "a comment");
    const Result<TableSchema> read = TableSchema::deserialize(bytes);
    ASSERT_TRUE(read.ok()) << read.status().to_string();
    ASSERT_EQ(read->columns.size(), 1u);
    EXPECT_TRUE(read->columns[0].is_key && !read->columns[0].hidden);
    EXPECT_EQ(read->bucket_count, 3u);
    EXPECT_EQ(read->comment, "a comment");
    EXPECT_FALSE(read->sequence_column().has_value());
  }
}

TEST(TableSchema, RefusesEveryCutOffForm) {
  const std::string bytes = orders().serialize();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(TableSchema::deserialize(std::string_view(bytes).substr(0, size)).status().code(), StatusCode::kCorruption)
        << size;
  }
  EXPECT_FALSE(TableSchema::deserialize(bytes + '\0').ok());
}

TEST(TableSchema, SurvivesAnyFlippedByte) {
  const std::string bytes = orders().serialize();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      const Result<TableSchema> read = TableSchema::deserialize(damaged);
      if (!read.ok()) {
        EXPECT_EQ(read.status().code(), StatusCode::kCorruption);
      }
    }
  }
}

TEST(TableSchema, FindsColumnsWithoutRegardToCase) {
  const TableSchema schema = orders();
  EXPECT_EQ(schema.find("AMOUNT"), 1u);
  EXPECT_EQ(schema.find("amount "), std::nullopt);
  EXPECT_EQ(schema.find(ColumnId(8)), 3u);
  EXPECT_EQ(schema.find(ColumnId(2)), std::nullopt);
}

TEST(TableSchema, SuggestsTheClosestNameOnlyWhenItIsClose) {
  const TableSchema schema = orders();
  EXPECT_EQ(schema.closest_name("amout"), "Amount");
  EXPECT_EQ(schema.closest_name("CREATE_AT"), "created_at");
  EXPECT_EQ(schema.closest_name("ident"), std::nullopt);
  EXPECT_EQ(schema.closest_name("xyz"), std::nullopt);
  EXPECT_EQ(schema.closest_name(""), std::nullopt);
  EXPECT_EQ(schema.closest_name(std::string(100'000, 'a')), std::nullopt);
}

TEST(DataType, IsWrittenAsInDdl) {
  EXPECT_EQ((DataType{TypeKind::kDecimal, 10, 2}).to_string(), "decimal(10,2)");
  EXPECT_EQ((DataType{TypeKind::kDateTime}).to_string(), "datetime");
  EXPECT_EQ((DataType{TypeKind::kDateTime, 0, 6}).to_string(), "datetime(6)");
  EXPECT_EQ((DataType{TypeKind::kVarchar, 0, 0, 32}).to_string(), "varchar(32)");
  EXPECT_EQ((DataType{TypeKind::kLargeInt}).to_string(), "largeint");
}

TEST(DataType, DecimalsTakeTheNarrowestLayoutThatHoldsThem) {
  const auto width = [](uint8_t precision) { return DataType{TypeKind::kDecimal, precision, 0}.width(); };
  EXPECT_EQ(width(4), 2u);
  EXPECT_EQ(width(5), 4u);
  EXPECT_EQ(width(9), 4u);
  EXPECT_EQ(width(10), 8u);
  EXPECT_EQ(width(18), 8u);
  EXPECT_EQ(width(19), 16u);
  EXPECT_EQ(width(38), 16u);
}

}  // namespace
}  // namespace freshet
