#include "storage/segment/cached_pages.h"

#include <time.h>

namespace freshet::storage {
namespace {

/// What is left of a page that the cache gave up while a slot points at it: the counters and the empty text.
constexpr uint64_t kForgottenPageBytes = 64;

}  // namespace

uint32_t coarse_milliseconds() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

CachedPages::CachedPages(const PageSource& source, std::vector<PageLocation> locations)
    : source_(&source), locations_(std::move(locations)), slots_(std::make_unique<Slot[]>(locations_.size())) {}

void CachedPages::Slot::remember(const PageCache::PagePtr& page) {
  if (is_taken_.exchange(true, std::memory_order_acquire)) return;
  if (page_.lock() != page) page_ = page;
  touched_ = coarse_milliseconds();
  is_taken_.store(false, std::memory_order_release);
}

uint64_t CachedPages::resident_bytes() const {
  return locations_.capacity() * sizeof(PageLocation) + locations_.size() * (sizeof(Slot) + kForgottenPageBytes);
}

}  // namespace freshet::storage
