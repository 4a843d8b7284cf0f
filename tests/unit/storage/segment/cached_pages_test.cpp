#include "storage/segment/cached_pages.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <thread>

#include "segment_fixture.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

constexpr size_t kPageBytes = 10'000;
constexpr uint64_t kCacheBytes = 1 << 20;

std::string_view accept(std::string_view) { return {}; }

class CachedPagesOfAFile : public SegmentFixture {
 protected:
  CachedPagesOfAFile() : small_(kCacheBytes) {}

  /// A file of `count` pages that each repeat one letter.
  void write_pages(size_t count) {
    PageSink sink(files_->create(segment_file_name(next_id_)).value(), next_id_);
    std::vector<PageLocation> locations;
    for (size_t page = 0; page < count; ++page) {
      const std::string payload(kPageBytes, letter(page));
      locations.push_back(sink.write({}, payload, PageCompression::kNone).value());
    }
    ASSERT_TRUE(sink.finish().ok());
    source_.emplace(files_->open(segment_file_name(next_id_)).value(), &small_, next_id_);
    pages_.emplace(*source_, std::move(locations));
  }

  static char letter(size_t page) { return static_cast<char>('a' + page % 26); }
  PageCache::PagePtr get(size_t page) const { return pages_->get(page, accept).value(); }

  PageCache small_;
  std::optional<PageSource> source_;
  std::optional<CachedPages> pages_;
};

void wait_until_the_cache_is_to_hear() {
  std::this_thread::sleep_for(std::chrono::milliseconds(CachedPages::kTouchMilliseconds + 20));
}

/// Does `work` until it took so little time that the cache was not to hear of a page that was read before it: one busy
/// moment of the machine must not fail a test. `begin` is done before each attempt.
template <typename Begin, typename Work>
void at_once(const Begin& begin, const Work& work) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const uint32_t began = coarse_milliseconds();
    begin();
    work();
    if (coarse_milliseconds() - began < CachedPages::kTouchMilliseconds / 2) return;
    wait_until_the_cache_is_to_hear();
  }
  FAIL() << "this machine is too slow";
}

TEST_F(CachedPagesOfAFile, AReadOfAPageInMemoryAsksTheCacheFromTimeToTimeAlone) {
  write_pages(2);
  EXPECT_EQ(pages_->find(0), nullptr);
  EXPECT_EQ(small_.reserved_bytes(), 0u);
  const PageCache::PagePtr page = get(0);
  EXPECT_EQ(page_payload(*page), std::string(kPageBytes, 'a'));
  EXPECT_GT(small_.reserved_bytes(), 0u) << "of the slots";
  wait_until_the_cache_is_to_hear();
  uint64_t hits = 0;
  int found = 0;
  at_once(
      [&] {
        ASSERT_EQ(pages_->find(0), nullptr) << "the cache is to hear";
        ASSERT_EQ(get(0), page);
        hits = small_.hit_count();
        found = 0;
      },
      [&] {
        for (int i = 0; i < 5; ++i) found += pages_->find(0) == page;
      });
  EXPECT_EQ(found, 5);
  EXPECT_EQ(small_.hit_count(), hits + 5);
  EXPECT_EQ(small_.miss_count(), 1u);
}

TEST_F(CachedPagesOfAFile, APageThatTheCacheGaveUpIsNotKept) {
  write_pages(300);
  PageCache::PagePtr found;
  at_once([&] { get(0); },
          [&] {
            for (size_t page = 1; page < pages_->size(); ++page) get(page);
            found = pages_->find(0);
          });
  EXPECT_EQ(found, nullptr);
  EXPECT_LE(small_.used_bytes(), kCacheBytes);
  const uint64_t misses = small_.miss_count();
  EXPECT_EQ(page_payload(*get(0)), std::string(kPageBytes, 'a'));
  EXPECT_EQ(small_.miss_count(), misses + 1);
}

TEST_F(CachedPagesOfAFile, TheCacheKeepsWhatIsReadOften) {
  write_pages(300);
  for (size_t page = 1; page < pages_->size(); ++page) {
    get(0);
    get(page);
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
  }
  EXPECT_EQ(small_.miss_count(), pages_->size()) << "page 0 was read from the file again";
}

TEST_F(CachedPagesOfAFile, ADamagedPageIsReportedEachTime) {
  write_pages(3);
  write_byte(next_id_, pages_->locations()[1].offset + 100, '!');
  for (int i = 0; i < 3; ++i) {
    const auto damaged = pages_->get(1, accept);
    ASSERT_EQ(damaged.status().code(), StatusCode::kCorruption);
    EXPECT_NE(damaged.status().message().find(segment_file_name(next_id_)), std::string::npos);
  }
  EXPECT_EQ(page_payload(*get(2)), std::string(kPageBytes, 'c'));
}

TEST_F(CachedPagesOfAFile, ThreadsReadTheRightPagesWhileTheyComeAndGo) {
  write_pages(200);
  const uint64_t seed = test::test_seed();
  std::atomic<size_t> wrong{0};
  const auto read = [&](uint64_t of_thread) {
    std::mt19937_64 random(seed + of_thread);
    for (int i = 0; i < 20'000; ++i) {
      const size_t page = random() % (i % 2 == 0 ? 3 : pages_->size());
      const PageCache::PagePtr got = get(page);
      wrong += page_payload(*got).front() != letter(page) || page_payload(*got).back() != letter(page);
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread) threads.emplace_back(read, thread);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace freshet::storage
