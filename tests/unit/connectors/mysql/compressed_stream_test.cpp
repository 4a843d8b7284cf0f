#include "connectors/mysql/compressed_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/seed.h"

namespace freshet::connectors::mysql {
namespace {

/// A stream over bytes that arrive in pieces of at most `piece`.
CompressedStream::Source source_of(const std::string& bytes, size_t& position, size_t piece) {
  return [&bytes, &position, piece](char* buffer, size_t size) {
    const size_t count = std::min({size, piece, bytes.size() - position});
    std::copy_n(bytes.data() + position, count, buffer);
    position += count;
    return static_cast<ptrdiff_t>(count);
  };
}

CompressedStream::Sink sink_to(std::string& bytes) {
  return [&bytes](std::string_view more) {
    bytes += more;
    return Status::OK();
  };
}

std::string framed(const std::vector<std::string>& payloads) {
  std::string bytes;
  CompressedStream out([](char*, size_t) { return ptrdiff_t{0}; }, sink_to(bytes));
  for (const std::string& payload : payloads) EXPECT_TRUE(out.send_all(payload).ok());
  return bytes;
}

std::string received(const std::string& bytes, size_t piece, size_t buffer_bytes) {
  size_t position = 0;
  std::string ignored, all, buffer(buffer_bytes, '\0');
  CompressedStream in(source_of(bytes, position, piece), sink_to(ignored));
  for (ptrdiff_t count; (count = in.receive(buffer.data(), buffer.size())) > 0;) {
    all.append(buffer, 0, static_cast<size_t>(count));
  }
  return all;
}

TEST(CompressedStream, WhatIsSentArrivesWhateverThePieces) {
  std::mt19937_64 random(test::test_seed());
  std::vector<std::string> payloads{"", "short", std::string(49, 'x'), std::string(50, 'x'), std::string(300'000, 'r')};
  std::string noise(100'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  payloads.push_back(noise);
  payloads.push_back(std::string((1 << 24) + 5, 'l'));
  std::string all;
  for (const std::string& payload : payloads) all += payload;
  const std::string bytes = framed(payloads);
  EXPECT_LT(bytes.size(), all.size() / 20);
  for (const size_t piece : {size_t{7}, size_t{16 * 1024}, bytes.size()}) EXPECT_EQ(received(bytes, piece, 4096), all);
  EXPECT_EQ(received(framed({std::string(1000, 'b')}), 1, 1), std::string(1000, 'b'));
}

TEST(CompressedStream, FramesHaveTheShapeOfTheProtocol) {
  const std::string small = framed({"abc"});
  EXPECT_EQ(small, std::string("\x03\0\0\0\0\0\0abc", 10)) << "not compressed: no length before compression";
  const std::string large = framed({std::string(1000, 'a'), "next"});
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(large[i]); };
  EXPECT_EQ(byte(4) | byte(5) << 8 | byte(6) << 16, 1000);
  const size_t next = 7 + (byte(0) | byte(1) << 8 | byte(2) << 16);
  EXPECT_EQ(large.substr(next), std::string("\x04\0\0\x01\0\0\0next", 11)) << "the sequence goes on";
}

TEST(CompressedStream, AnswersGoOnFromTheSequenceOfTheCommand) {
  const std::string command("\x01\0\0\x05\0\0\0q", 8);
  size_t position = 0;
  std::string answer;
  CompressedStream stream(source_of(command, position, 100), sink_to(answer));
  char buffer[8];
  ASSERT_EQ(stream.receive(buffer, sizeof(buffer)), 1);
  ASSERT_TRUE(stream.send_all("a").ok());
  EXPECT_EQ(answer[3], 6);
}

TEST(CompressedStream, FramesThatLieEndTheStream) {
  const std::string good = framed({std::string(1000, 'a')});
  for (const int claimed : {999, 1001, 1, 0xffffff}) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) bad[4 + i] = static_cast<char>(claimed >> (8 * i));
    EXPECT_LE(received(bad + framed({"after"}), 16, 64).size(), 1001u) << claimed;
    EXPECT_EQ(received(bad + framed({"after"}), 16, 64).find("after"), std::string::npos) << claimed;
  }
}

TEST(CompressedStream, DamagedFramesEndInTime) {
  std::mt19937_64 random(test::test_seed());
  const std::string good = framed({std::string(200, 'a') + "xyz", "short", std::string(5000, 'b')});
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good.substr(0, random() % (good.size() + 1));
    for (int i = 0; i < 2 && !bad.empty(); ++i) bad[random() % bad.size()] = static_cast<char>(random());
    EXPECT_LE(received(bad, 64, 512).size(), size_t{64} << 20);
  }
}

}  // namespace
}  // namespace freshet::connectors::mysql
