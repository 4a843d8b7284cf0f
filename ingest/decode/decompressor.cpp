#include "ingest/decode/decompressor.h"

#include <vector>

#include "ingest/decode/codec.h"

namespace freshet::ingest {
namespace {

class MemberDecompressor final : public Decompressor {
 public:
  MemberDecompressor(Compression compression, const ExpansionLimits& limits)
      : name_(compression_name(compression)), limits_(limits), codec_(make_codec(compression)), output_(kCodecOutputBytes) {}

  Status feed(std::string_view bytes, const Sink& sink) override {
    for (;;) {
      if (is_between_members_ && bytes.empty()) return Status::OK();
      Result<Codec::Step> stepped = codec_->step(bytes, output_);
      if (!stepped.ok()) return damaged(stepped.status());
      const Codec::Step step = *stepped;
      bytes.remove_prefix(step.consumed);
      read_ += step.consumed;
      written_ += step.produced;
      FRESHET_RETURN_IF_ERROR(check_limits());
      if (step.produced != 0) FRESHET_RETURN_IF_ERROR(sink({output_.data(), step.produced}));
      is_between_members_ = step.is_member_end;
      if (step.is_member_end) {
        codec_->restart();
      } else if (step.consumed == 0 && step.produced == 0) {
        return Status::OK();
      }
    }
  }

  Status finish() override {
    if (is_between_members_) return Status::OK();
    return Status::InvalidArgument("the {} data of the body ends too early, after {} bytes; nothing is loaded", name_,
                                   read_);
  }

 private:
  Status damaged(const Status& why) const {
    if (why.code() != StatusCode::kInvalidArgument) return why;
    return Status::InvalidArgument("the {} data of the body is damaged near byte {}: {}", name_, read_, why.message());
  }

  Status check_limits() const {
    if (written_ > limits_.max_bytes) {
      return Status::ResourceExhausted("the body decompresses to more than {} bytes (ingest.max_decompressed_bytes)",
                                       limits_.max_bytes);
    }
    if (written_ > kFreeExpansionBytes && written_ / limits_.max_ratio > read_) {
      return Status::ResourceExhausted("the body decompresses to more than {} times its size (ingest.max_expansion_ratio)",
                                       limits_.max_ratio);
    }
    return Status::OK();
  }

  const std::string_view name_;
  const ExpansionLimits limits_;
  const std::unique_ptr<Codec> codec_;
  std::vector<char> output_;
  uint64_t read_ = 0;
  uint64_t written_ = 0;
  bool is_between_members_ = true;
};

}  // namespace

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::kNone: return "plain";
    case Compression::kGzip: return "gz";
    case Compression::kDeflate: return "deflate";
    case Compression::kBzip2: return "bz2";
    case Compression::kLz4Frame: return "lz4";
    case Compression::kZstd: return "zstd";
    case Compression::kSnappyFrame: return "snappy";
  }
  return "unknown";
}

std::unique_ptr<Decompressor> make_decompressor(Compression compression, const ExpansionLimits& limits) {
  return std::make_unique<MemberDecompressor>(compression, limits);
}

}  // namespace freshet::ingest
