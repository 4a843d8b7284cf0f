#include "storage/segment/zone_map.h"

#include <gtest/gtest.h>

#include "storage/segment/page_encoder.h"

namespace freshet::storage {
namespace {

ZoneMap zone_of(const Column& column) {
  PageEncoder encoder(PageCompression::kLz4);
  ZoneMap zone;
  encoder.encode(column, 0, column.size(), zone);
  return zone;
}

Column strings(std::initializer_list<std::string_view> values) {
  Column column(DataType{TypeKind::kString});
  for (std::string_view value : values) column.append_bytes(value);
  return column;
}

TEST(ZoneMap, ShortBytesAreExact) {
  const ZoneMap zone = zone_of(strings({"pear", "apple", "", "plum"}));
  EXPECT_TRUE(zone.has_bounds);
  EXPECT_EQ(zone.min, "");
  EXPECT_EQ(zone.max, "plum");
  EXPECT_TRUE(zone.max_is_exact);
}

TEST(ZoneMap, LongMaximumIsRoundedUp) {
  const std::string longest = std::string(31, 'z') + "ab";
  const ZoneMap zone = zone_of(strings({longest, "b"}));
  EXPECT_FALSE(zone.max_is_exact);
  EXPECT_EQ(zone.max, std::string(31, 'z') + "b");
  EXPECT_GT(zone.max, longest);
}

TEST(ZoneMap, RoundingUpCarriesAndMayHaveNoEnd) {
  const ZoneMap carried = zone_of(strings({std::string("a") + std::string(40, '\xff')}));
  EXPECT_EQ(carried.max, "b");
  const ZoneMap unbounded = zone_of(strings({std::string(40, '\xff')}));
  EXPECT_TRUE(unbounded.has_bounds);
  EXPECT_FALSE(unbounded.max_is_exact);
  EXPECT_EQ(unbounded.max, "");
}

TEST(ZoneMap, OnlyNullsHaveNoBounds) {
  Column column(DataType{TypeKind::kInt});
  column.append_null();
  column.append_null();
  const ZoneMap zone = zone_of(column);
  EXPECT_FALSE(zone.has_bounds);
  EXPECT_EQ(zone.null_count, 2u);
}

TEST(ZoneMap, MergeWidensAndKeepsWhatNullPagesDoNotKnow) {
  Column low(DataType{TypeKind::kInt}), high(DataType{TypeKind::kInt}), nulls(DataType{TypeKind::kInt});
  low.append(int32_t{-5});
  high.append(int32_t{7});
  nulls.append_null();
  ZoneMap all;
  merge_zone(all, 0, zone_of(nulls), 1, PhysicalType::kInt32);
  EXPECT_FALSE(all.has_bounds);
  merge_zone(all, 1, zone_of(high), 1, PhysicalType::kInt32);
  merge_zone(all, 2, zone_of(nulls), 1, PhysicalType::kInt32);
  merge_zone(all, 3, zone_of(low), 1, PhysicalType::kInt32);
  EXPECT_EQ(all.null_count, 2u);
  EXPECT_EQ(load_fixed<int32_t>(all.min.data()), -5);
  EXPECT_EQ(load_fixed<int32_t>(all.max.data()), 7);
}

TEST(ZoneMap, MergeWithAnUnboundedPageIsUnbounded) {
  ZoneMap all = zone_of(strings({"m"}));
  merge_zone(all, 1, zone_of(strings({std::string(40, '\xff')})), 1, PhysicalType::kBytes);
  merge_zone(all, 2, zone_of(strings({"zz"})), 1, PhysicalType::kBytes);
  EXPECT_TRUE(all.has_bounds);
  EXPECT_FALSE(all.max_is_exact);
  EXPECT_EQ(all.max, "");
  EXPECT_EQ(all.min, "m");
}

TEST(ZoneMap, ReadsBack) {
  for (const Column& column : {strings({"a", "zebra"}), strings({std::string(50, 'x')})}) {
    const ZoneMap zone = zone_of(column);
    std::string bytes;
    put_zone(bytes, zone);
    ByteReader reader(bytes);
    const auto read = read_zone(reader, PhysicalType::kBytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(read->min, zone.min);
    EXPECT_EQ(read->max, zone.max);
    EXPECT_EQ(read->max_is_exact, zone.max_is_exact);
    ByteReader other(bytes);
    EXPECT_FALSE(read_zone(other, PhysicalType::kInt64).has_value()) << "bounds of another width";
  }
}

}  // namespace
}  // namespace freshet::storage
