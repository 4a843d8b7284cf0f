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
    : source_(&source), locations_(std::move(locations)) {}

CachedPages::Slot* CachedPages::slots() const {
  Slot* known = slots_.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto made = std::make_unique<Slot[]>(locations_.size());
  if (!slots_.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) return known;
  reserved_ = source_->reserve(locations_.size() * (sizeof(Slot) + kForgottenPageBytes));
  return made.release();
}

void CachedPages::Slot::remember(const PageCache::PagePtr& page) {
  if (is_taken_.exchange(true, std::memory_order_acquire)) return;
  if (page_.lock() != page) page_ = page;
  touched_ = coarse_milliseconds();
  is_taken_.store(false, std::memory_order_release);
}

}  // namespace freshet::storage
