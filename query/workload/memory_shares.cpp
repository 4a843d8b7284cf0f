#include "query/workload/memory_shares.h"

#include <algorithm>

namespace freshet::query {

std::vector<uint64_t> divide_memory(uint64_t bytes, std::span<const MemoryClaim> claims) {
  const auto count = [&](auto holds) { return static_cast<uint64_t>(std::ranges::count_if(claims, holds)); };
  double claimed_percent = 0;
  for (const MemoryClaim& claim : claims) claimed_percent += claim.percent;
  const auto unclaimed = static_cast<uint64_t>(static_cast<double>(bytes) / 100 * std::max(0.0, 100 - claimed_percent));
  const uint64_t sharers = count([](const MemoryClaim& claim) { return claim.is_running && claim.percent == 0; });
  const uint64_t takers = count([](const MemoryClaim& claim) { return claim.is_running && claim.overcommits; });

  std::vector<uint64_t> limits;
  uint64_t given = 0;
  for (const MemoryClaim& claim : claims) {
    const uint64_t part = claim.percent > 0 ? static_cast<uint64_t>(static_cast<double>(bytes) / 100 * claim.percent)
                                            : unclaimed / std::max<uint64_t>(1, sharers);
    limits.push_back(std::clamp(part, bytes / kLeastMemoryPart, bytes));
    if (claim.is_running) given += limits.back();
  }
  const uint64_t spare = given < bytes && takers > 0 ? (bytes - given) / takers : 0;
  for (size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].is_running && claims[i].overcommits) limits[i] += spare;
  }
  return limits;
}

}  // namespace freshet::query
