#include "query/workload/processor_shares.h"

#include <algorithm>
#include <cmath>

namespace freshet::query {
namespace {

constexpr int kMostYielding = 19;
constexpr double kWeightOfOneStep = 1.25;

}  // namespace

int nice_of_share(uint64_t share, uint64_t largest_share) {
  const double ratio = static_cast<double>(largest_share) / static_cast<double>(share);
  return std::min(kMostYielding,
                  kYieldingNice + static_cast<int>(std::lround(std::log(ratio) / std::log(kWeightOfOneStep))));
}

}  // namespace freshet::query
