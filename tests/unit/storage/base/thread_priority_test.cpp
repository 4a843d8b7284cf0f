#include "storage/base/thread_priority.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "support/own_nice.h"

namespace freshet::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::own_nice;

/// How often the calling thread has lost its processor while it had work to do.
long own_losses() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

/// The length of the calling thread's slice in nanoseconds; 0 where the kernel does not tell.
uint64_t own_slice() {
  std::array<uint64_t, 7> attributes{};  // as struct sched_attr of sched_setattr(2), of which the fourth is the runtime
  syscall(SYS_sched_getattr, 0, attributes.data(), sizeof(attributes), 0);
  return attributes[3];
}

/// The calling thread, and those that it starts, have one processor from now on.
void stay_on_one_processor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof(one), &one);
}

/// Two threads of one kind share a processor for a while; returns how often one of them lost it to the other.
long losses_of_two(void (*be_of_kind)(), void (*piece_of_work)()) {
  long losses = 0;
  std::thread([&] {
    stay_on_one_processor();
    be_of_kind();
    const auto end = steady_clock::now() + milliseconds(100);
    const auto work = [&] {
      while (steady_clock::now() < end) piece_of_work();
    };
    std::thread other(work);
    work();
    losses = own_losses();
    other.join();
  }).join();
  return losses;
}

TEST(ThreadPriority, IsThatOfOneThreadAndOfThoseThatItStarts) {
  const int before = own_nice();
  const int after = std::min(before + 5, 19);
  int lowered = -1;
  int inherited = -1;
  std::thread([&] {
    yield_to_others(5);
    lowered = own_nice();
    std::thread([&] {
      yield_to_others(5);  // counts from the process's first thread, not from this one
      inherited = own_nice();
    }).join();
  }).join();
  EXPECT_EQ(lowered, after);
  EXPECT_EQ(inherited, after);
  EXPECT_EQ(own_nice(), before);
}

TEST(ThreadPriority, ThreadsThatGiveWayTakeTurnsMoreOften) {
  for (const auto be_of_kind : {+[] { yield_to_others(5); }, +[] { take_short_turns(); }}) {
    const long left_to_the_kernel = losses_of_two(be_of_kind, [] {});
    EXPECT_GT(losses_of_two(be_of_kind, give_way), left_to_the_kernel);
  }
}

TEST(ThreadPriority, ShortTurnsKeepTheNiceValue) {
  const int before = own_nice();
  int after = -1;
  uint64_t slice = 0;
  std::thread([&] {
    take_short_turns();
    after = own_nice();
    slice = own_slice();
  }).join();
  EXPECT_EQ(after, before);
  // Kernels before 6.12 know of no slices.
  if (own_slice() != 0) {
    EXPECT_EQ(slice, 100'000u);
  }
}

}  // namespace
}  // namespace freshet::storage
