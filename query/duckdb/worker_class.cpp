#include "query/duckdb/worker_class.h"

#include <sched.h>

#include "storage/base/thread_priority.h"

namespace freshet::query {
namespace {

/// Leaves the first `count` of the processors that the thread may use now.
void stay_on_processors(uint32_t count) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (int processor = 0; processor < CPU_SETSIZE && count > 0; ++processor) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    CPU_SET(processor, &chosen);
    --count;
  }
  sched_setaffinity(0, sizeof(chosen), &chosen);
}

}  // namespace

void enter_worker_class(const WorkerClass& worker_class) {
  if (worker_class.nice > 0) storage::yield_to_others(worker_class.nice);
  if (worker_class.processors > 0) stay_on_processors(worker_class.processors);
}

}  // namespace freshet::query
