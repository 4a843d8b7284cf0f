#include "storage/segment/page_cache.h"

#include <gtest/gtest.h>

#include <optional>

namespace freshet::storage {
namespace {

constexpr uint64_t kLimit = uint64_t{64} << 20;
constexpr size_t kPageBytes = 16 * 1024;

void fill(PageCache& cache) {
  for (uint64_t page = 0; page < 2 * kLimit / kPageBytes; ++page) {
    ASSERT_TRUE(
        cache.get(RowsetId(1), page * kPageBytes, [] { return Result<std::string>(std::string(kPageBytes, 'x')); }).ok());
  }
}

TEST(PageCache, PagesMakeRoomForWhatIsReserved) {
  PageCache cache(kLimit);
  fill(cache);
  EXPECT_GT(cache.used_bytes(), kLimit / 2);
  std::optional<PageCache::Reservation> half = cache.reserve(kLimit / 2);
  EXPECT_EQ(cache.reserved_bytes(), kLimit / 2);
  EXPECT_EQ(cache.capacity_bytes(), kLimit / 2);
  EXPECT_LE(cache.used_bytes(), kLimit / 2) << "pages left at once";
  half.reset();
  EXPECT_EQ(cache.reserved_bytes(), 0u);
  EXPECT_EQ(cache.capacity_bytes(), kLimit);
}

TEST(PageCache, PagesKeepAPartWhateverIsReserved) {
  PageCache cache(kLimit);
  const PageCache::Reservation all = cache.reserve(kLimit);
  PageCache::Reservation more = cache.reserve(kLimit);
  EXPECT_EQ(cache.capacity_bytes(), kLimit / PageCache::kLeastPagesPart);
  fill(cache);
  EXPECT_GT(cache.used_bytes(), 0u);
  more = PageCache::Reservation();
  EXPECT_EQ(cache.reserved_bytes(), kLimit);
}

TEST(PageCache, AReservationMayOutliveTheCache) {
  PageCache::Reservation reservation;
  {
    PageCache cache(kLimit);
    PageCache::Reservation first = cache.reserve(7);
    reservation = std::move(first);
    EXPECT_EQ(cache.reserved_bytes(), 7u);
  }
}

}  // namespace
}  // namespace freshet::storage
