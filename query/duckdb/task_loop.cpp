#include "query/duckdb/task_loop.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <duckdb.hpp>
#include <duckdb/main/pending_query_result.hpp>
#include <optional>
#include <thread>

namespace freshet::query {
namespace {

using Clock = std::chrono::steady_clock;

/// The last pieces are mostly done sooner than a thread that sleeps wakes up.
constexpr std::chrono::microseconds kAwake{20};
constexpr std::chrono::microseconds kShortestNap{50};
constexpr std::chrono::microseconds kLongestNap{400};

}  // namespace

void work_until_ready(duckdb::PendingQueryResult& query) {
  std::optional<Clock::time_point> idle_since;
  std::chrono::microseconds nap = kShortestNap;
  for (;;) {
    const duckdb::PendingExecutionResult state = query.ExecuteTask();
    if (duckdb::PendingQueryResult::IsResultReady(state)) return;
    if (state == duckdb::PendingExecutionResult::RESULT_NOT_READY) {
      idle_since.reset();
      nap = kShortestNap;
      continue;
    }
    if (!idle_since) idle_since = Clock::now();
    if (Clock::now() - *idle_since < kAwake) {
      sched_yield();
    } else {
      std::this_thread::sleep_for(nap);
      nap = std::min(2 * nap, kLongestNap);
    }
  }
}

}  // namespace freshet::query
