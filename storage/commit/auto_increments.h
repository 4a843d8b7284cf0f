#pragma once

#include <map>
#include <mutex>

#include "storage/base/ids.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Values of AUTO_INCREMENT columns: never handed out twice, not even after a crash (which leaves a gap). Any thread.
class AutoIncrements {
 public:
  static constexpr int64_t kStep = 10'000;

  explicit AutoIncrements(MetaStore& meta) : meta_(meta) {}
  /// The first of `count` consecutive values, from 1 on.
  Result<int64_t> take(TableId table, int64_t count);
  /// Values to come are larger than `value`, which somebody has given. Nothing for values beyond kLargestPassed.
  Status pass(TableId table, int64_t value);

  static constexpr int64_t kLargestPassed = int64_t{1} << 62;

 private:
  struct Counter {
    int64_t next = 1;
    int64_t reserved = 1;  ///< values below are reserved in the store
  };
  /// REQUIRES: mutex_ is held.
  Result<Counter*> find(TableId table);
  /// Makes sure that values below `next` are reserved. REQUIRES: mutex_ is held.
  Status reserve(TableId table, Counter& counter, int64_t next);

  MetaStore& meta_;
  std::mutex mutex_;  ///< guards counters_
  std::map<TableId, Counter> counters_;
};

}  // namespace freshet::storage
