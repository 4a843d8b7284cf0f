#include "storage/types/partition_map.h"

#include <gtest/gtest.h>

#include "support/test_partitions.h"

namespace freshet {
namespace {

using test::bound;
using test::range;

const TableSchema kSchema = test::partitioned_schema();

PartitionScheme scheme_of(PartitionKind kind, std::vector<uint32_t> columns) {
  PartitionScheme scheme{.kind = kind};
  for (uint32_t column : columns) scheme.columns.push_back(ColumnId(column));
  return scheme;
}

/// The names of the rows' partitions, "-" for none.
std::vector<std::string> homes(const PartitionMap& map, const std::vector<std::vector<std::string>>& rows) {
  const Block block = test::partition_rows(kSchema, rows);
  std::vector<uint32_t> positions;
  map.route(kSchema, KeyCodec(kSchema), block, positions);
  std::vector<std::string> names;
  for (uint32_t position : positions) {
    names.push_back(position == PartitionMap::kNoTablet ? "-" : map.partitions()[map.partition_of(position)].name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(PartitionMap, RangesTakeTheirLowEndAndNotTheirHighEnd) {
  const auto map = PartitionMap::make(kSchema, scheme_of(PartitionKind::kRange, {1}),
                                      {range("march", {"2024-03-01"}, {"2024-04-01"}, 30),
                                       range("first", {}, {"2024-01-01"}, 10), range("open", {"2025-01-01"}, {}, 40)});
  ASSERT_TRUE(map.ok()) << map.status().to_string();
  EXPECT_EQ((*map)->partitions()[0].name, "first") << "partitions are in the order of their ranges";
  EXPECT_EQ(homes(**map, {{"0000-01-01", "1", "x"},
                          {"2023-12-31", "1", "x"},
                          {"2024-01-01", "1", "x"},
                          {"2024-03-01", "1", "x"},
                          {"2024-03-31", "2", "x"},
                          {"2024-04-01", "1", "x"},
                          {"9999-12-31", "1", "x"}}),
            (Names{"first", "first", "-", "march", "march", "-", "open"}));
}

TEST(PartitionMap, NullGoesToTheRangeWithoutALowEnd) {
  const auto scheme = scheme_of(PartitionKind::kRange, {3});
  const auto with_least =
      PartitionMap::make(kSchema, scheme, {range("a", {}, {"m"}, 1), range("b", {"m"}, {"MAXVALUE"}, 3)});
  EXPECT_EQ(homes(**with_least, {{"2024-01-01", "1", "NULL"}, {"2024-01-01", "1", "zzz"}}), (Names{"a", "b"}));
  const auto without = PartitionMap::make(kSchema, scheme, {range("b", {"a"}, {"MAXVALUE"}, 3)});
  EXPECT_EQ(homes(**without, {{"2024-01-01", "1", "NULL"}, {"2024-01-01", "1", "b"}}), (Names{"-", "b"}));
}

TEST(PartitionMap, RangesOverSeveralColumnsCompareLikeTuples) {
  const auto map =
      PartitionMap::make(kSchema, scheme_of(PartitionKind::kRange, {1, 2}),
                         {range("a", {}, {"2024-01-01", "100"}, 1), range("b", {"2024-01-01", "100"}, {"2024-01-02"}, 3),
                          range("c", {"2024-01-02"}, {"2024-01-02", "MAXVALUE"}, 5)});
  ASSERT_TRUE(map.ok()) << map.status().to_string();
  EXPECT_EQ(homes(**map, {{"2024-01-01", "99", "x"},
                          {"2024-01-01", "100", "x"},
                          {"2024-01-02", "-5", "x"},
                          {"2024-01-02", "9000000000000000000", "x"},
                          {"2024-01-03", "1", "x"}}),
            (Names{"a", "b", "c", "c", "-"}));
}

TEST(PartitionMap, ListsTakeTheirValuesAndNull) {
  Partition north = range("north", {}, {}, 1), none = range("none", {}, {}, 3);
  north.bounds.values = {bound({"oslo"}), bound({"bergen"})};
  none.bounds.values = {bound({"NULL"})};
  const auto map = PartitionMap::make(kSchema, scheme_of(PartitionKind::kList, {3}), {north, none});
  ASSERT_TRUE(map.ok()) << map.status().to_string();
  EXPECT_EQ(homes(**map, {{"2024-01-01", "1", "bergen"}, {"2024-01-01", "1", "NULL"}, {"2024-01-01", "1", "rome"}}),
            (Names{"north", "none", "-"}));
}

TEST(PartitionMap, RefusesWhatOverlaps) {
  const auto problem = [](PartitionKind kind, std::vector<Partition> partitions) {
    const auto map = PartitionMap::make(kSchema, scheme_of(kind, {1}), std::move(partitions));
    return map.ok() ? std::string() : map.status().message();
  };
  EXPECT_NE(
      problem(PartitionKind::kRange, {range("a", {}, {"2024-02-01"}, 1), range("b", {"2024-01-31"}, {"2024-03-01"}, 3)}),
      "");
  EXPECT_NE(problem(PartitionKind::kRange, {range("a", {"2024-01-01"}, {}, 1), range("b", {"2024-06-01"}, {}, 3)}), "");
  EXPECT_EQ(
      problem(PartitionKind::kRange, {range("a", {}, {"2024-02-01"}, 1), range("b", {"2024-02-01"}, {"2024-03-01"}, 3)}),
      "");
  EXPECT_NE(
      problem(PartitionKind::kRange, {range("a", {}, {"2024-02-01"}, 1), range("A", {"2024-02-01"}, {"2024-03-01"}, 3)}), "")
      << "names compare without regard to case";
  Partition one = range("one", {}, {}, 1), other = range("other", {}, {}, 3);
  one.bounds.values = {bound({"2024-01-01"})};
  other.bounds.values = {bound({"2024-01-02"}), bound({"2024-01-01"})};
  EXPECT_NE(problem(PartitionKind::kList, {one, other}), "");
}

TEST(PartitionMap, TabletsAreNumberedOverAllPartitions) {
  Partition wide = range("b", {"2024-02-01"}, {"2024-03-01"}, 20);
  wide.tablets.push_back(TabletId(22));
  const auto map =
      *PartitionMap::make(kSchema, scheme_of(PartitionKind::kRange, {1}), {wide, range("a", {}, {"2024-02-01"}, 10)});
  EXPECT_EQ(map->tablet_count(), 5u);
  EXPECT_EQ(map->position_of(TabletId(10)), 0u);
  EXPECT_EQ(map->position_of(TabletId(22)), 4u);
  EXPECT_EQ(map->position_of(TabletId(99)), std::nullopt);
  EXPECT_EQ(map->tablet_at(2), TabletId(20));
  EXPECT_EQ(map->partition_of(1), 0u);
  EXPECT_EQ(map->partition_of(2), 1u);
  // The bucket of a row depends on its partition's number of buckets alone.
  std::vector<std::vector<std::string>> rows;
  for (int id = 0; id < 300; ++id) rows.push_back({"2024-02-05", std::to_string(id), "x"});
  std::vector<uint32_t> positions;
  map->route(kSchema, KeyCodec(kSchema), test::partition_rows(kSchema, rows), positions);
  std::vector<size_t> counts(5, 0);
  for (uint32_t position : positions) ++counts[position];
  for (size_t position = 2; position < 5; ++position) EXPECT_GT(counts[position], 60u);
}

TEST(PartitionRecord, ComesBackAsItWas) {
  PartitionScheme scheme = scheme_of(PartitionKind::kRange, {1, 2});
  scheme.is_auto = true;
  scheme.unit = PartitionUnit::kMonth;
  const std::vector<Partition> partitions{range("a", {}, {"2024-01-01", "MAXVALUE"}, 7),
                                          range("b", {"2024-01-01", "MAXVALUE"}, {}, 9)};
  std::string bytes;
  put_partitions(scheme, partitions, bytes);
  PartitionScheme read_scheme;
  std::vector<Partition> read;
  ByteReader in(bytes);
  ASSERT_TRUE(read_partitions(in, read_scheme, read));
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(read_scheme, scheme);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1].name, "b");
  EXPECT_EQ(read[0].bounds, partitions[0].bounds);
  EXPECT_EQ(read[1].tablets, partitions[1].tablets);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    ByteReader short_in(std::string_view(bytes).substr(0, cut));
    read_scheme = {};
    read.clear();
    EXPECT_FALSE(read_partitions(short_in, read_scheme, read)) << cut;
  }
}

}  // namespace
}  // namespace freshet
