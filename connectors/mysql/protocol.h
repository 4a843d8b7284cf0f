#pragma once

#include <cstddef>
#include <cstdint>

/// Numbers of the MySQL client/server protocol (version 10, "protocol 4.1"), as its manual gives them.
namespace freshet::connectors::mysql {

/// Longest payload of one packet on the wire; a longer one goes on in the next packet.
inline constexpr size_t kMaxWirePayload = 0xFFFFFF;
inline constexpr size_t kPacketHeaderBytes = 4;

inline constexpr uint8_t kOkHeader = 0x00;
inline constexpr uint8_t kEofHeader = 0xFE;
inline constexpr uint8_t kErrorHeader = 0xFF;
inline constexpr uint8_t kAuthMoreHeader = 0x01;
inline constexpr char kFastAuthSuccess = 0x03;
inline constexpr uint8_t kNullCell = 0xFB;

inline constexpr uint32_t kClientLongPassword = 1u << 0;
inline constexpr uint32_t kClientFoundRows = 1u << 1;
inline constexpr uint32_t kClientLongFlag = 1u << 2;
inline constexpr uint32_t kClientConnectWithDb = 1u << 3;
inline constexpr uint32_t kClientCompress = 1u << 5;
inline constexpr uint32_t kClientProtocol41 = 1u << 9;
inline constexpr uint32_t kClientInteractive = 1u << 10;
inline constexpr uint32_t kClientSsl = 1u << 11;
inline constexpr uint32_t kClientTransactions = 1u << 13;
inline constexpr uint32_t kClientSecureConnection = 1u << 15;
inline constexpr uint32_t kClientMultiStatements = 1u << 16;
inline constexpr uint32_t kClientMultiResults = 1u << 17;
inline constexpr uint32_t kClientPsMultiResults = 1u << 18;
inline constexpr uint32_t kClientPluginAuth = 1u << 19;
inline constexpr uint32_t kClientConnectAttributes = 1u << 20;
inline constexpr uint32_t kClientPluginAuthLengthEncoded = 1u << 21;
inline constexpr uint32_t kClientSessionTrack = 1u << 23;
inline constexpr uint32_t kClientDeprecateEof = 1u << 24;

/// What this server offers, and kClientSsl when it has a certificate: no LOAD DATA LOCAL.
inline constexpr uint32_t kServerCapabilities =
    kClientCompress | kClientLongPassword | kClientFoundRows | kClientLongFlag | kClientConnectWithDb | kClientProtocol41 |
    kClientInteractive | kClientTransactions | kClientSecureConnection | kClientMultiStatements | kClientMultiResults |
    kClientPsMultiResults | kClientPluginAuth | kClientConnectAttributes | kClientPluginAuthLengthEncoded |
    kClientSessionTrack | kClientDeprecateEof;

inline constexpr uint16_t kStatusInTransaction = 0x0001;
inline constexpr uint16_t kStatusAutocommit = 0x0002;
inline constexpr uint16_t kStatusMoreResults = 0x0008;
inline constexpr uint16_t kStatusCursorExists = 0x0040;
inline constexpr uint16_t kStatusLastRowSent = 0x0080;
inline constexpr uint16_t kStatusSessionChanged = 0x4000;

/// Flag of COM_STMT_EXECUTE; the other kinds of cursors are not offered, as in MySQL.
inline constexpr uint8_t kCursorReadOnly = 0x01;

inline constexpr uint16_t kCharsetUtf8mb4 = 45;  ///< utf8mb4_general_ci
inline constexpr uint16_t kCharsetBinary = 63;

inline constexpr uint16_t kFlagNotNull = 0x0001;
inline constexpr uint16_t kFlagUnsigned = 0x0020;
inline constexpr uint16_t kFlagBinary = 0x0080;

enum class Command : uint8_t {
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kStatistics = 0x09,
  kProcessKill = 0x0C,
  kPing = 0x0E,
  kChangeUser = 0x11,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtSendLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1A,
  kSetOption = 0x1B,
  kStmtFetch = 0x1C,
  kResetConnection = 0x1F,
};

enum class ColumnType : uint8_t {
  kDecimal = 0x00,
  kTiny = 0x01,
  kShort = 0x02,
  kLong = 0x03,
  kFloat = 0x04,
  kDouble = 0x05,
  kNull = 0x06,
  kTimestamp = 0x07,
  kLongLong = 0x08,
  kInt24 = 0x09,
  kDate = 0x0A,
  kTime = 0x0B,
  kDateTime = 0x0C,
  kYear = 0x0D,
  kVarchar = 0x0F,
  kBit = 0x10,
  kJson = 0xF5,
  kNewDecimal = 0xF6,
  kEnum = 0xF7,
  kSet = 0xF8,
  kTinyBlob = 0xF9,
  kMediumBlob = 0xFA,
  kLongBlob = 0xFB,
  kBlob = 0xFC,
  kVarString = 0xFD,
  kString = 0xFE,
  kGeometry = 0xFF,
};

}  // namespace freshet::connectors::mysql
