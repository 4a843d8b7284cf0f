#include "connectors/mysql/packet_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

namespace {

constexpr size_t kGrowthBytes = 256 * 1024;
constexpr size_t kKeptBytes = 1024 * 1024;

}  // namespace

PacketReader::PacketReader(Source source, size_t max_packet_bytes)
    : source_(std::move(source)), max_packet_bytes_(max_packet_bytes), buffer_(kBufferBytes) {}

PacketReader::Outcome PacketReader::read(std::string_view& payload) {
  joined_.clear();
  if (joined_.capacity() > kKeptBytes) joined_.shrink_to_fit();

  size_t length = 0;
  Outcome outcome = read_header(length);
  if (outcome != Outcome::kPacket) return outcome;
  if (length > max_packet_bytes_) return Outcome::kTooLarge;
  if (length <= kBufferBytes) {
    outcome = fill(length);
    if (outcome != Outcome::kPacket) return outcome;
    payload = {buffer_.data() + begin_, length};
    begin_ += length;
    return Outcome::kPacket;
  }

  for (;;) {
    outcome = append_to_joined(length);
    if (outcome != Outcome::kPacket) return outcome;
    if (length < kMaxWirePayload) break;
    outcome = read_header(length);
    if (outcome != Outcome::kPacket) return outcome;
    if (joined_.size() + length > max_packet_bytes_) return Outcome::kTooLarge;
  }
  payload = joined_;
  return Outcome::kPacket;
}

std::string PacketReader::take_unread() {
  std::string unread(buffer_.data() + begin_, end_ - begin_);
  begin_ = end_ = 0;
  return unread;
}

PacketReader::Outcome PacketReader::read_header(size_t& length) {
  const Outcome outcome = fill(kPacketHeaderBytes);
  if (outcome != Outcome::kPacket) return outcome;
  const auto* header = reinterpret_cast<const uint8_t*>(buffer_.data() + begin_);
  begin_ += kPacketHeaderBytes;
  length = header[0] | size_t{header[1]} << 8 | size_t{header[2]} << 16;
  if (header[3] != sequence_) return Outcome::kOutOfOrder;
  ++sequence_;
  return Outcome::kPacket;
}

PacketReader::Outcome PacketReader::fill(size_t count) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ + count > buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < count) {
    const ptrdiff_t received = source_(buffer_.data() + end_, buffer_.size() - end_);
    if (received <= 0) return received == 0 ? Outcome::kClosed : Outcome::kTimedOut;
    end_ += static_cast<size_t>(received);
  }
  return Outcome::kPacket;
}

PacketReader::Outcome PacketReader::append_to_joined(size_t length) {
  const size_t buffered = std::min(length, end_ - begin_);
  joined_.append(buffer_.data() + begin_, buffered);
  begin_ += buffered;

  for (size_t missing = length - buffered; missing > 0;) {
    const size_t old_size = joined_.size();
    const size_t step = std::min(missing, kGrowthBytes);
    joined_.resize(old_size + step);
    const ptrdiff_t received = source_(joined_.data() + old_size, step);
    if (received <= 0) return received == 0 ? Outcome::kClosed : Outcome::kTimedOut;
    joined_.resize(old_size + static_cast<size_t>(received));
    missing -= static_cast<size_t>(received);
  }
  return Outcome::kPacket;
}

}  // namespace freshet::connectors::mysql
