#include "ingest/decode/codec.h"

#include <bzlib.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace freshet::ingest {
namespace {

/// zlib and bzip2 count in 32 bits.
unsigned bounded(size_t bytes) { return static_cast<unsigned>(std::min<size_t>(bytes, 1u << 30)); }

/// gzip, or deflate with or without zlib's header.
class ZlibCodec final : public Codec {
 public:
  explicit ZlibCodec(bool is_gzip) : is_gzip_(is_gzip) {}
  ~ZlibCodec() override { end(); }

  Result<Step> step(std::string_view in, std::span<char> out) override {
    Step step;
    while (!is_open_) {
      if (step.consumed == in.size()) return step;
      head_.push_back(in[step.consumed++]);
      if (is_gzip_ || head_.size() == kZlibHeaderBytes) FRESHET_RETURN_IF_ERROR(open());
    }
    // What was looked at to tell the format goes first; it makes no output that would not fit.
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = bounded(out.size());
    if (!head_.empty()) {
      const std::string head = std::move(head_);
      head_.clear();
      FRESHET_RETURN_IF_ERROR(inflate_some(head, step).status());
      if (step.is_member_end) return step;
    }
    FRESHET_ASSIGN_OR_RETURN(const size_t used, inflate_some(in.substr(step.consumed), step));
    step.consumed += used;
    step.produced = out.size() - stream_.avail_out;
    return step;
  }

  void restart() override { end(); }

 private:
  static constexpr size_t kZlibHeaderBytes = 2;

  Status open() {
    const auto byte = [&](size_t i) { return static_cast<unsigned>(static_cast<uint8_t>(head_[i])); };
    const bool has_zlib_header = !is_gzip_ && (byte(0) & 0xf) == Z_DEFLATED && (byte(0) * 256 + byte(1)) % 31 == 0;
    stream_ = {};
    const int window_bits = is_gzip_ ? MAX_WBITS + 16 : has_zlib_header ? MAX_WBITS : -MAX_WBITS;
    if (inflateInit2(&stream_, window_bits) != Z_OK) return Status::ResourceExhausted("no memory for zlib");
    is_open_ = true;
    return Status::OK();
  }
  void end() {
    if (is_open_) inflateEnd(&stream_);
    is_open_ = false;
    head_.clear();
  }

  Result<size_t> inflate_some(std::string_view in, Step& step) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = bounded(in.size());
    const unsigned offered = stream_.avail_in;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) return Status::ResourceExhausted("no memory for zlib");
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Status::InvalidArgument("{}", stream_.msg != nullptr ? stream_.msg : "not of this format");
    }
    step.is_member_end = code == Z_STREAM_END;
    return static_cast<size_t>(offered - stream_.avail_in);
  }

  const bool is_gzip_;
  bool is_open_ = false;
  std::string head_;  ///< first bytes of a member, until its format is known
  z_stream stream_{};
};

class Bzip2Codec final : public Codec {
 public:
  ~Bzip2Codec() override { restart(); }

  Result<Step> step(std::string_view in, std::span<char> out) override {
    if (!is_open_) {
      stream_ = {};
      if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return Status::ResourceExhausted("no memory for bzip2");
      is_open_ = true;
    }
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = bounded(in.size());
    stream_.next_out = out.data();
    stream_.avail_out = bounded(out.size());
    const unsigned offered = stream_.avail_in;
    const int code = BZ2_bzDecompress(&stream_);
    if (code == BZ_MEM_ERROR) return Status::ResourceExhausted("no memory for bzip2");
    if (code != BZ_OK && code != BZ_STREAM_END) {
      return Status::InvalidArgument("{}", code == BZ_DATA_ERROR_MAGIC ? "not of this format" : "wrong checksum or bits");
    }
    return Step{offered - stream_.avail_in, out.size() - stream_.avail_out, code == BZ_STREAM_END};
  }

  void restart() override {
    if (is_open_) BZ2_bzDecompressEnd(&stream_);
    is_open_ = false;
  }

 private:
  bool is_open_ = false;
  bz_stream stream_{};
};

class Lz4Codec final : public Codec {
 public:
  ~Lz4Codec() override { LZ4F_freeDecompressionContext(context_); }

  Result<Step> step(std::string_view in, std::span<char> out) override {
    if (context_ == nullptr && LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) {
      return Status::ResourceExhausted("no memory for lz4");
    }
    size_t consumed = in.size(), produced = out.size();
    const size_t hint = LZ4F_decompress(context_, out.data(), &produced, in.data(), &consumed, nullptr);
    if (LZ4F_isError(hint)) return Status::InvalidArgument("{}", LZ4F_getErrorName(hint));
    return Step{consumed, produced, hint == 0};
  }

  void restart() override { LZ4F_resetDecompressionContext(context_); }

 private:
  LZ4F_dctx* context_ = nullptr;
};

class ZstdCodec final : public Codec {
 public:
  Result<Step> step(std::string_view in, std::span<char> out) override {
    if (stream_ == nullptr) stream_.reset(ZSTD_createDStream());
    if (stream_ == nullptr) return Status::ResourceExhausted("no memory for zstd");
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const size_t hint = ZSTD_decompressStream(stream_.get(), &output, &input);
    if (ZSTD_isError(hint)) return Status::InvalidArgument("{}", ZSTD_getErrorName(hint));
    return Step{input.pos, output.pos, hint == 0};
  }

  void restart() override { ZSTD_DCtx_reset(stream_.get(), ZSTD_reset_session_only); }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_;
};

}  // namespace

std::unique_ptr<Codec> make_codec(Compression compression) {
  switch (compression) {
    case Compression::kGzip: return std::make_unique<ZlibCodec>(true);
    case Compression::kDeflate: return std::make_unique<ZlibCodec>(false);
    case Compression::kBzip2: return std::make_unique<Bzip2Codec>();
    case Compression::kLz4Frame: return std::make_unique<Lz4Codec>();
    case Compression::kZstd: return std::make_unique<ZstdCodec>();
    case Compression::kSnappyFrame: return make_snappy_codec();
    case Compression::kNone: break;
  }
  FRESHET_ASSERT(compression != Compression::kNone);
  return nullptr;
}

}  // namespace freshet::ingest
