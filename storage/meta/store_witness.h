#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "storage/base/result.h"

namespace freshet::storage {

/// A small file beside a metadata store that knows the number of the newest write that was durable in it, so that a store
/// which has lost writes since is told from one that never had them.
///
/// It is overwritten in place after each write and not synced: that costs no more than a system call. So after the end of
/// the process it is exact, and after a power cut it may be older than the store, which is harmless, but never newer. Any
/// thread.
class StoreWitness {
 public:
  /// What the file says; nothing when there is none, or when it is damaged.
  static Result<std::optional<uint64_t>> read(const std::string& path);
  /// Makes the file, or goes on with it; durable, with this number, when it returns.
  static Result<std::unique_ptr<StoreWitness>> open(const std::string& path, uint64_t newest_write);
  ~StoreWitness();
  StoreWitness(const StoreWitness&) = delete;
  StoreWitness& operator=(const StoreWitness&) = delete;

  /// REQUIRES: the write of this number is durable, and all before it.
  void saw(uint64_t newest_write);

 private:
  StoreWitness(std::string path, int file, uint64_t newest_write)
      : path_(std::move(path)), file_(file), newest_write_(newest_write) {}

  const std::string path_;
  const int file_;
  std::mutex mutex_;         ///< guards the two below, and writes of the file
  uint64_t newest_write_;    ///< what the file says
  bool has_failed_ = false;  ///< to say so once
};

}  // namespace freshet::storage
