#pragma once

#include <cstdint>
#include <string_view>

#include "connectors/mysql/error_map.h"
#include "connectors/mysql/packet_writer.h"
#include "query/result_writer.h"
#include "query/session.h"
#include "storage/base/status.h"

/// The short answers of the server. Each writes one packet and does not flush; `status` are the kStatus... flags, and
/// `capabilities` those that both sides have.
namespace freshet::connectors::mysql {

/// The flags of a session; null: before there is one.
uint16_t status_of(const query::Session* session);
Status write_ok(PacketWriter& out, const query::OkResult& result, uint16_t status, uint32_t capabilities);
Status write_error(PacketWriter& out, const MySqlError& error, std::string_view message);
/// The error of a failed operation: number by map_error(), the whole message.
Status write_error(PacketWriter& out, const Status& failed);
/// The mark after column definitions, for clients without CLIENT_DEPRECATE_EOF; nothing for others.
Status write_end_of_columns(PacketWriter& out, uint32_t capabilities, uint16_t status);
/// The end of rows: EOF, or the OK packet that stands for it with CLIENT_DEPRECATE_EOF.
Status write_end_of_rows(PacketWriter& out, uint32_t capabilities, uint16_t warnings, uint16_t status);

}  // namespace freshet::connectors::mysql
