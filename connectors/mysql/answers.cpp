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

Status write_ok_as(uint8_t header, PacketWriter& out, const query::OkResult& result, uint16_t status) {
  out.begin();
  std::string& payload = out.buffer();
  payload.push_back(static_cast<char>(header));
  put_lenenc_int(payload, result.affected_rows);
  put_lenenc_int(payload, result.last_insert_id);
  put_fixed<uint16_t>(payload, status);
  put_fixed<uint16_t>(payload, result.warnings);
  if (!result.info.empty()) put_lenenc_string(payload, result.info);
  return out.end();
}

}  // namespace

Status write_ok(PacketWriter& out, const query::OkResult& result, uint16_t status) {
  return write_ok_as(kOkHeader, out, result, status);
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
  return write_ok_as(kEofHeader, out, end, status);
}

}  // namespace freshet::connectors::mysql
