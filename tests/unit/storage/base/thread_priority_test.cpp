#include "storage/base/thread_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace freshet::storage {
namespace {

int own_nice() { return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid))); }

TEST(ThreadPriority, IsThatOfOneThreadAndOfThoseThatItStarts) {
  const int before = own_nice();
  const int after = std::min(before + 5, 19);
  int lowered = -1;
  int inherited = -1;
  std::thread([&] {
    yield_to_others(after);
    lowered = own_nice();
    std::thread([&] { inherited = own_nice(); }).join();
  }).join();
  EXPECT_EQ(lowered, after);
  EXPECT_EQ(inherited, after);
  EXPECT_EQ(own_nice(), before);
}

}  // namespace
}  // namespace freshet::storage
