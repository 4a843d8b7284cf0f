#pragma once

#include <functional>
#include <future>
#include <system_error>

namespace freshet::storage {

/// Runs `beside` in a thread of its own and `here` in this one, and returns when both are done; one after the other when
/// the system gives no thread.
template <typename Beside, typename Here>
void run_side_by_side(const Beside& beside, const Here& here) {
  std::future<void> other;
  try {
    other = std::async(std::launch::async, std::cref(beside));
  } catch (const std::system_error&) {
    beside();
  }
  here();
  if (other.valid()) other.get();
}

}  // namespace freshet::storage
