#include "query/workload/admission_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace freshet::query {
namespace {

using Clock = std::chrono::steady_clock;
using Outcome = AdmissionQueue::Outcome;

constexpr auto kForever = Clock::time_point::max();
const std::function<bool()> kNobodyCancels = [] { return false; };

/// A thread that enters, and leaves when it is told to.
class Visitor {
 public:
  Visitor(AdmissionQueue& queue, std::vector<int>& order, std::mutex& mutex, int name) : queue_(queue) {
    const uint64_t waiting = queue.figures().waiting;
    thread_ = std::thread([this, &order, &mutex, name] {
      outcome_ = queue_.enter(kForever, [this] { return is_cancelled_.load(); });
      const std::lock_guard<std::mutex> lock(mutex);
      if (outcome_ == Outcome::kAdmitted) order.push_back(name);
    });
    while (queue.figures().waiting == waiting) std::this_thread::yield();
  }
  void cancel() { is_cancelled_ = true; }
  Outcome join() {
    thread_.join();
    return outcome_;
  }

 private:
  AdmissionQueue& queue_;
  std::atomic<bool> is_cancelled_{false};
  Outcome outcome_ = Outcome::kCancelled;
  std::thread thread_;
};

TEST(AdmissionQueue, LetsSoManyInAndRefusesWhatTheQueueDoesNotHold) {
  AdmissionQueue queue({2, 0});
  EXPECT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kAdmitted);
  EXPECT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kAdmitted);
  EXPECT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kQueueFull);
  queue.leave();
  EXPECT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kAdmitted);
  const AdmissionQueue::Figures figures = queue.figures();
  EXPECT_EQ(figures.running, 2u);
  EXPECT_EQ(figures.waiting, 0u);
  EXPECT_EQ(figures.admitted, 3u);
  EXPECT_EQ(figures.rejected, 1u);
}

TEST(AdmissionQueue, FirstComeFirstServed) {
  AdmissionQueue queue({1, 10});
  ASSERT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kAdmitted);
  std::vector<int> order;
  std::mutex mutex;
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int name = 0; name < 3; ++name) visitors.push_back(std::make_unique<Visitor>(queue, order, mutex, name));
  // Whoever comes now waits behind them, though a place may be free for a moment.
  EXPECT_EQ(queue.enter(Clock::now(), kNobodyCancels), Outcome::kTimedOut);
  for (const auto& visitor : visitors) {
    queue.leave();
    EXPECT_EQ(visitor->join(), Outcome::kAdmitted);
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(queue.figures().running, 1u);
  EXPECT_EQ(queue.figures().timed_out, 1u);
}

TEST(AdmissionQueue, WhoGivesUpLeavesTheOrderOfTheOthers) {
  AdmissionQueue queue({1, 10});
  ASSERT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kAdmitted);
  std::vector<int> order;
  std::mutex mutex;
  Visitor first(queue, order, mutex, 1);
  Visitor second(queue, order, mutex, 2);
  first.cancel();
  queue.wake();
  EXPECT_EQ(first.join(), Outcome::kCancelled);
  EXPECT_EQ(queue.figures().waiting, 1u);
  queue.leave();
  EXPECT_EQ(second.join(), Outcome::kAdmitted);
}

TEST(AdmissionQueue, AHigherLimitAdmitsAtOnceAndALowerOneWaits) {
  AdmissionQueue queue({0, 10});
  std::vector<int> order;
  std::mutex mutex;
  Visitor first(queue, order, mutex, 1);
  Visitor second(queue, order, mutex, 2);
  queue.set_limits({2, 10});
  EXPECT_EQ(first.join(), Outcome::kAdmitted);
  EXPECT_EQ(second.join(), Outcome::kAdmitted);
  queue.set_limits({1, 10});
  queue.leave();
  EXPECT_EQ(queue.enter(Clock::now(), kNobodyCancels), Outcome::kTimedOut) << "one still runs";
  queue.leave();
  EXPECT_EQ(queue.enter(Clock::now(), kNobodyCancels), Outcome::kAdmitted);
}

TEST(AdmissionQueue, ASlotGivesItsPlaceBack) {
  AdmissionQueue queue({1, 0});
  {
    ASSERT_EQ(queue.enter(kForever, kNobodyCancels), Outcome::kAdmitted);
    const AdmissionSlot slot(queue);
    EXPECT_EQ(queue.figures().running, 1u);
  }
  EXPECT_EQ(queue.figures().running, 0u);
}

}  // namespace
}  // namespace freshet::query
