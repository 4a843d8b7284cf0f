#pragma once

#include <cstdint>

namespace freshet::query {

/// Threads of big queries yield to everything that has to answer soon: point reads, loads, and small queries within their
/// prompt time. Beyond it small ones yield as much.
inline constexpr int kYieldingNice = 5;

/// How nice a group's threads are beyond the server's own, so that they get about share / largest_share of what those of the
/// group with the largest share get where both want to run. The kernel weighs threads by 1.25 for each step, and has 19 of
/// them: ratios beyond 1.25^(19 - kYieldingNice), about 22, come out as that. REQUIRES: 0 < share <= largest_share.
int nice_of_share(uint64_t share, uint64_t largest_share);

}  // namespace freshet::query
