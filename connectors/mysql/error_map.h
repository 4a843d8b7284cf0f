#pragma once

#include <cstdint>
#include <string_view>

#include "storage/base/status.h"

namespace freshet::connectors::mysql {

/// A MySQL error number with its SQLSTATE (5 characters).
struct MySqlError {
  uint16_t number;
  std::string_view sqlstate;

  bool operator==(const MySqlError&) const = default;
};

/// Errors of the protocol itself.
inline constexpr MySqlError kTooManyConnections{1040, "08004"};
inline constexpr MySqlError kBadHandshake{1043, "08S01"};
inline constexpr MySqlError kUnknownCommand{1047, "08S01"};
inline constexpr MySqlError kEmptyQuery{1065, "42000"};
inline constexpr MySqlError kUnknownThread{1094, "HY000"};
inline constexpr MySqlError kPacketTooLarge{1153, "08S01"};
inline constexpr MySqlError kPacketsOutOfOrder{1156, "08S01"};
inline constexpr MySqlError kWrongArguments{1210, "HY000"};
inline constexpr MySqlError kUnknownStatement{1243, "HY000"};
inline constexpr MySqlError kTooManyStatements{1461, "42000"};
inline constexpr MySqlError kMalformedPacket{1835, "HY000"};
inline constexpr MySqlError kSilentTooLong{4031, "HY000"};

/// The one table from Status to MySQL's numbers. Where one code has several numbers (unknown database, table, column), the
/// phrase in the message decides, as MySQL words it: "Unknown database", "Unknown table" or "Table ... doesn't exist",
/// "Unknown column". REQUIRES: not ok.
MySqlError map_error(const Status& status);

}  // namespace freshet::connectors::mysql
