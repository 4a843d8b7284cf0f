#include "ingest/decode/arrow_message.h"

#include <cstring>

#include "ingest/decode/flat_table.h"

namespace freshet::ingest {
namespace {

/// Deeper types are refused, so that a message cannot exhaust the stack.
constexpr int kMostLevels = 16;
/// Fields of a schema, children included; a message may repeat a field by few bytes.
constexpr size_t kMostFields = 10'000;

Status damaged(std::string_view what) { return Status::InvalidArgument("the Arrow stream is damaged: {}", what); }

Result<ArrowType> read_int(const FlatTable& table) {
  const int32_t bits = table.scalar<int32_t>(0);
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return damaged("an integer has no width");
  return ArrowType{
      .kind = ArrowKind::kInt, .bytes = static_cast<uint32_t>(bits) / 8, .is_signed = table.scalar<uint8_t>(1) != 0};
}

Result<ArrowType> read_decimal(const FlatTable& table) {
  const int32_t scale = table.scalar<int32_t>(1), bits = table.scalar<int32_t>(2, 128);
  if (bits != 32 && bits != 64 && bits != 128 && bits != 256) return damaged("a decimal has no width");
  if (scale < 0 || scale > 76) return Status::Unsupported("Arrow decimals with a scale of {} are not read", scale);
  return ArrowType{
      .kind = ArrowKind::kDecimal, .bytes = static_cast<uint32_t>(bits) / 8, .scale = static_cast<uint8_t>(scale)};
}

Result<ArrowType> read_type(uint8_t number, const FlatTable& table) {
  const auto kind = static_cast<ArrowKind>(number);
  const auto unit = [&](int16_t otherwise) { return static_cast<uint8_t>(table.scalar<int16_t>(0, otherwise) & 3); };
  switch (kind) {
    case ArrowKind::kInt: return read_int(table);
    case ArrowKind::kDecimal: return read_decimal(table);
    case ArrowKind::kFloat: return ArrowType{.kind = kind, .bytes = 2u << (table.scalar<uint16_t>(0) & 3)};
    case ArrowKind::kDate: return ArrowType{.kind = kind, .bytes = unit(1) == 0 ? 4u : 8u, .unit = unit(1)};
    case ArrowKind::kTime: return ArrowType{.kind = kind, .bytes = unit(1) < 2 ? 4u : 8u, .unit = unit(1)};
    case ArrowKind::kTimestamp: return ArrowType{.kind = kind, .bytes = 8, .unit = unit(0)};
    case ArrowKind::kDuration: return ArrowType{.kind = kind, .bytes = 8};
    case ArrowKind::kInterval: return ArrowType{.kind = kind, .bytes = table.scalar<int16_t>(0) == 0 ? 4u : 8u};
    case ArrowKind::kFixedBinary: {
      const int32_t bytes = table.scalar<int32_t>(0);
      if (bytes <= 0) return damaged("a value of fixed size has no size");
      return ArrowType{.kind = kind, .bytes = static_cast<uint32_t>(bytes)};
    }
    case ArrowKind::kNull:
    case ArrowKind::kBool:
    case ArrowKind::kBinary:
    case ArrowKind::kUtf8:
    case ArrowKind::kLargeBinary:
    case ArrowKind::kLargeUtf8:
    case ArrowKind::kList:
    case ArrowKind::kStruct:
    case ArrowKind::kFixedList:
    case ArrowKind::kMap:
    case ArrowKind::kLargeList: return ArrowType{.kind = kind};
  }
  return Status::Unsupported("Arrow's type number {} (a union, view or run-end encoding) is not read", number);
}

Result<ArrowField> read_field(const FlatTable& table, int level, size_t& fields) {
  if (!table.exists() || level > kMostLevels || ++fields > kMostFields) return damaged("too many or no fields");
  ArrowField field;
  field.name = table.text(0);
  FRESHET_ASSIGN_OR_RETURN(field.type, read_type(table.scalar<uint8_t>(2), table.table(3)));
  if (const FlatTable dictionary = table.table(4); dictionary.exists()) {
    field.dictionary = dictionary.scalar<int64_t>(0);
    field.index = {.kind = ArrowKind::kInt, .bytes = 4, .is_signed = true};
    if (const FlatTable index = dictionary.table(1); index.exists()) {
      FRESHET_ASSIGN_OR_RETURN(field.index, read_int(index));
    }
  }
  for (size_t i = 0; i < table.table_count(5); ++i) {
    FRESHET_ASSIGN_OR_RETURN(ArrowField child, read_field(table.table_at(5, i), level + 1, fields));
    field.children.push_back(std::move(child));
  }
  return field;
}

Result<ArrowBatch> read_batch(const FlatTable& table) {
  ArrowBatch batch;
  batch.rows = table.scalar<int64_t>(0);
  const std::string_view nodes = table.vector(1, 16), buffers = table.vector(2, 16);
  for (size_t at = 0; at < nodes.size(); at += 16) {
    std::memcpy(&batch.lengths.emplace_back(), nodes.data() + at, sizeof(int64_t));
    if (batch.lengths.back() < 0) return damaged("an array has a negative length");
  }
  for (size_t at = 0; at < buffers.size(); at += 16) {
    std::memcpy(&batch.buffers.emplace_back(), buffers.data() + at, sizeof(ArrowBatch::Span));
  }
  if (const FlatTable compression = table.table(3); compression.exists()) {
    const int8_t codec = compression.scalar<int8_t>(0);
    if (codec != 0 && codec != 1) return Status::Unsupported("Arrow's compression number {} is not read", codec);
    batch.compression = codec == 0 ? ArrowBatch::Compression::kLz4 : ArrowBatch::Compression::kZstd;
  }
  if (batch.rows < 0) return damaged("a batch has a negative length");
  return batch;
}

}  // namespace

std::string_view ArrowType::name() const {
  switch (kind) {
    case ArrowKind::kNull: return "null";
    case ArrowKind::kInt: return "integer";
    case ArrowKind::kFloat: return bytes == 2 ? "half float" : "float";
    case ArrowKind::kBinary:
    case ArrowKind::kLargeBinary:
    case ArrowKind::kFixedBinary: return "binary";
    case ArrowKind::kUtf8:
    case ArrowKind::kLargeUtf8: return "text";
    case ArrowKind::kBool: return "boolean";
    case ArrowKind::kDecimal: return bytes == 32 ? "decimal of 256 bits" : "decimal";
    case ArrowKind::kDate: return "date";
    case ArrowKind::kTime: return "time";
    case ArrowKind::kTimestamp: return "timestamp";
    case ArrowKind::kInterval: return "interval";
    case ArrowKind::kDuration: return "duration";
    case ArrowKind::kStruct: return "struct";
    case ArrowKind::kMap: return "map";
    case ArrowKind::kList:
    case ArrowKind::kLargeList:
    case ArrowKind::kFixedList: return "list";
  }
  return "unknown type";
}

bool ArrowType::is_readable() const {
  switch (kind) {
    case ArrowKind::kInterval:
    case ArrowKind::kDuration:
    case ArrowKind::kStruct:
    case ArrowKind::kMap:
    case ArrowKind::kList:
    case ArrowKind::kLargeList:
    case ArrowKind::kFixedList: return false;
    case ArrowKind::kFloat: return bytes == 4 || bytes == 8;
    case ArrowKind::kDecimal: return bytes <= 16;
    default: return true;
  }
}

Result<ArrowMessage> parse_arrow_message(std::string_view head) {
  const FlatTable table = FlatTable::root(head);
  ArrowMessage message;
  const int64_t body_bytes = table.scalar<int64_t>(3);
  if (!table.exists() || body_bytes < 0) return damaged("a message has no head");
  message.body_bytes = static_cast<uint64_t>(body_bytes);
  const FlatTable header = table.table(2);
  switch (table.scalar<uint8_t>(1)) {
    case 1: {
      message.kind = ArrowMessage::Kind::kSchema;
      if (header.scalar<int16_t>(0) != 0) return Status::Unsupported("Arrow data in big-endian byte order is not read");
      size_t fields = 0;
      for (size_t i = 0; i < header.table_count(1); ++i) {
        FRESHET_ASSIGN_OR_RETURN(ArrowField field, read_field(header.table_at(1, i), 0, fields));
        message.fields.push_back(std::move(field));
      }
      return message;
    }
    case 2: {
      message.kind = ArrowMessage::Kind::kDictionary;
      message.dictionary = header.scalar<int64_t>(0);
      message.is_delta = header.scalar<uint8_t>(2) != 0;
      FRESHET_ASSIGN_OR_RETURN(message.batch, read_batch(header.table(1)));
      return message;
    }
    case 3: {
      message.kind = ArrowMessage::Kind::kBatch;
      FRESHET_ASSIGN_OR_RETURN(message.batch, read_batch(header));
      return message;
    }
    default: return damaged("a message is neither schema nor rows");
  }
}

}  // namespace freshet::ingest
