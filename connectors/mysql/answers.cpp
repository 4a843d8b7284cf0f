#include "connectors/mysql/answers.h"

#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

namespace {

Status write_eof(PacketWriter& out, uint16_t warnings, uint16_t status) {
  out.begin();
  std::string& payload = out.buffer();
  payload.push_back(static_cast<char>(kEofHeader));
  put_fixed<uint16_t>(payload, warnings);
  put_fixed<uint16_t>(payload, status);
  return out.end();
}

constexpr char kTrackSchema = 0x01;

/// What a client that tracks the session is told of its database.
void put_database_change(std::string& payload, std::string_view database) {
  std::string name;
  put_lenenc_string(name, database);
  std::string change(1, kTrackSchema);
  put_lenenc_string(change, name);
  put_lenenc_string(payload, change);
}

Status write_ok_as(uint8_t header, PacketWriter& out, const query::OkResult& result, uint16_t status,
                   uint32_t capabilities) {
  const bool tells_change = (capabilities & kClientSessionTrack) != 0 && !result.database.empty();
  if (tells_change) status |= kStatusSessionChanged;
  out.begin();
  std::string& payload = out.buffer();
  payload.push_back(static_cast<char>(header));
  put_lenenc_int(payload, result.affected_rows);
  put_lenenc_int(payload, result.last_insert_id);
  put_fixed<uint16_t>(payload, status);
  put_fixed<uint16_t>(payload, result.warnings);
  if (!result.info.empty() || tells_change) put_lenenc_string(payload, result.info);
  if (tells_change) put_database_change(payload, result.database);
  return out.end();
}

}  // namespace

uint16_t status_of(const query::Session* session) {
  const query::SessionFlags flags = session == nullptr ? query::SessionFlags() : session->flags();
  return static_cast<uint16_t>((flags.autocommit ? kStatusAutocommit : 0) |
                               (flags.in_transaction ? kStatusInTransaction : 0));
}

Status write_ok(PacketWriter& out, const query::OkResult& result, uint16_t status, uint32_t capabilities) {
  return write_ok_as(kOkHeader, out, result, status, capabilities);
}

Status write_error(PacketWriter& out, const MySqlError& error, std::string_view message) {
  out.begin();
  std::string& payload = out.buffer();
  payload.push_back(static_cast<char>(kErrorHeader));
  put_fixed<uint16_t>(payload, error.number);
  payload.push_back('#');
  payload.append(error.sqlstate);
  payload.append(message);
  return out.end();
}

Status write_error(PacketWriter& out, const Status& failed) { return write_error(out, map_error(failed), failed.message()); }

Status write_end_of_columns(PacketWriter& out, uint32_t capabilities, uint16_t status) {
  return (capabilities & kClientDeprecateEof) != 0 ? Status::OK() : write_eof(out, 0, status);
}

Status write_end_of_rows(PacketWriter& out, uint32_t capabilities, uint16_t warnings, uint16_t status) {
  if ((capabilities & kClientDeprecateEof) == 0) return write_eof(out, warnings, status);
  query::OkResult end;
  end.warnings = warnings;
  return write_ok_as(kEofHeader, out, end, status, capabilities);
}

}  // namespace freshet::connectors::mysql
