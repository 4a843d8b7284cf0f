#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::connectors::mysql {

/// Cuts a stream of bytes into packets, joining those of 16 MiB and more. Memory grows with the bytes that arrived, not with
/// the lengths that a client claims. One thread.
class PacketReader {
 public:
  /// Reads at least one byte into (buffer, size) and returns the count; 0 when the stream is over, negative on a timeout.
  using Source = std::function<ptrdiff_t(char* buffer, size_t size)>;

  enum class Outcome : uint8_t {
    kPacket,
    kClosed,  ///< also in the middle of a packet
    kTimedOut,
    kTooLarge,    ///< longer than the limit; the stream cannot be read on
    kOutOfOrder,  ///< wrong sequence number; the stream cannot be read on
  };

  PacketReader(Source source, size_t max_packet_bytes);

  /// The next packet's payload, valid until the next call.
  Outcome read(std::string_view& payload);
  /// Bytes that have arrived and that no read() has returned, for who reads the stream on in another way.
  std::string take_unread();
  /// Whether bytes have arrived that no read() has returned.
  bool has_unread() const { return begin_ != end_; }
  void set_max_packet_bytes(size_t bytes) { max_packet_bytes_ = bytes; }
  /// Sequence number that the next packet of either side must carry. A command begins with 0.
  uint8_t next_sequence() const { return sequence_; }
  void set_next_sequence(uint8_t sequence) { sequence_ = sequence; }

 private:
  /// Makes at least `count` unread bytes lie together in the buffer. REQUIRES: count <= kBufferBytes.
  Outcome fill(size_t count);
  Outcome read_header(size_t& length);
  Outcome append_to_joined(size_t length);

  static constexpr size_t kBufferBytes = 16 * 1024;

  Source source_;
  size_t max_packet_bytes_;
  uint8_t sequence_ = 0;
  std::vector<char> buffer_;  ///< unread bytes are [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string joined_;  ///< payload that does not fit into the buffer
};

}  // namespace freshet::connectors::mysql
