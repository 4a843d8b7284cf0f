#include "connectors/mysql/compressed_stream.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {
namespace {

constexpr size_t kHeaderBytes = 7;
constexpr size_t kReadBytes = 16 * 1024;
/// Packets' headers are part of a payload, so one packet of the greatest length does not fit into a frame.
constexpr size_t kMaxFramePayload = kMaxWirePayload;

size_t load_uint24(const char* bytes) {
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
  return byte(0) | byte(1) << 8 | byte(2) << 16;
}

void put_uint24(char* out, size_t value) {
  for (int i = 0; i < 3; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

Bytef* zlib_bytes(const char* bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); }

}  // namespace

void CompressedStream::EndInflate::operator()(z_stream* stream) const {
  inflateEnd(stream);
  delete stream;
}

void CompressedStream::EndDeflate::operator()(z_stream* stream) const {
  deflateEnd(stream);
  delete stream;
}

CompressedStream::CompressedStream(Source source, Sink sink)
    : source_(std::move(source)), sink_(std::move(sink)), inflater_(new z_stream{}), deflater_(new z_stream{}) {
  if (inflateInit(inflater_.get()) != Z_OK || deflateInit(deflater_.get(), Z_BEST_SPEED) != Z_OK) throw std::bad_alloc();
}

CompressedStream::~CompressedStream() = default;

ptrdiff_t CompressedStream::fill() {
  if (begin_ < in_.size()) return 1;
  in_.resize(kReadBytes);
  const ptrdiff_t count = source_(in_.data(), in_.size());
  in_.resize(static_cast<size_t>(std::max<ptrdiff_t>(count, 0)));
  begin_ = 0;
  return std::min<ptrdiff_t>(count, 1);
}

ptrdiff_t CompressedStream::read_header() {
  std::array<char, kHeaderBytes> header;
  for (char& byte : header) {
    if (const ptrdiff_t filled = fill(); filled <= 0) return filled;
    byte = in_[begin_++];
  }
  frame_bytes_ = load_uint24(header.data());
  sequence_ = static_cast<uint8_t>(header[3] + 1);
  plain_bytes_ = load_uint24(header.data() + 4);
  is_compressed_ = plain_bytes_ != 0;
  if (is_compressed_) inflateReset(inflater_.get());
  return 1;
}

ptrdiff_t CompressedStream::receive(char* buffer, size_t size) {
  for (;;) {
    if (frame_bytes_ == 0) {
      if (is_compressed_ && plain_bytes_ != 0) return 0;  // The frame holds less than it says.
      if (const ptrdiff_t read = read_header(); read <= 0) return read;
      continue;
    }
    if (const ptrdiff_t filled = fill(); filled <= 0) return filled;
    if (!is_compressed_) return receive_plain(buffer, size);
    if (const ptrdiff_t inflated = inflate_some(buffer, size); inflated >= 0) return inflated;
  }
}

ptrdiff_t CompressedStream::receive_plain(char* buffer, size_t size) {
  const size_t count = std::min({size, frame_bytes_, in_.size() - begin_});
  std::memcpy(buffer, in_.data() + begin_, count);
  begin_ += count;
  frame_bytes_ -= count;
  return static_cast<ptrdiff_t>(count);
}

ptrdiff_t CompressedStream::inflate_some(char* buffer, size_t size) {
  char beyond = 0;  // Takes a byte that the frame holds more than it says.
  const bool is_at_end = plain_bytes_ == 0;
  const size_t available = std::min(frame_bytes_, in_.size() - begin_);
  inflater_->next_in = zlib_bytes(in_.data() + begin_);
  inflater_->avail_in = static_cast<uInt>(available);
  inflater_->next_out = zlib_bytes(is_at_end ? &beyond : buffer);
  const auto room = static_cast<uInt>(is_at_end ? 1 : std::min(size, plain_bytes_));
  inflater_->avail_out = room;
  const int outcome = inflate(inflater_.get(), Z_NO_FLUSH);
  const size_t taken = available - inflater_->avail_in;
  const size_t made = room - inflater_->avail_out;
  begin_ += taken;
  frame_bytes_ -= taken;
  if (outcome != Z_OK && outcome != Z_STREAM_END) return 0;
  if (is_at_end && made != 0) return 0;
  plain_bytes_ -= made;
  if (outcome == Z_STREAM_END && (frame_bytes_ != 0 || plain_bytes_ != 0)) return 0;
  return made == 0 ? -1 : static_cast<ptrdiff_t>(made);
}

Status CompressedStream::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t step = std::min(bytes.size(), kMaxFramePayload);
    FRESHET_RETURN_IF_ERROR(send_frame(bytes.substr(0, step)));
    bytes.remove_prefix(step);
  }
  return Status::OK();
}

Status CompressedStream::send_frame(std::string_view payload) {
  out_.resize(kHeaderBytes);
  size_t plain_bytes = 0;
  if (payload.size() >= kLeastCompressed) {
    deflateReset(deflater_.get());
    // What does not become smaller is sent as it is.
    out_.resize(kHeaderBytes + payload.size());
    deflater_->next_in = zlib_bytes(payload.data());
    deflater_->avail_in = static_cast<uInt>(payload.size());
    deflater_->next_out = zlib_bytes(out_.data() + kHeaderBytes);
    deflater_->avail_out = static_cast<uInt>(payload.size());
    if (deflate(deflater_.get(), Z_FINISH) == Z_STREAM_END) plain_bytes = payload.size();
    out_.resize(plain_bytes == 0 ? kHeaderBytes : out_.size() - deflater_->avail_out);
  }
  if (plain_bytes == 0) out_ += payload;
  put_uint24(out_.data(), out_.size() - kHeaderBytes);
  out_[3] = static_cast<char>(sequence_++);
  put_uint24(out_.data() + 4, plain_bytes);
  return sink_(out_);
}

}  // namespace freshet::connectors::mysql
