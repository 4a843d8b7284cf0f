#pragma once

#include <chrono>
#include <cstdint>

namespace freshet::storage {

/// How long a load waits before it begins, by how much of a limit is used: nothing up to half of it, then longer and longer,
/// so that loads slow down to what flush and compaction can take before they have to stop. At the limit: for ever.
inline std::chrono::microseconds admission_pause(uint64_t used, uint64_t limit) {
  constexpr double kLongestPauseMicros = 250'000;
  const uint64_t half = limit / 2;
  if (used <= half) return {};
  if (used >= limit) return std::chrono::microseconds::max();
  const double part = static_cast<double>(used - half) / static_cast<double>(limit - half);
  return std::chrono::microseconds(static_cast<int64_t>(part * part * kLongestPauseMicros));
}

}  // namespace freshet::storage
