#include "storage/segment/page_cache.h"

#include <rocksdb/cache.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "storage/base/assert.h"
#include "storage/base/log.h"

namespace freshet::storage {
namespace {

/// Memory of an entry beside its payload: RocksDB's handle, our pointer and its control block.
constexpr size_t kEntryOverheadBytes = 160;

struct CacheKey {
  CacheKey(RowsetId file, uint64_t offset) : words{file.value, offset} {}
  rocksdb::Slice slice() const { return {reinterpret_cast<const char*>(words.data()), sizeof(words)}; }
  std::array<uint64_t, 2> words;
};

/// Counts without threads taking one cache line from each other.
class StripedCounter {
 public:
  void add() { stripes_[own_stripe()].count.fetch_add(1, std::memory_order_relaxed); }
  uint64_t sum() const {
    uint64_t sum = 0;
    for (const Stripe& stripe : stripes_) sum += stripe.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static constexpr size_t kStripes = 16;
  struct alignas(64) Stripe {
    std::atomic<uint64_t> count{0};
  };
  static size_t own_stripe() {
    static std::atomic<size_t> threads{0};
    thread_local const size_t stripe = threads.fetch_add(1, std::memory_order_relaxed) % kStripes;
    return stripe;
  }

  std::array<Stripe, kStripes> stripes_;
};

void delete_entry(const rocksdb::Slice&, void* value) { delete static_cast<PageCache::PagePtr*>(value); }

}  // namespace

/// Entries own a shared pointer that a lookup copies, so that a page needs no cache handle to stay alive.
struct PageCache::State {
  explicit State(uint64_t limit) : cache(rocksdb::NewLRUCache(limit)), limit_bytes(limit) {}

  void reserve(uint64_t bytes) {
    std::lock_guard lock(mutex);
    reserved_bytes += bytes;
    fit();
  }
  void release(uint64_t bytes) {
    std::lock_guard lock(mutex);
    FRESHET_ASSERT(bytes <= reserved_bytes);
    reserved_bytes -= bytes;
    fit();
  }
  /// Gives pages what is left. REQUIRES: mutex.
  void fit() {
    const uint64_t least = limit_bytes / kLeastPagesPart;
    const uint64_t most_reserved = limit_bytes - least;
    cache->SetCapacity(limit_bytes - std::min(reserved_bytes, most_reserved));
    if (reserved_bytes > most_reserved && !is_short) {
      log_warning(
          "key indexes and key filters take {} bytes, more than {} of the {} bytes of memory.page_cache_bytes: the "
          "rest of the limit stays for pages, so raise it",
          reserved_bytes, most_reserved, limit_bytes);
    }
    is_short = reserved_bytes > most_reserved;
  }

  const std::shared_ptr<rocksdb::Cache> cache;
  const uint64_t limit_bytes;
  std::mutex mutex;  ///< guards the two below, and the order in which the capacity is set
  uint64_t reserved_bytes = 0;
  bool is_short = false;  ///< more is reserved than pages can give way to
  StripedCounter hits;
  alignas(64) std::atomic<uint64_t> misses{0};
};

PageCache::Reservation& PageCache::Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  bytes_ = other.bytes_;
  return *this;
}

void PageCache::Reservation::release() {
  if (state_ != nullptr) state_->release(bytes_);
  state_.reset();
}

PageCache::PageCache(uint64_t limit_bytes) : state_(std::make_shared<State>(limit_bytes)) {}

PageCache::~PageCache() = default;

PageCache::Reservation PageCache::reserve(uint64_t bytes) {
  state_->reserve(bytes);
  return Reservation(state_, bytes);
}

PageCache::PagePtr PageCache::find(RowsetId file, uint64_t offset) {
  const CacheKey key(file, offset);
  rocksdb::Cache::Handle* handle = state_->cache->Lookup(key.slice());
  if (handle == nullptr) return nullptr;
  PagePtr page = *static_cast<PagePtr*>(state_->cache->Value(handle));
  state_->cache->Release(handle);
  count_hit();
  return page;
}

void PageCache::count_hit() { state_->hits.add(); }

Result<PageCache::PagePtr> PageCache::get(RowsetId file, uint64_t offset, const std::function<Result<std::string>()>& load) {
  if (PagePtr page = find(file, offset)) return page;
  state_->misses.fetch_add(1, std::memory_order_relaxed);
  FRESHET_ASSIGN_OR_RETURN(std::string loaded, load());
  auto page = std::make_shared<const std::string>(std::move(loaded));
  const CacheKey key(file, offset);
  auto entry = std::make_unique<PagePtr>(page);
  const size_t charge = page->capacity() + kEntryOverheadBytes;
  // Without a handle the cache deletes the entry itself when it does not keep it.
  state_->cache->Insert(key.slice(), entry.release(), charge, &delete_entry).PermitUncheckedError();
  return page;
}

uint64_t PageCache::used_bytes() const { return state_->cache->GetUsage(); }
uint64_t PageCache::capacity_bytes() const { return state_->cache->GetCapacity(); }
uint64_t PageCache::reserved_bytes() const {
  std::lock_guard lock(state_->mutex);
  return state_->reserved_bytes;
}
uint64_t PageCache::hit_count() const { return state_->hits.sum(); }
uint64_t PageCache::miss_count() const { return state_->misses.load(std::memory_order_relaxed); }

}  // namespace freshet::storage
