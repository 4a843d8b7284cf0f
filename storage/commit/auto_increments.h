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

 private:
  struct Counter {
    int64_t next = 1;
    int64_t reserved = 1;  ///< values below are reserved in the store
  };
  MetaStore& meta_;
  std::mutex mutex_;  ///< guards counters_
  std::map<TableId, Counter> counters_;
};

}  // namespace freshet::storage
