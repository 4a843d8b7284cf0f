#include "storage/base/thread_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace freshet::storage {
namespace {

/// Linux leaves a running thread alone for a while even when one with a right to the processor wakes, up to a timer tick of
/// 4 ms, unless the slice of the one that wakes is the shorter of the two. Everyone's is (0.7 to 3 ms) who has asked for
/// none. Not much longer than that: what a thread that waited is owed grows with its slice, and who wakes beside one that is
/// owed time waits until a tick ends the slice that runs (linux/kernel/sched/fair.c: update_entity_lag, protect_slice).
constexpr std::chrono::nanoseconds kYieldingSlice = std::chrono::microseconds(3200);

/// As sched_setattr(2) takes it: the C library has no wrapper.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  ///< nanoseconds; of a thread without deadlines the length of its slice
  uint64_t deadline = 0;
  uint64_t period = 0;
};

}  // namespace

void yield_to_others(int nice) {
  SchedulingAttributes attributes;
  attributes.nice = nice;
  attributes.runtime = static_cast<uint64_t>(kYieldingSlice.count());
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return;
  // Of Linux's threads each has a nice value of its own.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), nice);
}

}  // namespace freshet::storage
