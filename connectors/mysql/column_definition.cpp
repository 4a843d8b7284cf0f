#include "connectors/mysql/column_definition.h"

#include <algorithm>

#include "connectors/mysql/payload.h"

namespace freshet::connectors::mysql {

namespace {

constexpr uint32_t kBytesPerCharacter = 4;  // of utf8mb4, by which clients divide the length
constexpr uint32_t kStringCharacters = 65535;
constexpr uint32_t kLargeIntCharacters = 40;
constexpr uint32_t kDateCharacters = 10;
constexpr uint32_t kDateTimeCharacters = 19;
constexpr uint8_t kAnyDecimals = 31;
constexpr uint8_t kFixedFieldsLength = 0x0C;

WireType binary(ColumnType type, uint32_t length, uint8_t decimals = 0) {
  return {type, kCharsetBinary, kFlagBinary, length, decimals};
}

WireType text(ColumnType type, uint32_t characters) {
  const uint32_t length = std::min(characters, UINT32_MAX / kBytesPerCharacter) * kBytesPerCharacter;
  return {type, kCharsetUtf8mb4, 0, length, 0};
}

WireType wire_of(const query::ResultColumn& column) {
  WireType wire = wire_type(column.type);
  if (column.is_unsigned) wire = {ColumnType::kLongLong, kCharsetBinary, kFlagBinary | kFlagUnsigned, 20, 0};
  if (column.is_binary) {
    wire.charset = kCharsetBinary;
    wire.flags |= kFlagBinary;
  }
  return wire;
}

void put_definition(std::string& payload, const query::ResultColumn& column) {
  const WireType wire = wire_of(column);
  put_lenenc_string(payload, "def");
  put_lenenc_string(payload, column.database);
  put_lenenc_string(payload, column.table);
  put_lenenc_string(payload, column.table);
  put_lenenc_string(payload, column.name);
  put_lenenc_string(payload, column.table.empty() ? std::string_view() : column.name);
  payload.push_back(static_cast<char>(kFixedFieldsLength));
  put_fixed<uint16_t>(payload, wire.charset);
  put_fixed<uint32_t>(payload, wire.length);
  payload.push_back(static_cast<char>(wire.type));
  put_fixed<uint16_t>(payload, static_cast<uint16_t>(wire.flags | (column.nullable ? 0 : kFlagNotNull)));
  payload.push_back(static_cast<char>(wire.decimals));
  put_fixed<uint16_t>(payload, 0);
}

}  // namespace

WireType wire_type(const DataType& type) {
  switch (type.kind) {
    // Connector/J reads a tiny integer of length 1 as a boolean, but with the binary flag as bytes.
    case TypeKind::kBoolean: return {ColumnType::kTiny, kCharsetBinary, 0, 1, 0};
    case TypeKind::kTinyInt: return binary(ColumnType::kTiny, 4);
    case TypeKind::kSmallInt: return binary(ColumnType::kShort, 6);
    case TypeKind::kInt: return binary(ColumnType::kLong, 11);
    case TypeKind::kBigInt: return binary(ColumnType::kLongLong, 20);
    case TypeKind::kLargeInt: return text(ColumnType::kVarString, kLargeIntCharacters);
    case TypeKind::kFloat: return binary(ColumnType::kFloat, 12, kAnyDecimals);
    case TypeKind::kDouble: return binary(ColumnType::kDouble, 22, kAnyDecimals);
    case TypeKind::kDecimal:  // digits, sign and point
      return binary(ColumnType::kNewDecimal, type.precision + 1u + (type.scale > 0), type.scale);
    case TypeKind::kDate: return binary(ColumnType::kDate, kDateCharacters);
    case TypeKind::kDateTime:
      return binary(ColumnType::kDateTime, kDateTimeCharacters + (type.scale > 0 ? type.scale + 1u : 0u), type.scale);
    case TypeKind::kChar: return text(ColumnType::kString, type.length == 0 ? kStringCharacters : type.length);
    case TypeKind::kVarchar: return text(ColumnType::kVarString, type.length == 0 ? kStringCharacters : type.length);
    case TypeKind::kJson: return {ColumnType::kJson, kCharsetUtf8mb4, 0, UINT32_MAX, 0};
    case TypeKind::kString:
    case TypeKind::kBitmap: break;
  }
  return text(ColumnType::kVarString, kStringCharacters);
}

Status write_column_definition(PacketWriter& out, const query::ResultColumn& column) {
  out.begin();
  put_definition(out.buffer(), column);
  return out.end();
}

Status write_listed_field(PacketWriter& out, const query::ResultColumn& column) {
  out.begin();
  put_definition(out.buffer(), column);
  out.buffer().push_back(static_cast<char>(kNullCell));
  return out.end();
}

}  // namespace freshet::connectors::mysql
