#include "connectors/net/busy_wait.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

namespace freshet::connectors {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class BusyWaitTest : public ::testing::Test {
 protected:
  BusyWaitTest() {
    if (std::thread::hardware_concurrency() < 2) return;
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ours_ = std::make_unique<Socket>(ends[0]);
    client_ = std::make_unique<Socket>(ends[1]);
  }
  void SetUp() override {
    if (ours_ == nullptr) GTEST_SKIP() << "one processor is not enough to wait awake";
  }

  /// One request that is there at once.
  void ask(BusyWait& wait) {
    ASSERT_TRUE(client_->send_all("?").ok());
    wait.wait(*ours_);
    char byte = 0;
    ASSERT_EQ(ours_->receive(&byte, 1), 1);
    wait.begin_work();
  }
  void ask(BusyWait& wait, int times) {
    for (int i = 0; i < times; ++i) ask(wait);
  }

  std::unique_ptr<Socket> ours_;
  std::unique_ptr<Socket> client_;
};

TEST_F(BusyWaitTest, OnlyQuickClientsAreMetAwake) {
  BusyWaits all(milliseconds(100));
  BusyWait wait(all);
  ask(wait, 4);
  EXPECT_EQ(all.met(), 0u) << "nobody knows yet that it is quick";
  ask(wait, 6);
  EXPECT_EQ(all.met(), 6u);
}

TEST_F(BusyWaitTest, WaitsNoLongerThanItMay) {
  BusyWaits all(milliseconds(20));
  BusyWait wait(all);
  ask(wait, 10);
  const auto begin = Clock::now();
  wait.wait(*ours_);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
  std::this_thread::sleep_for(milliseconds(25));
  wait.begin_work();
  const uint64_t met = all.met();
  ask(wait, 4);
  EXPECT_EQ(all.met(), met) << "a client that was slow once has to be quick some times again";
}

TEST_F(BusyWaitTest, SleepsWhileAnotherConnectionIsAtWork) {
  BusyWaits all(milliseconds(100));
  BusyWait wait(all);
  ask(wait, 10);
  const uint64_t met = all.met();
  {
    BusyWait other(all);
    ask(wait, 10);
    EXPECT_EQ(all.met(), met);
  }
  ask(wait);
  EXPECT_EQ(all.met(), met + 1);
}

TEST_F(BusyWaitTest, NoneIsAwakeWhenTheTimeIsNull) {
  BusyWaits all(microseconds(0));
  BusyWait wait(all);
  ask(wait, 20);
  EXPECT_EQ(all.met(), 0u);
}

}  // namespace
}  // namespace freshet::connectors
