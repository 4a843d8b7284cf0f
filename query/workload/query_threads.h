#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "query/duckdb/worker_class.h"

namespace freshet::query {

/// Threads of one class that run queries for those who ask: the thread that asks works on its query too, and where the
/// engine's own threads yield so must it, but no thread can take that back. They are kept for the next queries: a fresh
/// thread costs a query more than half a millisecond, mostly for memory that DuckDB keeps for each. Any thread.
class QueryThreads {
 public:
  explicit QueryThreads(const WorkerClass& worker_class);
  QueryThreads(const QueryThreads&) = delete;
  QueryThreads& operator=(const QueryThreads&) = delete;
  /// REQUIRES: nothing runs.
  ~QueryThreads();

  const WorkerClass& worker_class() const { return worker_class_; }
  /// Does `work` in one of the threads and waits for what it gives. There are as many as there ever was work at once: its
  /// callers have places in an AdmissionQueue. When the system gives no thread, the caller's own does it.
  template <typename Work>
  auto run(const Work& work) -> decltype(work()) {
    std::optional<decltype(work())> answer;
    do_in_thread([&] { answer.emplace(work()); });
    return *std::move(answer);
  }

 private:
  class Worker;
  void do_in_thread(const std::function<void()>& work);

  const WorkerClass worker_class_;
  std::mutex mutex_;  ///< guards the next one
  std::vector<std::unique_ptr<Worker>> idle_;
};

}  // namespace freshet::query
