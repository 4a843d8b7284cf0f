#pragma once

#include <list>
#include <mutex>
#include <unordered_map>

namespace freshet::storage {

/// A file whose descriptor may be closed while nobody reads it, and opened again by its next read.
class ClosableFile {
 public:
  virtual ~ClosableFile() = default;
  /// Was it read since the last call? Any thread; takes no lock of the file.
  virtual bool was_used() const = 0;
  /// Reads under way go on with the descriptor that they have.
  virtual void close() const = 0;
};

/// Bounds how many files are open at once: beyond `most`, one that was not read lately is closed (second chance, Corbató
/// 1968). So a table may have any number of segments under any limit of the operating system. Any thread; outlives its
/// files.
class OpenFiles {
 public:
  explicit OpenFiles(size_t most) : most_(most) {}
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  /// `file` was opened. REQUIRES: the caller holds no lock that close() takes.
  void add(const ClosableFile& file);
  /// `file` ends, open or not.
  void remove(const ClosableFile& file);
  size_t count() const;

 private:
  const size_t most_;
  mutable std::mutex mutex_;
  std::list<const ClosableFile*> files_;  ///< the one that was opened, or spared, longest ago first
  std::unordered_map<const ClosableFile*, std::list<const ClosableFile*>::iterator> places_;
};

}  // namespace freshet::storage
