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
class PageCache {
 public:
  explicit PageCache(uint64_t capacity_bytes);
  ~PageCache();

  using PagePtr = std::shared_ptr<const std::string>;
  /// The payload of the page at `offset` of `file`, from memory or from `load`.
  Result<PagePtr> get(RowsetId file, uint64_t offset, const std::function<Result<std::string>()>& load);
  /// The payload when it is resident, else null.
  PagePtr find(RowsetId file, uint64_t offset);

  uint64_t used_bytes() const;
  uint64_t hit_count() const;
  uint64_t miss_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freshet::storage
