#include "storage/encoding/bit_packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "support/seed.h"

namespace freshet::storage {
namespace {

template <typename T>
class BitPacking : public testing::Test {};
using Widths = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t, UInt128>;
TYPED_TEST_SUITE(BitPacking, Widths);

TYPED_TEST(BitPacking, EveryWidthReadsBackFromEveryStart) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  for (unsigned bits = 0; bits <= std::min<unsigned>(sizeof(T) * 8, 64); ++bits) {
    if (!is_packed_width(bits)) continue;
    const T base = static_cast<T>(random());
    std::vector<T> values(1 + random() % 300);
    for (T& value : values) value = static_cast<T>(base + static_cast<T>(random() & packed_mask(bits)));
    std::string packed;
    pack_deltas(values.data(), values.size(), base, bits, packed);
    ASSERT_EQ(packed.size(), packed_bytes(values.size(), bits));

    for (size_t first = 0; first < values.size(); first += 1 + random() % 20) {
      const size_t count = random() % (values.size() - first + 1);
      std::vector<T> read(count);
      unpack_deltas(packed.data(), bits, first, count, base, read.data());
      ASSERT_TRUE(std::equal(read.begin(), read.end(), values.begin() + static_cast<ptrdiff_t>(first)))
          << "width " << bits << " first " << first << " count " << count;
    }
    std::vector<uint32_t> rows(values.size());
    std::iota(rows.begin(), rows.end(), 0u);
    std::vector<T> gathered(values.size());
    unpack_gather(packed.data(), bits, rows.data(), rows.size(), base, gathered.data());
    ASSERT_TRUE(gathered == values) << "width " << bits;
  }
}

TEST(BitPackingWidth, IsTheSmallestThatFitsOneLoad) {
  EXPECT_EQ(packed_bits_for(0), 0u);
  EXPECT_EQ(packed_bits_for(1), 1u);
  EXPECT_EQ(packed_bits_for(255), 8u);
  EXPECT_EQ(packed_bits_for(256), 9u);
  EXPECT_EQ(packed_bits_for((uint64_t{1} << 56) - 1), 56u);
  EXPECT_EQ(packed_bits_for(uint64_t{1} << 56), 64u);
  EXPECT_EQ(packed_bits_for(UINT64_MAX), 64u);
}

}  // namespace
}  // namespace freshet::storage
