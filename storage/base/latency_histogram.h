#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace freshet {

/// Counts durations in fixed buckets, as Prometheus histograms do. Any thread; a reading is not one moment's.
class LatencyHistogram {
 public:
  /// Upper bounds of the buckets in microseconds, the last one without end beside them.
  static constexpr std::array<uint64_t, 17> kBoundsMicros = {50,      100,       250,       500,        1'000,      2'500,
                                                             5'000,   10'000,    25'000,    50'000,     100'000,    250'000,
                                                             500'000, 1'000'000, 5'000'000, 30'000'000, 300'000'000};

  struct Reading {
    std::array<uint64_t, kBoundsMicros.size() + 1> counts = {};  ///< of each bucket alone
    uint64_t sum_micros = 0;
  };

  void record(std::chrono::nanoseconds duration) {
    const auto micros = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0)) / 1000;
    size_t bucket = 0;
    while (bucket < kBoundsMicros.size() && micros > kBoundsMicros[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_micros_.fetch_add(micros, std::memory_order_relaxed);
  }
  Reading read() const {
    Reading reading;
    for (size_t i = 0; i < counts_.size(); ++i) reading.counts[i] = counts_[i].load(std::memory_order_relaxed);
    reading.sum_micros = sum_micros_.load(std::memory_order_relaxed);
    return reading;
  }

 private:
  std::array<std::atomic<uint64_t>, kBoundsMicros.size() + 1> counts_ = {};
  std::atomic<uint64_t> sum_micros_{0};
};

}  // namespace freshet
