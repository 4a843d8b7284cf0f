#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace freshet::query {

/// Which statements had much to read or took long when they ran last, so that they do not begin among the small ones in
/// vain. Keeps few and forgets by chance; what it says may be wrong, and costs no more than a query that runs in the other
/// lane. Any thread.
class BigTexts {
 public:
  /// Never 0.
  static uint64_t key_of(std::string_view sql, std::string_view database) {
    const std::hash<std::string_view> hash;
    return (hash(sql) * 31 + hash(database)) | 1;
  }
  bool contains(uint64_t key) const { return slot(key).load(std::memory_order_relaxed) == key; }
  void add(uint64_t key) { slot(key).store(key, std::memory_order_relaxed); }
  void remove(uint64_t key) { slot(key).compare_exchange_strong(key, 0, std::memory_order_relaxed); }

 private:
  static constexpr size_t kSlots = 1024;
  const std::atomic<uint64_t>& slot(uint64_t key) const { return slots_[(key >> 1) % kSlots]; }
  std::atomic<uint64_t>& slot(uint64_t key) { return slots_[(key >> 1) % kSlots]; }

  std::array<std::atomic<uint64_t>, kSlots> slots_ = {};
};

}  // namespace freshet::query
