#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace freshet::connectors {

/// A connected TCP socket for one blocking thread, closed when this object goes. Only shut_down() and has_hung_up() may be
/// called from another thread meanwhile.
class Socket {
 public:
  /// Takes over `fd`; sends without delay (TCP_NODELAY).
  explicit Socket(int fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// The longest that one receive or send waits for the peer; 0 waits for ever.
  void set_receive_timeout(unsigned seconds);
  void set_send_timeout(unsigned seconds);

  static constexpr ptrdiff_t kClosed = 0;
  static constexpr ptrdiff_t kTimedOut = -1;
  /// Bytes received (at least 1), kClosed when the connection is gone, or kTimedOut.
  ptrdiff_t receive(char* buffer, size_t size);
  /// Whether a receive would give bytes at once.
  bool has_bytes_waiting() const;
  /// Whether the peer has ended its direction or the connection is broken, also while bytes of it are unread. Any thread.
  bool has_hung_up() const;
  /// Sends all bytes. Unavailable when the connection is gone, Timeout when the peer takes nothing.
  Status send_all(std::string_view bytes);
  /// Ends both directions: the peer sees the end, a blocked receive or send of ours returns.
  void shut_down();
  /// Ends our direction only: the peer sees the end after what was sent, and may go on sending.
  void shut_down_sending();
  /// "127.0.0.1:54321"; "unknown" when the connection is gone.
  std::string peer_address() const;

 private:
  int fd_;
};

}  // namespace freshet::connectors
