#include "storage/types/key_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "storage/base/coding.h"
#include "storage/types/value_text.h"
#include "support/seed.h"

namespace freshet {
namespace {

TableSchema keyed_by(std::vector<DataType> types, bool nullable) {
  TableSchema schema;
  for (size_t i = 0; i < types.size(); ++i) {
    schema.columns.push_back({.id = ColumnId(static_cast<uint32_t>(i + 1)),
                              .name = fmt::format("k{}", i),
                              .type = types[i],
                              .is_key = true,
                              .nullable = nullable});
    schema.bucket_columns.push_back(i);
  }
  schema.key_count = types.size();
  return schema;
}

/// -1, 0 or 1 by the values themselves; NULL first, NaN last.
int compare_typed(const Column& column, size_t a, size_t b) {
  const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  const auto order_real = [&](double x, double y) {
    if (std::isnan(x) || std::isnan(y)) return order(std::isnan(x), std::isnan(y));
    return order(x, y);
  };
  if (column.is_null(a) || column.is_null(b)) return order(!column.is_null(a), !column.is_null(b));
  switch (column.type().physical()) {
    case PhysicalType::kInt8: return order(column.values<int8_t>()[a], column.values<int8_t>()[b]);
    case PhysicalType::kInt16: return order(column.values<int16_t>()[a], column.values<int16_t>()[b]);
    case PhysicalType::kInt32: return order(column.values<int32_t>()[a], column.values<int32_t>()[b]);
    case PhysicalType::kInt64: return order(column.values<int64_t>()[a], column.values<int64_t>()[b]);
    case PhysicalType::kInt128: return order(load_fixed<Int128>(column.raw_at(a)), load_fixed<Int128>(column.raw_at(b)));
    case PhysicalType::kFloat: return order_real(column.values<float>()[a], column.values<float>()[b]);
    case PhysicalType::kDouble: return order_real(column.values<double>()[a], column.values<double>()[b]);
    case PhysicalType::kBytes: return order(column.bytes_at(a), column.bytes_at(b));
  }
  return 0;
}

template <typename T>
T random_integer(std::mt19937_64& random) {
  const T edges[] = {0, 1, static_cast<T>(-1), static_cast<T>(T{1} << (sizeof(T) * 8 - 2))};
  if (random() % 2 != 0) return edges[random() % 4];
  return static_cast<T>((static_cast<Int128>(random()) << 64 | random()) >> (random() % (sizeof(T) * 8)));
}

template <typename T>
T random_real(std::mt19937_64& random) {
  using Limits = std::numeric_limits<T>;
  const T edges[] = {0,
                     -T{0},
                     Limits::infinity(),
                     -Limits::infinity(),
                     Limits::quiet_NaN(),
                     -Limits::quiet_NaN(),
                     Limits::denorm_min(),
                     -Limits::denorm_min()};
  if (random() % 2 != 0) return edges[random() % 8];
  return static_cast<T>(
      std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 40) - 70));
}

void append_random(Column& column, bool nullable, std::mt19937_64& random) {
  if (nullable && random() % 8 == 0) return column.append_null();
  switch (column.type().physical()) {
    case PhysicalType::kInt8: return column.append(random_integer<int8_t>(random));
    case PhysicalType::kInt16: return column.append(random_integer<int16_t>(random));
    case PhysicalType::kInt32: return column.append(random_integer<int32_t>(random));
    case PhysicalType::kInt64: return column.append(random_integer<int64_t>(random));
    case PhysicalType::kInt128: return column.append(random_integer<Int128>(random));
    case PhysicalType::kFloat: return column.append(random_real<float>(random));
    case PhysicalType::kDouble: return column.append(random_real<double>(random));
    case PhysicalType::kBytes: break;
  }
  std::string text;
  for (uint64_t left = random() % 4; left > 0; --left) text.push_back("\x00\x01\xff\x61"[random() % 4]);
  column.append_bytes(text);
}

int sign_of(int number) { return number < 0 ? -1 : number > 0; }

const std::vector<DataType> kTypes = {
    {TypeKind::kBoolean},       {TypeKind::kTinyInt},        {TypeKind::kSmallInt}, {TypeKind::kInt},
    {TypeKind::kBigInt},        {TypeKind::kLargeInt},       {TypeKind::kFloat},    {TypeKind::kDouble},
    {TypeKind::kDecimal, 9, 2}, {TypeKind::kDecimal, 38, 2}, {TypeKind::kDate},     {TypeKind::kDateTime},
    {TypeKind::kVarchar},       {TypeKind::kString}};

