#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace freshet::test {

/// A copy of some bytes that ends where the address space does: a read behind them ends the program.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::string_view bytes) : size_(bytes.size()) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    readable_ = (bytes.size() + page - 1) / page * page;
    mapped_ = readable_ + page;
    memory_ = static_cast<char*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (memory_ == MAP_FAILED || mprotect(memory_ + readable_, page, PROT_NONE) != 0) std::abort();
    std::memcpy(begin(), bytes.data(), bytes.size());
  }
  ~GuardedBytes() { munmap(memory_, mapped_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  char* begin() { return memory_ + readable_ - size_; }
  std::string_view view() { return {begin(), size_}; }

 private:
  size_t size_;
  size_t readable_;
  size_t mapped_;
  char* memory_;
};

}  // namespace freshet::test
