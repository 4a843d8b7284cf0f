#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet {

/// A text file of lines that begins anew when it is full; so many older ones stay beside it as name.1.ext, name.2.ext ...
/// (the newest first). Lines are flushed one by one and not synced. Any thread.
class RotatingLog {
 public:
  /// Makes the folder when it is missing. `files` counts the older ones.
  static Result<std::unique_ptr<RotatingLog>> open(const std::string& path, uint64_t max_file_bytes, uint64_t files);
  ~RotatingLog();

  /// Adds `line` and a newline. A line that cannot be written is dropped and counted.
  void write(std::string_view line);
  uint64_t dropped_lines() const;

 private:
  struct Sink;
  explicit RotatingLog(std::unique_ptr<Sink> sink);

  const std::unique_ptr<Sink> sink_;
};

}  // namespace freshet