void expect_order_of_values(const TableSchema& schema, std::mt19937_64& random) {
  constexpr size_t kRows = 60;
  Block block = Block::for_schema(schema);
  for (size_t row = 0; row < kRows; ++row) {
    for (Column& column : block.columns) append_random(column, schema.columns[0].nullable, random);
  }
  const KeyCodec codec(schema);
  KeyRun run = codec.make_run();
  codec.append_keys(block, 0, kRows, run);
  for (size_t a = 0; a < kRows; ++a) {
    for (size_t b = 0; b < kRows; ++b) {
      int expected = 0;
      for (size_t i = 0; i < block.columns.size() && expected == 0; ++i) expected = compare_typed(block.columns[i], a, b);
      ASSERT_EQ(sign_of(run.compare(a, run, b)), expected);
      ASSERT_EQ(sign_of(run.encoded_at(a).compare(run.encoded_at(b))), expected);
      if (expected == 0) {
        ASSERT_EQ(run.hash_at(a), run.hash_at(b));
      }
    }
  }
}

TEST(KeyCodec, EncodedOrderIsTheOrderOfTheValues) {
  std::mt19937_64 random(test::test_seed());
  for (const DataType& type : kTypes) {
    SCOPED_TRACE(type.to_string());
    expect_order_of_values(keyed_by({type}, false), random);
    expect_order_of_values(keyed_by({type}, true), random);
  }
  for (int round = 0; round < 100; ++round) {
    std::vector<DataType> types(2 + random() % 3);
    for (DataType& type : types) type = kTypes[random() % kTypes.size()];
    expect_order_of_values(keyed_by(types, random() % 2 != 0), random);
  }
}

TEST(KeyCodec, OnlyOneNotNullNarrowIntegerHasTheFixedForm) {
  const auto is_fixed = [](std::vector<DataType> types, bool nullable) {
    return KeyCodec(keyed_by(std::move(types), nullable)).is_fixed();
  };
  EXPECT_TRUE(is_fixed({{TypeKind::kBigInt}}, false));
  EXPECT_TRUE(is_fixed({{TypeKind::kBoolean}}, false));
  EXPECT_TRUE(is_fixed({{TypeKind::kDateTime}}, false));
  EXPECT_TRUE(is_fixed({{TypeKind::kDecimal, 18, 2}}, false));
  EXPECT_FALSE(is_fixed({{TypeKind::kBigInt}}, true));
  EXPECT_FALSE(is_fixed({{TypeKind::kDecimal, 19, 2}}, false));
  EXPECT_FALSE(is_fixed({{TypeKind::kDouble}}, false));
  EXPECT_FALSE(is_fixed({{TypeKind::kInt}, {TypeKind::kInt}}, false));
}

TEST(KeyCodec, EncodesTheStatedBytes) {
  const TableSchema schema = keyed_by({{TypeKind::kInt}, {TypeKind::kString}, {TypeKind::kTinyInt}}, true);
  Block block = Block::for_schema(schema);
  block.columns[0].append<int32_t>(-1);
  block.columns[1].append_bytes(std::string_view("a\0b", 3));
  block.columns[2].append_null();
  const std::string expected(
      "\x01\x7f\xff\xff\xff\x01"
      "a\x00\xff"
      "b\x00\x00\x00",
      13);
  EXPECT_EQ(KeyCodec(schema).encode_prefix(block, 0, 3), expected);
}

TEST(KeyCodec, TheEncodingOfTheFirstColumnsIsAPrefixOfTheKey) {
  const TableSchema schema = keyed_by({{TypeKind::kInt}, {TypeKind::kString}, {TypeKind::kDouble}}, true);
  std::mt19937_64 random(test::test_seed());
  Block block = Block::for_schema(schema);
  const KeyCodec codec(schema);
  KeyRun run = codec.make_run();
  for (size_t row = 0; row < 100; ++row) {
    for (Column& column : block.columns) append_random(column, true, random);
    codec.append_keys(block, row, 1, run);
    for (size_t columns = 0; columns <= 3; ++columns) {
      EXPECT_TRUE(run.bytes_at(row).starts_with(codec.encode_prefix(block, row, columns)));
    }
    EXPECT_EQ(run.bytes_at(row), codec.encode_prefix(block, row, 3));
  }
}

