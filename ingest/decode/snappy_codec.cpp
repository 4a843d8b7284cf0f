#include <snappy.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "ingest/decode/codec.h"
#include "storage/base/coding.h"
#include "storage/base/crc32c.h"

namespace freshet::ingest {
namespace {

constexpr std::string_view kStreamName = "sNaPpY";
constexpr size_t kHeaderBytes = 4;  ///< kind, and the length of what follows
constexpr size_t kChecksumBytes = 4;
constexpr size_t kMostChunkText = 65536;

constexpr uint8_t kCompressed = 0x00;
constexpr uint8_t kPlain = 0x01;
constexpr uint8_t kFirstSkippable = 0x80;
constexpr uint8_t kStreamIdentifier = 0xff;

/// The checksum as the format stores it.
uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

/// github.com/google/snappy, framing_format.txt.
class SnappyCodec final : public Codec {
 public:
  Result<Step> step(std::string_view in, std::span<char> out) override {
    Step step;
    if (skip_bytes_ != 0) {
      step.consumed = std::min(skip_bytes_, in.size());
      skip_bytes_ -= step.consumed;
      step.is_member_end = skip_bytes_ == 0;
      return step;
    }
    if (!collect(kHeaderBytes, in, step)) return step;
    const auto kind = static_cast<uint8_t>(chunk_[0]);
    const size_t length = static_cast<uint8_t>(chunk_[1]) | static_cast<uint8_t>(chunk_[2]) << 8 |
                          static_cast<size_t>(static_cast<uint8_t>(chunk_[3])) << 16;
    if (!has_identifier_ && kind != kStreamIdentifier) return Status::InvalidArgument("no stream identifier at the front");
    if (kind > kPlain && kind < kFirstSkippable) return Status::InvalidArgument("a chunk has the unknown kind {}", kind);
    if (kind >= kFirstSkippable && kind != kStreamIdentifier) {
      chunk_.clear();
      skip_bytes_ = length;
      step.is_member_end = length == 0;
      return step;
    }
    const size_t most = kChecksumBytes + snappy::MaxCompressedLength(kMostChunkText);
    if (length > most) return Status::InvalidArgument("a chunk of {} bytes is longer than any can be", length);
    if (!collect(kHeaderBytes + length, in, step)) return step;
    const std::string_view body = std::string_view(chunk_).substr(kHeaderBytes);
    if (kind == kStreamIdentifier) {
      if (body != kStreamName) return Status::InvalidArgument("the stream identifier is damaged");
      has_identifier_ = true;
    } else {
      FRESHET_ASSIGN_OR_RETURN(step.produced, read_chunk(kind, body, out));
    }
    chunk_.clear();
    step.is_member_end = true;
    return step;
  }

  void restart() override {}

 private:
  /// Fills chunk_ up to `bytes`; false when the input does not have them.
  bool collect(size_t bytes, std::string_view in, Step& step) {
    if (chunk_.size() >= bytes) return true;
    const std::string_view taken = in.substr(step.consumed, bytes - chunk_.size());
    chunk_.append(taken);
    step.consumed += taken.size();
    return chunk_.size() == bytes;
  }

  static Result<size_t> read_chunk(uint8_t kind, std::string_view body, std::span<char> out) {
    if (body.size() < kChecksumBytes) return Status::InvalidArgument("a chunk is too short for its checksum");
    const auto checksum = load_fixed<uint32_t>(body.data());
    body.remove_prefix(kChecksumBytes);
    size_t length = body.size();
    if (kind == kCompressed && !snappy::GetUncompressedLength(body.data(), body.size(), &length)) {
      return Status::InvalidArgument("a chunk has no length");
    }
    if (length > kMostChunkText) return Status::InvalidArgument("a chunk has {} bytes of text, more than can be", length);
    if (kind == kPlain) {
      std::copy(body.begin(), body.end(), out.begin());
    } else if (!snappy::RawUncompress(body.data(), body.size(), out.data())) {
      return Status::InvalidArgument("a chunk is damaged");
    }
    if (masked(crc32c({out.data(), length})) != checksum) return Status::InvalidArgument("a chunk has a wrong checksum");
    return length;
  }

  std::string chunk_;  ///< the chunk that is not complete yet, from its header
  size_t skip_bytes_ = 0;
  bool has_identifier_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_snappy_codec() { return std::make_unique<SnappyCodec>(); }

}  // namespace freshet::ingest
