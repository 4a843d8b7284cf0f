#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/load_client/inputs.h"
#include "storage/base/result.h"

namespace freshet::connectors::load_client {

/// A file that is open for reading, by any thread, and must stay as it was when the loading began.
class OpenFile {
 public:
  static Result<std::shared_ptr<const OpenFile>> open(const Input& input);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// Fills `buffer` from `offset` on; less only at the end of the file.
  Result<size_t> read(uint64_t offset, char* buffer, size_t bytes) const;
  /// Conflict when it was written to meanwhile.
  Status check_unchanged() const;

 private:
  OpenFile(int fd, const Input& input) : fd_(fd), input_(input) {}

  const int fd_;
  const Input input_;
};

/// Whole rows of one input that go to the server in one load.
struct Chunk {
  size_t input = 0;     ///< its place among all inputs
  uint64_t number = 0;  ///< its place in the input
  uint64_t begin = 0;   ///< bytes of the input
  uint64_t end = 0;
  std::string label;
  std::string before;                         ///< sent before the bytes: header rows, or the bracket of an array
  std::string behind;                         ///< and behind them
  std::shared_ptr<const OpenFile> file;       ///< where the bytes are, or
  std::shared_ptr<const std::string> stream;  ///< the bytes themselves

  uint64_t body_bytes() const { return before.size() + (end - begin) + behind.size(); }
};

/// The body of a chunk's load, piece by piece. One thread; the chunk outlives it.
class ChunkBody {
 public:
  explicit ChunkBody(const Chunk& chunk) : chunk_(chunk) {}

  uint64_t bytes() const { return chunk_.body_bytes(); }
  /// The next bytes, valid until the next call; empty at the end.
  Result<std::string_view> next();
  void rewind() { sent_ = 0; }
  /// Handed out since the last rewind.
  uint64_t sent() const { return sent_; }

 private:
  const Chunk& chunk_;
  uint64_t sent_ = 0;
  std::string buffer_;
};

}  // namespace freshet::connectors::load_client
