#include "connectors/mysql/handshake.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"
#include "query/accounts/users.h"

namespace freshet::connectors::mysql {
namespace {

constexpr uint32_t kModernClient = kClientProtocol41 | kClientSecureConnection | kClientPluginAuth | kClientConnectWithDb |
                                   kClientPluginAuthLengthEncoded | kClientConnectAttributes;

std::vector<uint8_t> from_hex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Scramble counting_scramble() {
  Scramble scramble;
  std::iota(scramble.begin(), scramble.end(), uint8_t{1});
  return scramble;
}

std::string response(uint32_t capabilities) {
  std::string bytes;
  put_fixed<uint32_t>(bytes, capabilities);
  put_fixed<uint32_t>(bytes, 1 << 24);
  bytes.push_back(45);
  bytes.append(23, '\0');
  bytes.append("root").push_back('\0');
  put_lenenc_string(bytes, "12345678901234567890");
  if ((capabilities & kClientConnectWithDb) != 0) bytes.append("shop").push_back('\0');
  if ((capabilities & kClientPluginAuth) != 0) bytes.append("caching_sha2_password").push_back('\0');
  if ((capabilities & kClientConnectAttributes) != 0) put_lenenc_string(bytes, "\x04name\x05value");
  return bytes;
}

const query::LoginClient kRoot{"root", "127.0.0.1"};

TEST(Users, NativeTokenOfAKnownScramble) {
  const query::Users users("secret");
  // SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))), computed with Python's hashlib.
  const std::vector<uint8_t> token = from_hex("b32bb3a583e1340c0a1108d58b1be49781ad8c2f");
  EXPECT_TRUE(users.log_in_native(kRoot, counting_scramble(), token).ok());
  EXPECT_FALSE(users.log_in_native({"admin", "127.0.0.1"}, counting_scramble(), token).ok());
  EXPECT_FALSE(users.log_in_native(kRoot, counting_scramble(), {}).ok());
  EXPECT_FALSE(users.log_in_native(kRoot, counting_scramble(), std::span(token).first(19)).ok());
  Scramble other = counting_scramble();
  ++other[19];
  EXPECT_FALSE(users.log_in_native(kRoot, other, token).ok());
  EXPECT_FALSE(query::Users("Secret").log_in_native(kRoot, counting_scramble(), token).ok());
}

TEST(Users, CachingSha2TokenOfAKnownScramble) {
  const query::Users users("secret");
  // SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble), computed with Python's hashlib.
  const std::vector<uint8_t> token = from_hex("746ebe205d56a0707acb3e796e834e0dd7b1d61743b26bd5202c7a623230c7c9");
  EXPECT_TRUE(users.log_in_caching_sha2(kRoot, counting_scramble(), token).ok());
  EXPECT_FALSE(users.log_in_caching_sha2({"admin", "127.0.0.1"}, counting_scramble(), token).ok());
  EXPECT_FALSE(users.log_in_caching_sha2(kRoot, counting_scramble(), {}).ok());
  EXPECT_FALSE(users.log_in_caching_sha2(kRoot, counting_scramble(), std::span(token).first(31)).ok());
  EXPECT_FALSE(query::Users("Secret").log_in_caching_sha2(kRoot, counting_scramble(), token).ok());
  EXPECT_TRUE(query::Users("").log_in_caching_sha2(kRoot, counting_scramble(), {}).ok());
  EXPECT_FALSE(query::Users("").log_in_caching_sha2(kRoot, counting_scramble(), token).ok());
}

TEST(Users, WithoutPasswordOnlyTheEmptyTokenFitsAndOnlyFromThisMachine) {
  const query::Users users("");
  EXPECT_FALSE(users.root_has_password());
  EXPECT_TRUE(users.log_in_native(kRoot, counting_scramble(), {}).ok());
  EXPECT_TRUE(users.log_in_native({"root", "::1"}, counting_scramble(), {}).ok());
  EXPECT_FALSE(users.log_in_native({"root", "10.0.0.1"}, counting_scramble(), {}).ok());
  EXPECT_FALSE(users.log_in_native(kRoot, counting_scramble(), std::vector<uint8_t>(20)).ok());
  EXPECT_TRUE(users.log_in_plain(kRoot, "").ok());
  EXPECT_FALSE(users.log_in_plain(kRoot, "x").ok());
}

TEST(Users, PlainPasswordIgnoresTheClusterName) {
  const query::Users users("secret");
  EXPECT_TRUE(users.log_in_plain(kRoot, "secret").ok());
  EXPECT_TRUE(users.log_in_plain({"root@default_cluster", "127.0.0.1"}, "secret").ok());
  EXPECT_FALSE(users.log_in_plain({"rooted", "127.0.0.1"}, "secret").ok());
  EXPECT_FALSE(users.log_in_plain(kRoot, "secre").ok());
  EXPECT_FALSE(users.log_in_plain({"", "127.0.0.1"}, "secret").ok());
}

TEST(Handshake, GreetingIsReadableByItsOwnRules) {
  std::string greeting;
  put_greeting(greeting, {"8.0.34-freshet", 7, kServerCapabilities}, counting_scramble());
  PayloadReader in(greeting);
  EXPECT_EQ(in.fixed<uint8_t>(), 10);
  EXPECT_EQ(in.null_terminated(), "8.0.34-freshet");
  EXPECT_EQ(in.fixed<uint32_t>(), 7u);
  std::string scramble(in.bytes(8));
  in.fixed<uint8_t>();
  uint32_t capabilities = in.fixed<uint16_t>();
  EXPECT_EQ(in.fixed<uint8_t>(), 45);
  EXPECT_EQ(in.fixed<uint16_t>(), kStatusAutocommit);
  capabilities |= uint32_t{in.fixed<uint16_t>()} << 16;
  EXPECT_EQ(capabilities, kServerCapabilities);
  EXPECT_EQ(capabilities & kClientSsl, 0u);
  EXPECT_EQ(in.fixed<uint8_t>(), 21);
  in.bytes(10);
  scramble += in.null_terminated();
  EXPECT_EQ(scramble.size(), 20u);
  EXPECT_EQ(in.null_terminated(), kNativePassword);
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(Handshake, ScramblesHaveNoZeroAndDiffer) {
  const Scramble one = make_scramble().value();
  const Scramble two = make_scramble().value();
  EXPECT_NE(one, two);
  for (const uint8_t byte : one) EXPECT_TRUE(byte > 0 && byte < 0x80);
}

TEST(Handshake, ModernResponse) {
  const auto request = parse_handshake_response(response(kModernClient));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->user, "root");
  EXPECT_EQ(request->auth_response, "12345678901234567890");
  EXPECT_EQ(request->database, "shop");
  EXPECT_EQ(request->auth_plugin, "caching_sha2_password");
}

TEST(Handshake, KnowsARequestForTls) {
  EXPECT_TRUE(is_tls_request(response(kModernClient | kClientSsl).substr(0, 32)));
  EXPECT_FALSE(is_tls_request(response(kModernClient)));
  EXPECT_FALSE(is_tls_request(""));
}

TEST(Handshake, RefusesOldProtocol) {
  EXPECT_FALSE(parse_handshake_response(response(kModernClient & ~kClientProtocol41)).ok());
}

TEST(Handshake, CutOrChangedResponsesAreNoCrash) {
  const std::string whole = response(kModernClient);
  for (size_t cut = 0; cut < 32; ++cut) EXPECT_FALSE(parse_handshake_response(whole.substr(0, cut)).ok()) << cut;
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = whole.substr(0, random() % (whole.size() + 1));
    for (int i = 0; i < 3 && !bytes.empty(); ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::ignore = parse_handshake_response(bytes);
    std::ignore = parse_change_user(bytes, kServerCapabilities);
  }
}

}  // namespace
}  // namespace freshet::connectors::mysql
