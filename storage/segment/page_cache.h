#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "storage/base/ids.h"
#include "storage/base/result.h"

namespace freshet::storage {

/// Verified, decompressed page payloads in memory, least recently used out first, bounded in bytes. Any thread.
/// Backed by RocksDB's sharded LRU cache. A page stays alive while its pointer is held, also after eviction.
///
/// What open segments keep beside their pages (key index, key filter, footer) is reserved here, and pages have what it
/// leaves of the limit: one bound for both. It can take at most three quarters of it; then the log says so.
class PageCache {
  struct State;

 public:
  /// Memory taken from that of pages as long as it lives, which may be longer than the cache does.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept : state_(std::move(other.state_)), bytes_(other.bytes_) {}
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation() { release(); }

   private:
    friend class PageCache;
    Reservation(std::shared_ptr<State> state, uint64_t bytes) : state_(std::move(state)), bytes_(bytes) {}
    void release();

    std::shared_ptr<State> state_;
    uint64_t bytes_ = 0;
  };

  /// Pages have at least one such part of the limit.
  static constexpr uint64_t kLeastPagesPart = 4;

  explicit PageCache(uint64_t limit_bytes);
  ~PageCache();

  using PagePtr = std::shared_ptr<const std::string>;
  /// The payload of the page at `offset` of `file`, from memory or from `load`.
  Result<PagePtr> get(RowsetId file, uint64_t offset, const std::function<Result<std::string>()>& load);
  /// The payload when it is resident, else null.
  PagePtr find(RowsetId file, uint64_t offset);

  Reservation reserve(uint64_t bytes);

  /// Of pages.
  uint64_t used_bytes() const;
  /// What pages may take now.
  uint64_t capacity_bytes() const;
  uint64_t reserved_bytes() const;
  uint64_t hit_count() const;
  /// Counts a read of a page that was known to be resident without get() or find().
  void count_hit();
  uint64_t miss_count() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace freshet::storage
