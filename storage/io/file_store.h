#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace freshet::storage {

/// A file being written once, front to back. Not thread-safe. Destroying it without finish() leaves an unfinished file.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status append(std::string_view bytes) = 0;
  /// Bytes appended so far.
  virtual uint64_t size() const = 0;
  /// Reads exactly `out.size()` bytes at `offset`, all of them appended before.
  virtual Status read(uint64_t offset, std::span<char> out) = 0;
  /// Makes every byte durable and closes. After an error the file must be abandoned, never synced again.
  virtual Status finish() = 0;
};

/// A finished, immutable file. Any thread.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual uint64_t size() const = 0;
  /// Reads exactly `out.size()` bytes at `offset`; IoError or Corruption (short file) otherwise, naming the file.
  virtual Status read(uint64_t offset, std::span<char> out) const = 0;
  virtual const std::string& name() const = 0;
};

/// Seam to where segment files live: write-once files in one flat space of names. Local disk now; an object store in a
/// cluster, and a fault-injecting store in tests. Any thread.
class FileStore {
 public:
  virtual ~FileStore() = default;
  /// AlreadyExists when the name is taken.
  virtual Result<std::unique_ptr<WritableFile>> create(std::string_view name) = 0;
  virtual Result<std::shared_ptr<const ReadableFile>> open(std::string_view name) = 0;
  /// Makes creations and removals durable (fsync of the directory).
  virtual Status sync_names() = 0;
  virtual Result<std::vector<std::string>> list() = 0;
  virtual Status remove(std::string_view name) = 0;
  /// Renames out of the way of normal names (kept for inspection, never read again).
  virtual Status quarantine(std::string_view name) = 0;
  /// Removes what was quarantined before that second since 1970; how many files.
  virtual Result<size_t> remove_quarantined(int64_t before_unix_seconds) = 0;
  /// Bytes that can still be written.
  virtual Result<uint64_t> free_bytes() = 0;
};

}  // namespace freshet::storage
