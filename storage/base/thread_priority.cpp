#include "storage/base/thread_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;

/// Of those that are owed time, Linux runs the one whose slice would end first, and it interrupts a slice only for one with
/// a shorter slice that comes first by that rule (linux/kernel/sched/fair.c: pick_eevdf, protect_slice). Without a wish
/// everyone has 0.7 to 3 ms.
constexpr std::chrono::nanoseconds kShortSlice = std::chrono::microseconds(100);
/// The longer it is, the later comes a thread that yields in the order of those that are owed time.
constexpr std::chrono::nanoseconds kYieldingSlice = std::chrono::microseconds(500);
/// Long turns let threads that yield wait for each other, and be owed so much that whoever wakes then comes second. From
/// Linux 6.18 on the rest of the slice is forfeited (yield_task_fair), which makes their share smaller still.
constexpr std::chrono::nanoseconds kTurn = std::chrono::microseconds(400);

constexpr int kLargestNice = 19;

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

/// Of Linux's threads each has a nice value of its own.
id_t own_id() { return static_cast<id_t>(syscall(SYS_gettid)); }
int nice_of(id_t thread) { return getpriority(PRIO_PROCESS, thread); }
int nice_of_server() { return nice_of(static_cast<id_t>(getpid())); }

bool set_scheduling(int nice, std::chrono::nanoseconds slice) {
  SchedulingAttributes attributes;
  attributes.policy = static_cast<uint32_t>(sched_getscheduler(0));
  attributes.nice = nice;
  attributes.runtime = static_cast<uint64_t>(slice.count());
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

/// Whether and since when the thread is in the way of others.
struct Turn {
  bool ends = nice_of(own_id()) > nice_of_server();  ///< also when the thread that started it yields
  Clock::time_point began = Clock::now();
};

thread_local Turn own_turn;

}  // namespace

void yield_to_others(int steps) {
  const int nice = std::min(nice_of_server() + steps, kLargestNice);
  if (!set_scheduling(nice, kYieldingSlice)) setpriority(PRIO_PROCESS, own_id(), nice);
  own_turn = Turn();
}

void give_way() {
  Turn& turn = own_turn;
  if (!turn.ends || Clock::now() - turn.began < kTurn) return;
  sched_yield();
  turn.began = Clock::now();
}

void take_short_turns() {
  set_scheduling(nice_of(own_id()), kShortSlice);
  own_turn.ends = true;
}

}  // namespace freshet::storage
