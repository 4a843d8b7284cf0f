#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/net/socket.h"

namespace freshet::connectors::http {

/// What a client may send, and how slowly.
struct RequestLimits {
  size_t header_bytes_max = 64 * 1024;  ///< request line and all header lines
  size_t header_count_max = 256;
  size_t target_bytes_max = 8 * 1024;
  unsigned idle_timeout_seconds = 60;     ///< silence before a request's first byte
  unsigned header_timeout_seconds = 30;   ///< from the first byte of a header to its last
  unsigned receive_timeout_seconds = 60;  ///< silence within a body
};

/// Request line and headers of one request.
struct RequestHead {
  std::string method;
  std::string target;
  std::string client_host;                                   ///< its IP address; set by whoever knows the connection
  std::vector<std::pair<std::string, std::string>> headers;  ///< as sent, in order
  std::optional<uint64_t> content_length;
  bool is_chunked = false;
  bool keep_alive = false;        ///< the client wants to send further requests
  bool expects_continue = false;  ///< it waits for "100 Continue" before it sends the body

  /// The first value of a header, its name in any case; null when there is none.
  const std::string* header(std::string_view name) const;
};

/// Why a request could not be read. The connection cannot go on.
struct RequestRefusal {
  unsigned status = 400;
  std::string why;
  std::string target;  ///< as far as it was read
};

/// Reads requests off one connection, one after another: head, then body in pieces. Blocks; one thread. Memory: the longest
/// head plus kPieceBytes while a body is read.
class RequestReader {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  RequestReader(Socket& socket, const RequestLimits& limits);
  ~RequestReader();

  enum class HeadOutcome {
    kRequest,  ///< `head` is filled
    kEnd,      ///< the client is gone, or was silent between two requests for too long
    kRefused,  ///< `refusal` is filled
  };
  /// REQUIRES: the body of the request before was read to its end.
  HeadOutcome read_head(RequestHead& head, RequestRefusal& refusal);

  enum class BodyOutcome {
    kPiece,      ///< `piece` holds at least one byte, valid until the next call
    kEnd,        ///< the whole body was read
    kCutOff,     ///< the connection ended before the body did
    kTimedOut,   ///< the client was silent for too long
    kTooLate,    ///< the deadline passed
    kMalformed,  ///< the chunked encoding is broken
  };
  static constexpr size_t kPieceBytes = 256 * 1024;
  /// The next bytes of the body, decoded from chunks.
  BodyOutcome read_piece(std::string_view& piece, Deadline deadline);
  /// Bytes of the body that were received, without the marks between chunks.
  uint64_t body_bytes() const { return body_bytes_; }
  /// Whether the client has sent more than what was read: received already, or to be received at once.
  bool has_bytes_waiting() const;
  /// Whether nothing of the body is left on the way.
  bool is_body_read() const;
  /// Whether read_piece() answered anything but kPiece and kEnd.
  bool is_body_broken() const { return is_body_broken_; }

  /// Drops what the client still sends until it closes, `bytes_max` are dropped or `seconds` have passed. A connection
  /// closed with unread bytes is reset, and then the client may never see its answer.
  void discard_rest(uint64_t bytes_max, unsigned seconds);

 private:
  struct Parser;
  enum class Received { kBytes, kClosed, kTimedOut };
  Received receive(size_t bytes_max, unsigned silence_seconds, Deadline deadline);
  HeadOutcome await_first_byte();
  BodyOutcome fill_piece(std::string_view& piece, Deadline deadline);
  bool check_head(const RequestHead& head, RequestRefusal& refusal) const;

  Socket& socket_;
  const RequestLimits limits_;
  std::unique_ptr<Parser> parser_;
  std::vector<char> piece_;
  uint64_t body_bytes_ = 0;
  bool is_body_broken_ = false;
};

}  // namespace freshet::connectors::http
