#include "ingest/decode/decompressor.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "support/seed.h"

namespace freshet::ingest {
namespace {

std::string zlib_member(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string bzip2_member(const std::string& text) {
  auto size = static_cast<unsigned>(text.size() + text.size() / 50 + 700);
  std::string out(size, '\0');
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()), static_cast<unsigned>(text.size()),
                                     1, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

std::string lz4_member(const std::string& text) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  std::string out(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &preferences));
  return out;
}

std::string zstd_member(const std::string& text) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

void append_chunk(std::string& out, uint8_t kind, const std::string& body) {
  put_fixed<uint32_t>(out, static_cast<uint32_t>(body.size() << 8 | kind));
  out += body;
}

/// A stream with chunks of text as they are, compressed ones, and padding.
std::string snappy_member(const std::string& text) {
  std::string out;
  append_chunk(out, 0xff, "sNaPpY");
  for (size_t at = 0; at < text.size(); at += 60'000) {
    const std::string piece = text.substr(at, 60'000);
    const uint32_t crc = crc32c(piece);
    std::string body;
    put_fixed<uint32_t>(body, ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    std::string packed;
    snappy::Compress(piece.data(), piece.size(), &packed);
    const bool is_plain = at % 120'000 != 0;
    append_chunk(out, is_plain ? 1 : 0, body + (is_plain ? piece : packed));
    append_chunk(out, 0xfe, std::string(at % 7, 'p'));
  }
  return out;
}

struct Format {
  const char* name;
  Compression compression;
  std::string (*member)(const std::string& text);
};
const Format kFormats[] = {
    {"gz", Compression::kGzip, [](const std::string& text) { return zlib_member(text, 31); }},
    {"zlib", Compression::kDeflate, [](const std::string& text) { return zlib_member(text, 15); }},
    {"raw deflate", Compression::kDeflate, [](const std::string& text) { return zlib_member(text, -15); }},
    {"bz2", Compression::kBzip2, bzip2_member},
    {"lz4", Compression::kLz4Frame, lz4_member},
    {"zstd", Compression::kZstd, zstd_member},
    {"snappy", Compression::kSnappyFrame, snappy_member},
};

struct Outcome {
  Status status;
  std::string text;
};

Outcome decompress(Compression compression, std::string_view body, size_t piece, const ExpansionLimits& limits = {}) {
  const auto decompressor = make_decompressor(compression, limits);
  Outcome outcome;
  const auto sink = [&](std::string_view text) {
    outcome.text.append(text);
    return Status::OK();
  };
  for (size_t at = 0; at < body.size() && outcome.status.ok(); at += piece) {
    outcome.status = decompressor->feed(body.substr(at, piece), sink);
  }
  if (outcome.status.ok()) outcome.status = decompressor->finish();
  return outcome;
}

std::string csv_text(std::mt19937_64& random, size_t rows) {
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    text += std::to_string(row) + "," + std::to_string(random()) + ",new\n";
  }
  return text;
}

TEST(Decompressor, ReadsWhatTheLibrariesWriteHoweverItIsCut) {
  std::mt19937_64 random(test::test_seed());
  const std::string text = csv_text(random, 20'000);
  for (const Format& format : kFormats) {
    const std::string body = format.member(text);
    for (size_t piece : {size_t{1} << 20, size_t{4096}, size_t{7}, size_t{1}}) {
      const Outcome outcome = decompress(format.compression, body, piece);
      ASSERT_TRUE(outcome.status.ok()) << format.name << ": " << outcome.status.to_string();
      ASSERT_EQ(outcome.text, text) << format.name << " in pieces of " << piece;
    }
  }
}

TEST(Decompressor, ReadsMembersOneBehindTheOther) {
  for (const Format& format : kFormats) {
    const std::string body = format.member("1,a\n2,b\n") + format.member("") + format.member("3,c\n");
    for (size_t piece : {size_t{1000}, size_t{1}}) {
      const Outcome outcome = decompress(format.compression, body, piece);
      ASSERT_TRUE(outcome.status.ok()) << format.name << ": " << outcome.status.to_string();
      EXPECT_EQ(outcome.text, "1,a\n2,b\n3,c\n") << format.name;
    }
  }
}

TEST(Decompressor, ABodyThatEndsTooEarlyIsAnError) {
  std::mt19937_64 random(test::test_seed());
  const std::string text = csv_text(random, 40);
  for (const Format& format : kFormats) {
    const std::string body = format.member(text);
    EXPECT_TRUE(decompress(format.compression, "", 64).status.ok()) << "a body of nothing is not cut";
    for (size_t length = 1; length < body.size(); ++length) {
      const Outcome outcome = decompress(format.compression, std::string_view(body).substr(0, length), 64);
      // A snappy stream may end behind each of its chunks.
      if (outcome.status.ok() && format.compression == Compression::kSnappyFrame) continue;
      ASSERT_FALSE(outcome.status.ok()) << format.name << " cut to " << length;
      ASSERT_NE(outcome.status.message().find("ends too early"), std::string::npos) << outcome.status.to_string();
    }
  }
}

TEST(Decompressor, DamageIsNeverTakenForOtherText) {
  std::mt19937_64 random(test::test_seed());
  const std::string text = csv_text(random, 200);
  for (const Format& format : kFormats) {
    const std::string body = format.member(text);
    const bool has_checksum = std::string_view(format.name) != "raw deflate";
    for (int round = 0; round < 300; ++round) {
      std::string damaged = body;
      damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
      const Outcome outcome = decompress(format.compression, damaged, 1 + random() % 500);
      if (!has_checksum || !outcome.status.ok()) continue;
      ASSERT_TRUE(text.starts_with(outcome.text)) << format.name;
    }
    EXPECT_FALSE(decompress(format.compression, "certainly no compressed text", 64).status.ok()) << format.name;
  }
}

TEST(Decompressor, BombsAreRefused) {
  const std::string zeros(128u << 20, '0');
  for (const Format& format : {kFormats[0], kFormats[5]}) {
    const std::string bomb = format.member(zeros);
    const Outcome by_ratio = decompress(format.compression, bomb, 1000);
    EXPECT_EQ(by_ratio.status.code(), StatusCode::kResourceExhausted) << format.name;
    EXPECT_NE(by_ratio.status.message().find("ingest.max_expansion_ratio"), std::string::npos);
    EXPECT_LE(by_ratio.text.size(), kFreeExpansionBytes + (1u << 20)) << format.name;
    const Outcome by_size = decompress(format.compression, bomb, 1000, {.max_bytes = 1u << 20, .max_ratio = 1u << 30});
    EXPECT_EQ(by_size.status.code(), StatusCode::kResourceExhausted);
    EXPECT_NE(by_size.status.message().find("ingest.max_decompressed_bytes"), std::string::npos);
    EXPECT_LE(by_size.text.size(), 1u << 20);
    EXPECT_TRUE(decompress(format.compression, bomb, 1000, {.max_bytes = 1u << 30, .max_ratio = 1u << 30}).status.ok());
  }
}

}  // namespace
}  // namespace freshet::ingest
