#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/status.h"

using z_stream = struct z_stream_s;

namespace freshet::connectors::mysql {

/// MySQL's compressed protocol (CLIENT_COMPRESS, zlib): frames of at most 16 MiB, each with its length before and after
/// compression, around the packets. Inflates into the caller's buffer, so that memory does not grow with what a client
/// claims. One thread.
class CompressedStream {
 public:
  /// As those of PacketReader and PacketWriter.
  using Source = std::function<ptrdiff_t(char* buffer, size_t size)>;
  using Sink = std::function<Status(std::string_view bytes)>;

  CompressedStream(Source source, Sink sink);
  ~CompressedStream();
  CompressedStream(const CompressedStream&) = delete;
  CompressedStream& operator=(const CompressedStream&) = delete;

  /// Bytes received (at least 1), 0 when the stream is over or broken, negative on a timeout.
  ptrdiff_t receive(char* buffer, size_t size);
  Status send_all(std::string_view bytes);

  /// Shorter payloads are framed without compression, as MySQL does.
  static constexpr size_t kLeastCompressed = 50;

 private:
  struct EndInflate {
    void operator()(z_stream* stream) const;
  };
  struct EndDeflate {
    void operator()(z_stream* stream) const;
  };

  /// Makes at least one unread byte lie in in_. 1, or what the source answered.
  ptrdiff_t fill();
  ptrdiff_t read_header();
  ptrdiff_t receive_plain(char* buffer, size_t size);
  /// Negative: more input is needed.
  ptrdiff_t inflate_some(char* buffer, size_t size);
  Status send_frame(std::string_view payload);

  Source source_;
  Sink sink_;
  std::unique_ptr<z_stream, EndInflate> inflater_;
  std::unique_ptr<z_stream, EndDeflate> deflater_;
  std::string in_;  ///< unread bytes are [begin_, in_.size())
  size_t begin_ = 0;
  size_t frame_bytes_ = 0;  ///< of the running frame, not yet read
  size_t plain_bytes_ = 0;  ///< that it still holds when it is compressed
  bool is_compressed_ = false;
  uint8_t sequence_ = 0;
  std::string out_;
};

}  // namespace freshet::connectors::mysql
