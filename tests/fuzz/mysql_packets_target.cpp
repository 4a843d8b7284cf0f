#include <algorithm>
#include <cstring>

#include "connectors/mysql/compressed_stream.h"
#include "connectors/mysql/handshake.h"
#include "connectors/mysql/packet_reader.h"
#include "connectors/mysql/prepared_statements.h"
#include "fuzz/fuzz_input.h"
#include "fuzz/targets.h"
#include "storage/base/assert.h"

namespace freshet::fuzz {
namespace {

using connectors::mysql::CompressedStream;
using connectors::mysql::PacketReader;
using connectors::mysql::PreparedStatements;

constexpr size_t kMostPacketBytes = 1 << 20;
constexpr uint32_t kStatement = 1;
constexpr uint8_t kChangeUser = 0x11, kExecute = 0x17, kLongData = 0x18;

/// The commands whose bodies have a form, and logins.
void take_packet(std::string_view payload, bool is_login, PreparedStatements& statements) {
  FRESHET_ASSERT(payload.size() <= kMostPacketBytes);
  if (is_login) {
    static_cast<void>(connectors::mysql::is_tls_request(payload));
    static_cast<void>(connectors::mysql::parse_handshake_response(payload).status());
  }
  if (payload.empty()) return;
  const std::string_view body = payload.substr(1);
  switch (static_cast<uint8_t>(payload.front())) {
    case kChangeUser:
      for (const uint32_t capabilities : {0u, ~0u}) {
        static_cast<void>(connectors::mysql::parse_change_user(body, capabilities).status());
      }
      break;
    case kLongData:
      if (!body.empty()) statements.add_long_data(kStatement, static_cast<uint8_t>(body.front()) % 4, body.substr(1));
      break;
    case kExecute: {
      const auto parameters = statements.parameters(kStatement, body);
      if (parameters.ok()) FRESHET_ASSERT(parameters->size() == 3);
      break;
    }
    default: break;
  }
}

}  // namespace

void mysql_packets(std::string_view bytes) {
  FuzzInput input(bytes);
  const uint8_t flags = input.byte();
  std::string_view rest = input.rest();
  const size_t piece_bytes = 1 + (flags & 0x3f);
  const auto receive = [&](char* buffer, size_t size) -> ptrdiff_t {
    const size_t count = std::min({size, rest.size(), piece_bytes});
    std::memcpy(buffer, rest.data(), count);
    rest.remove_prefix(count);
    return static_cast<ptrdiff_t>(count);
  };
  CompressedStream compressed(receive, [](std::string_view) { return Status::OK(); });
  PacketReader::Source source = receive;
  if ((flags & 0x40) != 0) source = [&](char* buffer, size_t size) { return compressed.receive(buffer, size); };
  PacketReader reader(std::move(source), kMostPacketBytes);
  PreparedStatements statements(kMostPacketBytes);
  statements.add(kStatement, 3, "INSERT INTO t VALUES (?, ?, ?)");
  const bool is_login = (flags & 0x80) != 0;
  for (std::string_view payload; reader.read(payload) == PacketReader::Outcome::kPacket;) {
    take_packet(payload, is_login, statements);
    if (!is_login) reader.set_next_sequence(0);  // each command begins anew
  }
}

}  // namespace freshet::fuzz
