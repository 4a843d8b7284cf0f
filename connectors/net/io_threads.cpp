#include "connectors/net/io_threads.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <thread>
#include <vector>

#include "storage/base/log.h"

namespace freshet::connectors {

namespace {

/// Runs the loop until it is stopped; an exception that leaves a handler costs that handler only.
void run(boost::asio::io_context& context) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& error) {
      log_error("network handler failed: {}", error.what());
    }
  }
}

}  // namespace

struct IoThreads::Loop {
  explicit Loop(size_t count) : context(static_cast<int>(count)), work(context.get_executor()) {}

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::vector<std::thread> threads;
};

IoThreads::IoThreads(size_t count, const std::string& name) : loop_(std::make_unique<Loop>(std::max<size_t>(count, 1))) {
  for (size_t i = 0; i < std::max<size_t>(count, 1); ++i) {
    std::thread& thread = loop_->threads.emplace_back([&context = loop_->context] { run(context); });
    constexpr size_t kMaxThreadName = 15;
    pthread_setname_np(thread.native_handle(), fmt::format("{}-{}", name, i).substr(0, kMaxThreadName).c_str());
  }
}

IoThreads::~IoThreads() { stop(); }

boost::asio::io_context& IoThreads::context() { return loop_->context; }

void IoThreads::stop() {
  loop_->context.stop();
  for (std::thread& thread : loop_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace freshet::connectors
