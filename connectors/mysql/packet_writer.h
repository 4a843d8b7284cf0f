#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace freshet::connectors::mysql {

/// Frames payloads into packets in one reused buffer, and sends it when it is large or on flush(): a small answer is one
/// send. One thread.
///
/// A packet is: begin(), bytes appended to buffer(), end().
class PacketWriter {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;

  explicit PacketWriter(Sink sink) : sink_(std::move(sink)) {}

  void begin();
  std::string& buffer() { return buffer_; }
  /// Bytes of the payload so far. REQUIRES: between begin() and end().
  size_t payload_bytes() const;
  /// Ends the packet, split where it has 16 MiB and more. Sends when more than kSendBytes wait.
  Status end();
  /// Drops the packet that was begun and not ended, if any.
  void abandon();
  /// Sends all that waits. After a failed send nothing is sent any more, and every flush() answers that failure.
  Status flush();

  void set_next_sequence(uint8_t sequence) { sequence_ = sequence; }
  uint8_t next_sequence() const { return sequence_; }

  /// A point to come back to: rewind() drops all packets since mark(), and is false when some of them were sent already.
  struct Mark {
    uint64_t sent_bytes;
    size_t buffered_bytes;
    uint8_t sequence;
  };
  Mark mark() const { return {sent_bytes_, buffer_.size(), sequence_}; }
  bool rewind(const Mark& mark);

  static constexpr size_t kSendBytes = 64 * 1024;

 private:
  void split();
  void put_header(size_t position, size_t length);

  Sink sink_;
  Status failure_;
  std::string buffer_;
  size_t packet_start_ = 0;
  bool is_open_ = false;  ///< between begin() and end()
  uint64_t sent_bytes_ = 0;
  uint8_t sequence_ = 0;
};

}  // namespace freshet::connectors::mysql
