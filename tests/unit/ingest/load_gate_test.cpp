#include "ingest/load_gate.h"

#include <gtest/gtest.h>

#include <thread>

namespace freshet::ingest {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong{1'000'000};

TEST(LoadGate, RefusesWhatDoesNotFitAndTakesItWhenAPlaceIsFree) {
  LoadGate gate(2, kLong);
  auto first = gate.enter(), second = gate.enter();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(gate.enter().status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(gate.running(), 2u);
  first->reset();
  EXPECT_TRUE(gate.enter().ok());
}

TEST(LoadGate, ASilentLoadGivesItsPlaceOnlyWhenAnotherNeedsIt) {
  LoadGate gate(2, milliseconds(0));
  auto silent = gate.enter().value();
  int asked = 0;
  silent->may_be_taken([&] { return ++asked == 1; });
  silent->wait_begins();
  auto second = gate.enter();
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(silent->is_taken());
  auto third = gate.enter();
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(silent->is_taken());
  EXPECT_EQ(gate.running(), 2u);
  EXPECT_FALSE(gate.enter().ok());
  EXPECT_EQ(asked, 1);
  silent.reset();
  EXPECT_EQ(gate.running(), 2u);
}

TEST(LoadGate, TheLongestSilenceEndsFirstAndAShortOneDoesNot) {
  LoadGate gate(2, milliseconds(50));
  auto older = gate.enter().value(), newer = gate.enter().value();
  for (auto* place : {older.get(), newer.get()}) place->may_be_taken([] { return true; });
  older->wait_begins();
  newer->wait_begins();
  EXPECT_FALSE(gate.enter().ok());
  std::this_thread::sleep_for(milliseconds(60));
  newer->wait_begins();
  auto third = gate.enter();
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(older->is_taken());
  EXPECT_FALSE(newer->is_taken());
  EXPECT_FALSE(gate.enter().ok());
}

TEST(LoadGate, ALoadThatWorksOrCommitsKeepsItsPlace) {
  LoadGate gate(2, milliseconds(0));
  auto working = gate.enter().value(), committing = gate.enter().value();
  working->may_be_taken([] { return true; });
  working->wait_begins();
  working->work_begins();
  committing->may_be_taken([] { return false; });
  committing->wait_begins();
  EXPECT_FALSE(gate.enter().ok());
  EXPECT_FALSE(working->is_taken());
  EXPECT_FALSE(committing->is_taken());
}

TEST(LoadGate, AClosedGateWaitsForThoseInside) {
  LoadGate gate(1, kLong);
  auto inside = gate.enter().value();
  std::jthread leaving([&] {
    std::this_thread::sleep_for(milliseconds(20));
    inside.reset();
  });
  gate.close_and_wait(60);
  EXPECT_EQ(gate.running(), 0u);
  EXPECT_EQ(gate.enter().status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace freshet::ingest
