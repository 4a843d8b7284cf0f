#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "connectors/mysql/packet_reader.h"
#include "connectors/mysql/packet_writer.h"
#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"
#include "connectors/net/socket.h"

namespace freshet::connectors::mysql {

/// A MySQL client that shows each packet of an answer.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(connect_to(port)) { socket_.set_receive_timeout(20); }

  /// Reads the greeting and logs in. The last packet of the server: OK or an error.
  std::string log_in(const std::string& password = "", const std::string& database = "", uint32_t more_capabilities = 0,
                     const std::string& plugin = "mysql_native_password") {
    const std::string greeting = read();
    if (greeting.empty() || greeting[0] != 10) return greeting;
    PayloadReader in(greeting);
    in.fixed<uint8_t>();
    in.null_terminated();
    in.fixed<uint32_t>();
    std::string scramble(in.bytes(8));
    in.bytes(1 + 2 + 1 + 2 + 2 + 1 + 10);
    scramble += in.null_terminated();

    uint32_t capabilities = kClientProtocol41 | kClientSecureConnection | kClientPluginAuth | more_capabilities;
    if (!database.empty()) capabilities |= kClientConnectWithDb;
    std::string response;
    put_fixed<uint32_t>(response, capabilities);
    put_fixed<uint32_t>(response, 1 << 24);
    response.push_back(45);
    response.append(23, '\0');
    response.append("root").push_back('\0');
    const std::string token = native_token(password, scramble);
    response.push_back(static_cast<char>(token.size()));
    response += token;
    if (!database.empty()) response.append(database).push_back('\0');
    response.append(plugin).push_back('\0');
    send_packet(response, 1);

    std::string answer = read();
    if (answer.empty() || static_cast<uint8_t>(answer[0]) != kEofHeader) return answer;
    PayloadReader change(std::string_view(answer).substr(1));
    const bool is_native = change.null_terminated() == "mysql_native_password";
    const std::string other(change.null_terminated());
    send_packet(is_native ? native_token(password, other) : sha2_token(password, other), 3);
    answer = read();
    return answer == "\x01\x03" ? read() : answer;
  }

  void command(Command command, std::string_view body) {
    std::string payload(1, static_cast<char>(command));
    payload += body;
    send_packet(payload, 0);
  }
  void send_packet(std::string_view payload, uint8_t sequence) {
    PacketWriter out([this](std::string_view bytes) { return socket_.send_all(bytes); });
    out.set_next_sequence(sequence);
    out.begin();
    out.buffer() += payload;
    std::ignore = out.end();
    std::ignore = out.flush();
  }
  void send_bytes(std::string_view bytes) { std::ignore = socket_.send_all(bytes); }

  /// The next packet; empty when the connection is over.
  std::string read() {
    std::array<char, kPacketHeaderBytes> header;
    if (!read_exactly(header.data(), header.size())) return {};
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(header[i])); };
    std::string payload(byte(0) | byte(1) << 8 | byte(2) << 16, '\0');
    return read_exactly(payload.data(), payload.size()) ? payload : std::string();
  }
  std::vector<std::string> read(size_t count) {
    std::vector<std::string> packets;
    for (size_t i = 0; i < count; ++i) packets.push_back(read());
    return packets;
  }
  std::string query(std::string_view text) {
    command(Command::kQuery, text);
    return read();
  }
  void close() { socket_.shut_down(); }

  static uint16_t error_number(const std::string& packet) {
    return packet.size() > 3 && static_cast<uint8_t>(packet[0]) == kErrorHeader ? load_fixed<uint16_t>(packet.data() + 1)
                                                                                : 0;
  }

 private:
  static int connect_to(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    return fd;
  }

  static std::string sha1(const std::string& text) {
    std::string digest(SHA_DIGEST_LENGTH, '\0');
    SHA1(reinterpret_cast<const uint8_t*>(text.data()), text.size(), reinterpret_cast<uint8_t*>(digest.data()));
    return digest;
  }
  static std::string native_token(const std::string& password, const std::string& scramble) {
    if (password.empty()) return {};
    std::string token = sha1(password);
    const std::string mask = sha1(scramble + sha1(token));
    for (size_t i = 0; i < token.size(); ++i) token[i] ^= mask[i];
    return token;
  }
  static std::string sha256(const std::string& text) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), reinterpret_cast<uint8_t*>(digest.data()));
    return digest;
  }
  static std::string sha2_token(const std::string& password, const std::string& scramble) {
    if (password.empty()) return std::string(1, '\0');
    std::string token = sha256(password);
    const std::string mask = sha256(sha256(token) + scramble);
    for (size_t i = 0; i < token.size(); ++i) token[i] ^= mask[i];
    return token;
  }

  bool read_exactly(char* into, size_t size) {
    while (size > 0) {
      const ptrdiff_t count = socket_.receive(into, size);
      if (count <= 0) return false;
      into += count;
      size -= static_cast<size_t>(count);
    }
    return true;
  }

  Socket socket_;
};

}  // namespace freshet::connectors::mysql
