#pragma once

#include <cstdint>

namespace freshet::query {

/// How the threads of one kind of queries stand to others on the processors. Threads that such a thread starts inherit it.
struct WorkerClass {
  int nice = 0;             ///< added priority of everyone else: 0 is the server's own, 19 the most yielding
  uint32_t processors = 0;  ///< run on so many of them at most; 0 = all
  bool operator==(const WorkerClass&) const = default;
};

/// Puts the calling thread into a class. It cannot leave it again: for threads made for the purpose.
void enter_worker_class(const WorkerClass& worker_class);

}  // namespace freshet::query
