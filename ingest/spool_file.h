#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::ingest {

/// A body that can only be read when it is complete: a file that grows while it is received, and goes with this object. One
/// thread.
class SpoolFile {
 public:
  /// A new file in the directory.
  static Result<std::unique_ptr<SpoolFile>> create(const std::string& directory);
  /// Removes what a crash has left in the directory.
  static void remove_leftovers(const std::string& directory);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  /// OutOfSpace when the disk is full.
  Status append(std::string_view bytes);
  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }

 private:
  SpoolFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  const std::string path_;
  const int fd_;
  uint64_t size_ = 0;
};

}  // namespace freshet::ingest
