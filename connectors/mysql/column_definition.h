#pragma once

#include <cstdint>

#include "connectors/mysql/packet_writer.h"
#include "connectors/mysql/protocol.h"
#include "query/result_writer.h"

namespace freshet::connectors::mysql {

/// How MySQL describes a type to clients.
struct WireType {
  ColumnType type;
  uint16_t charset;
  uint16_t flags;
  uint32_t length;  ///< bytes a client may need to show a value; 1 tells Connector/J that a TINY is a boolean
  uint8_t decimals;
};

/// What the bytes of a column's cells depend on.
struct CellType {
  explicit CellType(const query::ResultColumn& column) : type(column.type), is_unsigned(column.is_unsigned) {}
  DataType type;
  bool is_unsigned;
};

WireType wire_type(const DataType& type);

/// Writes the column definition packet (41) of a result set or of a prepared statement.
Status write_column_definition(PacketWriter& out, const query::ResultColumn& column);
/// The same with an empty default after it, as COM_FIELD_LIST wants it.
Status write_listed_field(PacketWriter& out, const query::ResultColumn& column);

}  // namespace freshet::connectors::mysql