TEST(KeyRun, EncodedKeysReadBackInBothForms) {
  for (const bool is_fixed : {true, false}) {
    const TableSchema schema = keyed_by({{TypeKind::kBigInt}}, !is_fixed);
    Block block = Block::for_schema(schema);
    for (const int64_t value : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) block.columns[0].append(value);
    const KeyCodec codec(schema);
    ASSERT_EQ(codec.is_fixed(), is_fixed);
    KeyRun run = codec.make_run(), copy = codec.make_run();
    codec.append_keys(block, 0, 4, run);
    for (size_t row = 0; row < 4; ++row) {
      EXPECT_EQ(codec.encode_prefix(block, row, 1), run.encoded_at(row));
      copy.append_encoded(run.encoded_at(row));
      EXPECT_EQ(copy.compare(row, run, row), 0);
    }
    copy.clear();
    EXPECT_EQ(copy.size(), 0u);
    copy.append_from(run, 2);
    EXPECT_EQ(copy.encoded_at(0), run.encoded_at(2));
  }
}

TEST(KeyRun, HashesNeverChange) {
  // They are stored in key filters and decide buckets: a new value here is a new file format.
  EXPECT_EQ(KeyRun::hash_fixed(0), 0u);
  EXPECT_EQ(KeyRun::hash_fixed(1), 4717996019076358352u);
  EXPECT_EQ(KeyRun::hash_bytes("freshet"), 1551681233661463283u);
}

std::vector<uint32_t> buckets_of(const TableSchema& schema, const Block& block) {
  std::vector<uint32_t> buckets;
  KeyCodec(schema).append_buckets(schema, block, 0, block.row_count(), buckets);
  return buckets;
}

TEST(KeyCodec, BucketsAreFilledEvenly) {
  for (const DataType& type : {DataType{TypeKind::kBigInt}, DataType{TypeKind::kString}}) {
    TableSchema schema = keyed_by({type}, false);
    schema.bucket_count = 7;
    Block block = Block::for_schema(schema);
    for (int i = 0; i < 70'000; ++i) ASSERT_EQ(append_text(block.columns[0], std::to_string(i)), TextError::kNone);
    std::map<uint32_t, int> rows;
    for (const uint32_t bucket : buckets_of(schema, block)) ++rows[bucket];
    ASSERT_EQ(rows.size(), 7u);
    ASSERT_LT(rows.rbegin()->first, 7u);
    for (const auto& [bucket, count] : rows) EXPECT_NEAR(count, 10'000, 500) << bucket;
  }
}

TEST(KeyCodec, TheBucketOfANumberDoesNotDependOnItsColumnsWidthOrNullability) {
  std::set<std::vector<uint32_t>> answers;
  for (const TypeKind kind : {TypeKind::kTinyInt, TypeKind::kSmallInt, TypeKind::kInt, TypeKind::kBigInt}) {
    for (const bool nullable : {true, false}) {
      TableSchema schema = keyed_by({{kind}}, nullable);
      schema.bucket_count = 16;
      Block block = Block::for_schema(schema);
      for (int i = -100; i < 100; ++i) ASSERT_EQ(append_text(block.columns[0], std::to_string(i)), TextError::kNone);
      answers.insert(buckets_of(schema, block));
    }
  }
  EXPECT_EQ(answers.size(), 1u);
}

TEST(KeyCodec, KeysOfOneBucketStillSpreadOverAKeyFilter) {
  TableSchema schema = keyed_by({{TypeKind::kBigInt}}, false);
  schema.bucket_count = 16;
  Block block = Block::for_schema(schema);
  for (int64_t i = 0; i < 16'000; ++i) block.columns[0].append(i);
  KeyRun run(true);
  KeyCodec(schema).append_keys(block, 0, 16'000, run);
  const std::vector<uint32_t> buckets = buckets_of(schema, block);
  std::map<uint64_t, int> by_high_bits;
  for (size_t row = 0; row < buckets.size(); ++row) {
    if (buckets[row] == 3) ++by_high_bits[run.hash_at(row) >> 60];
  }
  EXPECT_EQ(by_high_bits.size(), 16u);
}

TEST(KeyCodec, WithoutBucketColumnsRowsGoRoundRobin) {
  TableSchema schema = keyed_by({{TypeKind::kInt}}, true);
  schema.model = TableModel::kDuplicate;
  schema.bucket_columns.clear();
  schema.bucket_count = 4;
  Block block = Block::for_schema(schema);
  for (int32_t i = 0; i < 400; ++i) block.columns[0].append(i);
  std::map<uint32_t, int> rows;
  for (const uint32_t bucket : buckets_of(schema, block)) ++rows[bucket];
  EXPECT_EQ(rows, (std::map<uint32_t, int>{{0, 100}, {1, 100}, {2, 100}, {3, 100}}));
}

}  // namespace
}  // namespace freshet
