#include "storage/segment/page_cache.h"

#include <rocksdb/cache.h>

#include <array>
#include <atomic>

namespace freshet::storage {
namespace {

/// Memory of an entry beside its payload: RocksDB's handle, our pointer and its control block.
constexpr size_t kEntryOverheadBytes = 160;

struct CacheKey {
  CacheKey(RowsetId file, uint64_t offset) : words{file.value, offset} {}
  rocksdb::Slice slice() const { return {reinterpret_cast<const char*>(words.data()), sizeof(words)}; }
  std::array<uint64_t, 2> words;
};

void delete_entry(const rocksdb::Slice&, void* value) { delete static_cast<PageCache::PagePtr*>(value); }

}  // namespace

/// Entries own a shared pointer that a lookup copies, so that a page needs no cache handle to stay alive.
struct PageCache::State {
  std::shared_ptr<rocksdb::Cache> cache;
  alignas(64) std::atomic<uint64_t> hits{0};
  alignas(64) std::atomic<uint64_t> misses{0};
};

PageCache::PageCache(uint64_t capacity_bytes) : state_(std::make_unique<State>()) {
  state_->cache = rocksdb::NewLRUCache(capacity_bytes);
}

PageCache::~PageCache() = default;

PageCache::PagePtr PageCache::find(RowsetId file, uint64_t offset) {
  const CacheKey key(file, offset);
  rocksdb::Cache::Handle* handle = state_->cache->Lookup(key.slice());
  if (handle == nullptr) return nullptr;
  PagePtr page = *static_cast<PagePtr*>(state_->cache->Value(handle));
  state_->cache->Release(handle);
  state_->hits.fetch_add(1, std::memory_order_relaxed);
  return page;
}

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
uint64_t PageCache::hit_count() const { return state_->hits.load(std::memory_order_relaxed); }
uint64_t PageCache::miss_count() const { return state_->misses.load(std::memory_order_relaxed); }

}  // namespace freshet::storage
