#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace freshet::query {

/// What one group asks of the memory of big queries.
struct MemoryClaim {
  double percent = 0;       ///< of all; 0 = an equal part of what no group has
  bool overcommits = true;  ///< takes what idle groups leave
  bool is_running = false;  ///< has queries that run now
};

/// The memory limit of each group, in their order. Groups that run have their percentage, or, without one, an equal part of
/// what no group claims (at least kLeastMemoryPart of all); what is left over, of idle groups too, goes in equal parts to
/// those of them that overcommit. An idle group's limit is what it would have alone. Pure.
std::vector<uint64_t> divide_memory(uint64_t bytes, std::span<const MemoryClaim> claims);

inline constexpr uint64_t kLeastMemoryPart = 16;

}  // namespace freshet::query
