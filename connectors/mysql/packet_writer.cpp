#include "connectors/mysql/packet_writer.h"

#include <algorithm>

#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

namespace {

/// A buffer that one wide row made larger than this is given back.
constexpr size_t kKeptBytes = 1024 * 1024;

}  // namespace

void PacketWriter::begin() {
  packet_start_ = buffer_.size();
  is_open_ = true;
  buffer_.append(kPacketHeaderBytes, '\0');
}

size_t PacketWriter::payload_bytes() const { return buffer_.size() - packet_start_ - kPacketHeaderBytes; }

void PacketWriter::abandon() {
  if (is_open_) buffer_.resize(packet_start_);
  is_open_ = false;
}

Status PacketWriter::end() {
  is_open_ = false;
  const size_t length = payload_bytes();
  if (length >= kMaxWirePayload) {
    split();
  } else {
    put_header(packet_start_, length);
  }
  return buffer_.size() > kSendBytes ? flush() : Status::OK();
}

void PacketWriter::split() {
  const std::string payload = buffer_.substr(packet_start_ + kPacketHeaderBytes);
  buffer_.resize(packet_start_);
  // A payload of a whole multiple ends with an empty packet, so that the reader knows it is over.
  for (size_t offset = 0; offset <= payload.size(); offset += kMaxWirePayload) {
    const size_t length = std::min(kMaxWirePayload, payload.size() - offset);
    const size_t header = buffer_.size();
    buffer_.append(kPacketHeaderBytes, '\0');
    put_header(header, length);
    buffer_.append(payload, offset, length);
  }
}

void PacketWriter::put_header(size_t position, size_t length) {
  buffer_[position] = static_cast<char>(length);
  buffer_[position + 1] = static_cast<char>(length >> 8);
  buffer_[position + 2] = static_cast<char>(length >> 16);
  buffer_[position + 3] = static_cast<char>(sequence_++);
}

Status PacketWriter::flush() {
  if (failure_.ok() && !buffer_.empty()) failure_ = sink_(buffer_);
  sent_bytes_ += buffer_.size();
  buffer_.clear();
  if (buffer_.capacity() > kKeptBytes) buffer_.shrink_to_fit();
  return failure_;
}

bool PacketWriter::rewind(const Mark& mark) {
  if (mark.sent_bytes != sent_bytes_) return false;
  is_open_ = false;
  buffer_.resize(mark.buffered_bytes);
  sequence_ = mark.sequence;
  return true;
}

}  // namespace freshet::connectors::mysql
