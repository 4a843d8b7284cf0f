#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace freshet::connectors {

/// A fixed number of threads that run one Asio event loop. Handlers run on any of them, so each connection needs a strand.
class IoThreads {
 public:
  /// Starts `count` (at least 1) threads named "`name`-0", "`name`-1" ... for people who look at the process.
  IoThreads(size_t count, const std::string& name);
  /// Stops and joins.
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  boost::asio::io_context& context();
  /// Ends the loop: handlers that run now finish, queued ones are dropped; then joins. Idempotent; not from a handler.
  void stop();

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace freshet::connectors
