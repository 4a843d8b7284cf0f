#include "query/workload/query_threads.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "storage/base/status.h"
#include "support/own_nice.h"

namespace freshet::query {
namespace {

using test::own_nice;

TEST(QueryThreads, AreOfTheirClassAndTheCallersStayOfTheirs) {
  const int before = own_nice();
  QueryThreads threads({.nice = 4});
  int during = -1;
  const Status status = threads.run([&] {
    during = own_nice();
    return Status::NotFound("no such table");
  });
  EXPECT_EQ(during, before + 4);
  EXPECT_EQ(own_nice(), before);
  EXPECT_EQ(status.message(), "no such table");
}

TEST(QueryThreads, OneThatIsIdleTakesTheNextWork) {
  QueryThreads threads({.nice = 1});
  std::thread::id first;
  std::thread::id second;
  for (std::thread::id* each : {&first, &second}) {
    EXPECT_TRUE(threads
                    .run([&] {
                      *each = std::this_thread::get_id();
                      return Status::OK();
                    })
                    .ok());
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
}

TEST(QueryThreads, NobodyWaitsForTheWorkOfAnother) {
  QueryThreads threads({.nice = 1});
  std::promise<void> has_begun;
  std::promise<void> other_is_done;
  const auto waiting = std::async(std::launch::async, [&] {
    return threads.run([&] {
      has_begun.set_value();
      other_is_done.get_future().wait();
      return Status::OK();
    });
  });
  has_begun.get_future().wait();
  EXPECT_TRUE(threads
                  .run([&] {
                    other_is_done.set_value();
                    return Status::OK();
                  })
                  .ok());
}

TEST(QueryThreads, WhatWorkThrowsReachesItsCaller) {
  QueryThreads threads({.nice = 1});
  EXPECT_THROW(static_cast<void>(threads.run([]() -> Status { throw std::runtime_error("out of luck"); })),
               std::runtime_error);
  EXPECT_TRUE(threads.run([] { return Status::OK(); }).ok());
}

}  // namespace
}  // namespace freshet::query
