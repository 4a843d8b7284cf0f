#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "storage/base/status.h"

namespace freshet {

/// Bounds the bytes that one kind of work holds in memory. It counts; nobody's memory is allocated here. Any thread.
class MemoryBudget {
 public:
  /// `setting`: the name of the limit, for error messages.
  MemoryBudget(std::string setting, uint64_t limit_bytes) : setting_(std::move(setting)), limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  uint64_t limit() const { return limit_; }
  uint64_t used() const;

  /// Takes `bytes` when they are free. A request above the whole limit is let in when nothing else is taken.
  bool try_take(uint64_t bytes);
  /// Waits until they are; ResourceExhausted after `patience`. REQUIRES: the caller holds nothing of this budget, or others
  /// that wait would wait for it for ever.
  Status take(uint64_t bytes, std::chrono::milliseconds patience);
  void give_back(uint64_t bytes);

 private:
  bool fits(uint64_t bytes) const { return used_ == 0 || (bytes <= limit_ && used_ <= limit_ - bytes); }

  const std::string setting_;
  const uint64_t limit_;
  mutable std::mutex mutex_;  ///< guards used_
  std::condition_variable freed_;
  uint64_t used_ = 0;
};

/// A part of a budget, given back in the end. One thread.
class MemoryLease {
 public:
  explicit MemoryLease(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryLease() { shrink_to(0); }
  MemoryLease(const MemoryLease&) = delete;
  MemoryLease& operator=(const MemoryLease&) = delete;

  uint64_t bytes() const { return bytes_; }
  /// True when the lease holds at least `bytes` now.
  bool try_grow_to(uint64_t bytes);
  void shrink_to(uint64_t bytes);
  /// Waits for `bytes`. REQUIRES: the lease is empty.
  Status wait_for(uint64_t bytes, std::chrono::milliseconds patience);

 private:
  MemoryBudget& budget_;
  uint64_t bytes_ = 0;
};

}  // namespace freshet
