#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "connectors/mysql/packet_reader.h"
#include "connectors/mysql/packet_writer.h"
#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {
namespace {

constexpr size_t kLimit = 64ull << 20;

/// Gives the bytes of `stream` in pieces of at most `piece`.
PacketReader::Source source_of(std::string& stream, size_t piece) {
  return [&stream, piece, offset = size_t{0}](char* buffer, size_t size) mutable {
    const size_t count = std::min({size, piece, stream.size() - offset});
    std::memcpy(buffer, stream.data() + offset, count);
    offset += count;
    return static_cast<ptrdiff_t>(count);
  };
}

std::string framed(std::string_view payload) {
  std::string stream;
  PacketWriter writer([&stream](std::string_view bytes) {
    stream.append(bytes);
    return Status::OK();
  });
  writer.begin();
  writer.buffer().append(payload);
  EXPECT_TRUE(writer.end().ok());
  EXPECT_TRUE(writer.flush().ok());
  return stream;
}

TEST(Payload, LengthEncodedIntegersComeBackAtTheirBounds) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{250}, uint64_t{251}, uint64_t{0xFFFF}, uint64_t{0x10000},
                               uint64_t{0xFFFFFF}, uint64_t{0x1000000}, UINT64_MAX}) {
    std::string bytes;
    put_lenenc_int(bytes, value);
    PayloadReader in(bytes);
    EXPECT_EQ(in.lenenc_int(), value);
    EXPECT_TRUE(in.ok() && in.at_end());
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      PayloadReader short_in(std::string_view(bytes).substr(0, cut));
      short_in.lenenc_int();
      EXPECT_FALSE(short_in.ok());
    }
  }
}

TEST(Payload, LengthBeyondTheEndReadsNothing) {
  PayloadReader in("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFhello");
  EXPECT_TRUE(in.lenenc_string().empty());
  EXPECT_FALSE(in.ok());
  PayloadReader unterminated("root");
  EXPECT_TRUE(unterminated.null_terminated().empty());
  EXPECT_FALSE(unterminated.ok());
}

TEST(Packet, FramesHaveLengthAndSequence) {
  EXPECT_EQ(framed("abc"), std::string("\x03\x00\x00\x00"
                                       "abc",
                                       7));
}

TEST(Packet, EverySizeComesBackFromAnyPieces) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16380}, size_t{16384}, size_t{16385}, size_t{70000},
                            kMaxWirePayload - 1, kMaxWirePayload, kMaxWirePayload + 1, 2 * kMaxWirePayload}) {
    std::string payload(size, 'x');
    for (size_t i = 0; i < size; i += 97) payload[i] = static_cast<char>(i);
    std::string stream = framed(payload) + std::string("\x01\x00\x00\x07z", 5);
    PacketReader reader(source_of(stream, size < 100000 ? 7 : 100000), kLimit);
    std::string_view read;
    ASSERT_EQ(reader.read(read), PacketReader::Outcome::kPacket) << size;
    EXPECT_TRUE(read == payload) << size;
    reader.set_next_sequence(7);
    ASSERT_EQ(reader.read(read), PacketReader::Outcome::kPacket);
    EXPECT_EQ(read, "z");
    EXPECT_EQ(reader.read(read), PacketReader::Outcome::kClosed);
  }
}

TEST(Packet, LimitHoldsBeforeTheBytesArrive) {
  std::string stream("\xFF\xFF\xFF\x00", 4);
  PacketReader reader(source_of(stream, 4), 1000);
  std::string_view read;
  EXPECT_EQ(reader.read(read), PacketReader::Outcome::kTooLarge);
}

TEST(Packet, JoinedPacketsCountAgainstTheLimit) {
  std::string stream = framed(std::string(kMaxWirePayload + 10, 'x'));
  PacketReader reader(source_of(stream, 1 << 20), kMaxWirePayload + 9);
  std::string_view read;
  EXPECT_EQ(reader.read(read), PacketReader::Outcome::kTooLarge);
}

TEST(Packet, WrongSequenceIsNoticed) {
  std::string stream("\x01\x00\x00\x01z", 5);
  PacketReader reader(source_of(stream, 100), kLimit);
  std::string_view read;
  EXPECT_EQ(reader.read(read), PacketReader::Outcome::kOutOfOrder);
}

TEST(Packet, GarbageEndsWithAnOutcome) {
  const unsigned seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string stream(random() % 300, '\0');
    for (char& byte : stream) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    PacketReader reader(source_of(stream, 1 + random() % 50), 4096);
    std::string_view payload;
    int packets = 0;
    while (reader.read(payload) == PacketReader::Outcome::kPacket) ++packets;
    ASSERT_LE(packets, 75) << "seed " << seed;
  }
}

TEST(PacketWriter, RewindDropsWhatWasNotSent) {
  std::string stream;
  PacketWriter writer([&stream](std::string_view bytes) {
    stream.append(bytes);
    return Status::OK();
  });
  writer.set_next_sequence(1);
  const PacketWriter::Mark mark = writer.mark();
  writer.begin();
  writer.buffer() += "half";
  EXPECT_TRUE(writer.rewind(mark));
  EXPECT_TRUE(writer.buffer().empty());
  EXPECT_EQ(writer.next_sequence(), 1);

  writer.begin();
  writer.buffer().append(PacketWriter::kSendBytes, 'x');
  EXPECT_TRUE(writer.end().ok());
  EXPECT_EQ(stream.size(), PacketWriter::kSendBytes + kPacketHeaderBytes);
  EXPECT_FALSE(writer.rewind(mark));
}

TEST(PacketWriter, NothingIsSentAfterAFailure) {
  int calls = 0;
  PacketWriter writer([&calls](std::string_view) {
    ++calls;
    return Status::Timeout("slow");
  });
  for (int i = 0; i < 3; ++i) {
    writer.begin();
    EXPECT_TRUE(writer.end().ok());
    EXPECT_EQ(writer.flush().code(), StatusCode::kTimeout);
  }
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace freshet::connectors::mysql
