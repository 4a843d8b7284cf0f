#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Numbers that are never handed out twice, not even after a crash: a high-water mark is stored before numbers below it are
/// used. Any thread; touches the store once for each kStep numbers.
class IdAllocator {
 public:
  static constexpr uint64_t kStep = 1u << 20;
  static constexpr uint64_t kAhead = 1u << 16;

  /// `key`: where the high-water mark lives.
  static Result<std::unique_ptr<IdAllocator>> open(MetaStore& meta, std::string_view key);

  /// The next number, from 1 on. When the store refuses to reserve more, numbers of the current reservation go on until it
  /// is used up, and then the server's metadata store has long stopped taking commits.
  Result<uint64_t> next();
  /// Reserves early, so that the next kAhead calls of next() do not touch the store.
  Status reserve_ahead();
  /// The newest number handed out.
  uint64_t last() const;

 private:
  IdAllocator(MetaStore& meta, std::string_view key, uint64_t first)
      : meta_(meta), key_(key), last_(first), reserved_(first) {}

  /// REQUIRES: mutex_ held.
  Status reserve();

  MetaStore& meta_;
  const std::string key_;
  mutable std::mutex mutex_;  ///< guards the two below
  uint64_t last_;
  uint64_t reserved_;
};

}  // namespace freshet::storage
