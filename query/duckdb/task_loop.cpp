#include "query/duckdb/task_loop.h"

#include <sched.h>

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
constexpr std::chrono::microseconds kNap{50};

}  // namespace

void work_until_ready(duckdb::PendingQueryResult& query) {
  std::optional<Clock::time_point> idle_since;
  for (;;) {
    const duckdb::PendingExecutionResult state = query.ExecuteTask();
    if (duckdb::PendingQueryResult::IsResultReady(state)) return;
    if (state == duckdb::PendingExecutionResult::RESULT_NOT_READY) {
      idle_since.reset();
      continue;
    }
    if (!idle_since) idle_since = Clock::now();
    if (Clock::now() - *idle_since < kAwake) {
      sched_yield();
    } else {
      std::this_thread::sleep_for(kNap);
    }
  }
}

}  // namespace freshet::query
