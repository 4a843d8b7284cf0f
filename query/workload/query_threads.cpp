#include "query/workload/query_threads.h"

#include <condition_variable>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace freshet::query {

class QueryThreads::Worker {
 public:
  explicit Worker(const WorkerClass& worker_class)
      : thread_([this, worker_class] {
          enter_worker_class(worker_class);
          work();
        }) {}
  ~Worker() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stops_ = true;
    }
    called_.notify_one();
    thread_.join();
  }

  /// REQUIRES: the last task has ended.
  void run(const std::function<void()>& work) {
    std::packaged_task<void()> task(std::ref(work));
    std::future<void> end = task.get_future();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      task_ = std::move(task);
    }
    called_.notify_one();
    end.get();
  }

 private:
  void work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      called_.wait(lock, [this] { return stops_ || task_.valid(); });
      if (stops_) return;
      std::packaged_task<void()> task = std::move(task_);
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;  ///< guards the next ones
  std::condition_variable called_;
  std::packaged_task<void()> task_;  ///< valid until it begins
  bool stops_ = false;
  std::thread thread_;
};

QueryThreads::QueryThreads(const WorkerClass& worker_class) : worker_class_(worker_class) {}

QueryThreads::~QueryThreads() = default;

void QueryThreads::do_in_thread(const std::function<void()>& work) {
  std::unique_ptr<Worker> worker;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      worker = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  try {
    if (worker == nullptr) worker = std::make_unique<Worker>(worker_class_);
  } catch (const std::system_error&) {
    work();
    return;
  }
  worker->run(work);
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(worker));
}

}  // namespace freshet::query
