#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/segment/page_frame.h"

namespace freshet::storage {

/// Milliseconds since some time, modulo 2^32, exact to a tick of the kernel: a few nanoseconds a call, unlike an exact
/// clock.
uint32_t coarse_milliseconds();

/// The pages of one part of a segment file (a column, a key index, the row store), by number.
///
/// It remembers where each page is in memory: a read takes it from there, not from the page cache, whose table, list and
/// lock cost a point lookup more cache misses than all else it does. The cache alone decides what stays, as the pointers
/// here are weak; it hears of reads of a page once in kTouchMilliseconds, so its order of use is true to that time. The
/// pointers take memory, reserved of the cache's, from the first read of a page on. Any thread; none waits for another.
class CachedPages {
 public:
  static constexpr uint32_t kTouchMilliseconds = 100;

  /// `source` must outlive it.
  CachedPages(const PageSource& source, std::vector<PageLocation> locations);
  /// REQUIRES: no page of `other` was read.
  CachedPages(CachedPages&& other) noexcept : source_(other.source_), locations_(std::move(other.locations_)) {}
  ~CachedPages() { delete[] slots_.load(std::memory_order_relaxed); }

  size_t size() const { return locations_.size(); }
  const std::vector<PageLocation>& locations() const { return locations_; }

  /// Page `page` when it is known to be in memory. Null says nothing: then get().
  PageCache::PagePtr find(size_t page) const {
    Slot* const slots = slots_.load(std::memory_order_acquire);
    PageCache::PagePtr found = slots == nullptr ? nullptr : slots[page].find();
    if (found != nullptr) source_->count_hit();
    return found;
  }
  /// From memory or the file; `check` as for PageSource::get().
  template <typename Check>
  Result<PageCache::PagePtr> get(size_t page, const Check& check) const {
    if (PageCache::PagePtr found = find(page)) return found;
    Result<PageCache::PagePtr> got = source_->get(locations_[page], check);
    if (got.ok()) slots()[page].remember(*got);
    return got;
  }
  /// From the file, whatever is in memory.
  template <typename Check>
  Result<std::string> read(size_t page, const Check& check) const {
    return source_->read(locations_[page], check);
  }

  /// Without what is reserved for pages that were read.
  uint64_t resident_bytes() const { return locations_.capacity() * sizeof(PageLocation); }

 private:
  /// Lies within one line of the processor's cache.
  class alignas(32) Slot {
   public:
    /// Null also when the cache is to hear of it, and while another thread is at this slot.
    PageCache::PagePtr find() {
      const uint32_t now = coarse_milliseconds();
      if (is_taken_.exchange(true, std::memory_order_acquire)) return nullptr;
      PageCache::PagePtr page = now - touched_ < kTouchMilliseconds ? page_.lock() : nullptr;
      is_taken_.store(false, std::memory_order_release);
      return page;
    }
    void remember(const PageCache::PagePtr& page);

   private:
    std::weak_ptr<const std::string> page_;  ///< guarded by is_taken_, as touched_ is
    uint32_t touched_ = 0;                   ///< coarse_milliseconds() when the cache heard of a read
    std::atomic<bool> is_taken_{false};
  };

  /// One a page; made by the first call.
  Slot* slots() const;

  const PageSource* source_;
  std::vector<PageLocation> locations_;
  mutable std::atomic<Slot*> slots_{nullptr};
  mutable PageCache::Reservation reserved_;  ///< written by the thread that made `slots_`
};

}  // namespace freshet::storage
