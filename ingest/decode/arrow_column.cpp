#include "ingest/decode/arrow_column.h"

#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

constexpr int64_t kMicrosOfSecond = 1'000'000;
constexpr int64_t kMicrosOfDay = 86'400 * kMicrosOfSecond;
/// The years 0000 to 9999.
constexpr int64_t kFirstDay = -719'528, kLastDay = 2'932'896;

Status damaged(std::string_view what) { return Status::InvalidArgument("the Arrow stream is damaged: {}", what); }

template <typename T>
T load(std::string_view bytes, uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

Status unpack_lz4(std::string_view packed, std::string& out) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
    return Status::ResourceExhausted("no memory for lz4");
  }
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> owner(context, LZ4F_freeDecompressionContext);
  size_t done = 0;
  while (true) {
    size_t written = out.size() - done, used = packed.size();
    const size_t hint = LZ4F_decompress(context, out.data() + done, &written, packed.data(), &used, nullptr);
    if (LZ4F_isError(hint)) return damaged("a buffer is no lz4 frame");
    done += written;
    packed.remove_prefix(used);
    if (hint == 0) break;
    if (written == 0 && used == 0) return damaged("an lz4 frame ends too early or late");
  }
  return done == out.size() ? Status::OK() : damaged("an lz4 frame ends too early");
}

Status unpack(ArrowBatch::Compression compression, std::string_view packed, std::string& out) {
  if (compression == ArrowBatch::Compression::kLz4) return unpack_lz4(packed, out);
  const size_t size = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  return !ZSTD_isError(size) && size == out.size() ? Status::OK() : damaged("a buffer is no zstd frame of its length");
}

/// Takes arrays and buffers from a batch in their order.
class BatchReader {
 public:
  BatchReader(const ArrowBatch& batch, uint64_t max_bytes, ArrowBody& body)
      : batch_(batch), body_(body), bytes_left_(max_bytes) {
    body_.unpacked.reserve(batch.buffers.size());  // columns view them
  }

  Result<ArrowColumn> column(const ArrowField& field, bool is_used) {
    ArrowColumn column;
    column.type = field.dictionary ? field.index : field.type;
    FRESHET_ASSIGN_OR_RETURN(column.rows, next_length());
    if (column.type.kind == ArrowKind::kNull) return column;
    FRESHET_ASSIGN_OR_RETURN(column.validity, next_buffer(is_used));
    if (is_used && !column.validity.empty() && column.validity.size() < (column.rows + 7) / 8) {
      return damaged("a validity map is too short");
    }
    if (column.type.kind == ArrowKind::kStruct || column.type.kind == ArrowKind::kFixedList) {
      FRESHET_RETURN_IF_ERROR(skip_children(field));
      return column;
    }
    FRESHET_ASSIGN_OR_RETURN(column.values, next_buffer(is_used));
    switch (column.type.kind) {
      case ArrowKind::kList:
      case ArrowKind::kLargeList:
      case ArrowKind::kMap: FRESHET_RETURN_IF_ERROR(skip_children(field)); return column;
      case ArrowKind::kBinary:
      case ArrowKind::kUtf8: return text_column(std::move(column), sizeof(int32_t), is_used);
      case ArrowKind::kLargeBinary:
      case ArrowKind::kLargeUtf8: return text_column(std::move(column), sizeof(int64_t), is_used);
      case ArrowKind::kBool:
        if (is_used && column.values.size() < (column.rows + 7) / 8) return damaged("a buffer is too short");
        return column;
      default:
        if (is_used && column.values.size() / column.type.bytes < column.rows) return damaged("a buffer is too short");
        return column;
    }
  }

 private:
  Result<ArrowColumn> text_column(ArrowColumn column, size_t offset_bytes, bool is_used) {
    FRESHET_ASSIGN_OR_RETURN(column.data, next_buffer(is_used));
    if (is_used && column.rows != 0 && column.values.size() / offset_bytes < column.rows + 1) {
      return damaged("there are fewer offsets than texts");
    }
    return column;
  }

  Status skip_children(const ArrowField& field) {
    for (const ArrowField& child : field.children) FRESHET_RETURN_IF_ERROR(column(child, false).status());
    return Status::OK();
  }

  Result<uint64_t> next_length() {
    if (length_ == batch_.lengths.size()) return damaged("a batch has fewer arrays than the schema");
    const auto length = static_cast<uint64_t>(batch_.lengths[length_++]);
    // As long as no body has so many bits, sums of lengths do not overflow.
    return length < 1ull << 48 ? Result<uint64_t>(length) : damaged("an array is too long");
  }

  Result<std::string_view> next_buffer(bool is_used) {
    if (buffer_ == batch_.buffers.size()) return damaged("a batch has fewer buffers than its arrays need");
    const ArrowBatch::Span span = batch_.buffers[buffer_++];
    const uint64_t size = body_.bytes.size();
    if (span.offset < 0 || span.length < 0 || static_cast<uint64_t>(span.offset) > size ||
        static_cast<uint64_t>(span.length) > size - static_cast<uint64_t>(span.offset)) {
      return damaged("a buffer lies outside of the body");
    }
    const auto bytes =
        std::string_view(body_.bytes).substr(static_cast<uint64_t>(span.offset), static_cast<uint64_t>(span.length));
    if (batch_.compression == ArrowBatch::Compression::kNone || bytes.empty() || !is_used) return bytes;
    if (bytes.size() < sizeof(int64_t)) return damaged("a compressed buffer is too short");
    const auto length = load<int64_t>(bytes, 0);
    const std::string_view packed = bytes.substr(sizeof(int64_t));
    if (length == -1) return packed;
    if (length < 0) return damaged("a compressed buffer has no length");
    if (static_cast<uint64_t>(length) > bytes_left_) {
      return Status::ResourceExhausted(
          "a batch of the Arrow stream is larger than ingest.max_arrow_batch_bytes when it is decompressed; send smaller "
          "ones");
    }
    bytes_left_ -= static_cast<uint64_t>(length);
    std::string& out = body_.unpacked.emplace_back();
    out.resize(static_cast<size_t>(length));
    FRESHET_RETURN_IF_ERROR(unpack(batch_.compression, packed, out));
    return std::string_view(out);
  }

  const ArrowBatch& batch_;
  ArrowBody& body_;
  uint64_t bytes_left_;  ///< that buffers may still become
  size_t length_ = 0;
  size_t buffer_ = 0;
};

void set_text(std::string_view text, TextArena& texts, Cell& cell) {
  char* copy = texts.allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  cell = {copy, static_cast<uint32_t>(text.size()), Cell::Kind::kText};
}

template <typename T>
void set_number(T value, TextArena& texts, Cell& cell) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  set_text({text, static_cast<size_t>(end - text)}, texts, cell);
}

void set_int(const ArrowColumn& column, uint64_t row, TextArena& texts, Cell& cell) {
  const bool is_signed = column.type.is_signed;
  switch (column.type.bytes) {
    case 1:
      return set_number<int>(is_signed ? load<int8_t>(column.values, row) : load<uint8_t>(column.values, row), texts, cell);
    case 2:
      return set_number<int>(is_signed ? load<int16_t>(column.values, row) : load<uint16_t>(column.values, row), texts,
                             cell);
    case 4:
      return set_number<int64_t>(is_signed ? int64_t{load<int32_t>(column.values, row)} : load<uint32_t>(column.values, row),
                                 texts, cell);
    default: break;
  }
  if (is_signed) return set_number(load<int64_t>(column.values, row), texts, cell);
  set_number(load<uint64_t>(column.values, row), texts, cell);
}

void set_float(const ArrowColumn& column, uint64_t row, const DataType& target, TextArena& texts, Cell& cell) {
  constexpr double kBeyondInteger = 1e38;
  const bool is_single = column.type.bytes == 4;
  const double value = is_single ? load<float>(column.values, row) : load<double>(column.values, row);
  std::string text;
  if (target_is_integer(target) && std::abs(value) < kBeyondInteger) {
    format_int128(static_cast<Int128>(value), text);
  } else if (is_single) {
    format_float(static_cast<float>(value), text);
  } else {
    format_double(value, text);
  }
  set_text(text, texts, cell);
}

void set_decimal(const ArrowColumn& column, uint64_t row, const DataType& target, TextArena& texts, Cell& cell) {
  Int128 value = column.type.bytes == 4   ? load<int32_t>(column.values, row)
                 : column.type.bytes == 8 ? load<int64_t>(column.values, row)
                                          : load<Int128>(column.values, row);
  std::string text;
  if (target_is_integer(target)) {
    for (unsigned i = 0; i < column.type.scale && value != 0; ++i) value /= 10;
    format_int128(value, text);
  } else {
    format_decimal(value, column.type.scale, text);
  }
  set_text(text, texts, cell);
}

/// Beyond the calendar a text that is no date, for the message of the rejected row.
void set_date(int64_t days, TextArena& texts, Cell& cell) {
  std::string text;
  if (days >= kFirstDay && days <= kLastDay) {
    format_date(static_cast<int32_t>(days), text);
  } else {
    text = fmt::format("day {}", days);
  }
  set_text(text, texts, cell);
}

int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

void set_timestamp(int64_t value, uint8_t unit, TextArena& texts, Cell& cell) {
  static constexpr int64_t kPerSecond[] = {1, 1'000, 1'000'000, 1'000'000'000};
  const int64_t seconds = floor_divide(value, kPerSecond[unit]);
  const int64_t days = floor_divide(seconds, 86'400);
  if (days < kFirstDay || days > kLastDay) return set_date(days, texts, cell);
  const int64_t rest = value - seconds * kPerSecond[unit];
  const int64_t micros = unit == 3 ? rest / 1'000 : rest * (kMicrosOfSecond / kPerSecond[unit]);
  std::string text;
  format_datetime(seconds * kMicrosOfSecond + micros, 6, text);
  set_text(text, texts, cell);
}

void set_time(int64_t value, uint8_t unit, TextArena& texts, Cell& cell) {
  static constexpr int64_t kMicrosOf[] = {1'000'000, 1'000, 1, 1};
  if (unit == 3) value /= 1'000;
  if (value < 0 || value >= kMicrosOfDay / kMicrosOf[unit]) return set_number(value, texts, cell);
  std::string text;
  format_datetime(value * kMicrosOf[unit], 6, text);
  set_text(std::string_view(text).substr(sizeof("1970-01-01")), texts, cell);
}

template <typename T>
Status set_bytes(const ArrowColumn& column, uint64_t row, Cell& cell) {
  const T begin = load<T>(column.values, row), end = load<T>(column.values, row + 1);
  if (begin < 0 || end < begin || static_cast<uint64_t>(end) > column.data.size()) {
    return damaged("a text lies outside of its buffer");
  }
  if (end - begin > static_cast<T>(INT32_MAX)) return damaged("a text is too long");
  cell = {column.data.data() + begin, static_cast<uint32_t>(end - begin), Cell::Kind::kText};
  return Status::OK();
}

Status set_dictionary_value(const ArrowColumn& column, uint64_t row, const DataType& target, TextArena& texts, Cell& cell) {
  ArrowColumn positions = column;
  positions.dictionary = nullptr;
  set_int(positions, row, texts, cell);
  uint64_t position = 0;
  const auto [end, error] = std::from_chars(cell.data, cell.data + cell.size, position);
  const ArrowDictionary& dictionary = *column.dictionary;
  if (error != std::errc() || position >= dictionary.rows) return damaged("a position lies outside of its dictionary");
  const auto after = std::upper_bound(dictionary.pieces.begin(), dictionary.pieces.end(), position,
                                      [](uint64_t at, const ArrowDictionary::Piece& piece) { return at < piece.first_row; });
  const ArrowDictionary::Piece& piece = *std::prev(after);
  return read_arrow_cell(piece.column, position - piece.first_row, target, texts, cell);
}

}  // namespace

Result<std::vector<ArrowColumn>> read_arrow_columns(const std::vector<ArrowField>& fields, const ArrowBatch& batch,
                                                    uint64_t max_bytes, ArrowBody& body) {
  BatchReader reader(batch, max_bytes, body);
  std::vector<ArrowColumn> columns;
  for (const ArrowField& field : fields) {
    FRESHET_ASSIGN_OR_RETURN(ArrowColumn column, reader.column(field, field.type.is_readable()));
    if (column.rows != static_cast<uint64_t>(batch.rows)) return damaged("an array is not as long as its batch");
    columns.push_back(std::move(column));
  }
  return columns;
}

Status read_arrow_cell(const ArrowColumn& column, uint64_t row, const DataType& target, TextArena& texts, Cell& cell) {
  const bool is_null = column.type.kind == ArrowKind::kNull ||
                       (!column.validity.empty() && (static_cast<uint8_t>(column.validity[row / 8]) >> (row % 8) & 1) == 0);
  if (is_null) {
    cell = {nullptr, 0, Cell::Kind::kNull};
    return Status::OK();
  }
  if (column.dictionary != nullptr) return set_dictionary_value(column, row, target, texts, cell);
  switch (column.type.kind) {
    case ArrowKind::kInt: set_int(column, row, texts, cell); break;
    case ArrowKind::kFloat: set_float(column, row, target, texts, cell); break;
    case ArrowKind::kDecimal: set_decimal(column, row, target, texts, cell); break;
    case ArrowKind::kBool: {
      const bool is_true = (static_cast<uint8_t>(column.values[row / 8]) >> (row % 8) & 1) != 0;
      set_text(target_is_text(target) ? (is_true ? "true" : "false") : (is_true ? "1" : "0"), texts, cell);
      break;
    }
    case ArrowKind::kDate:
      if (column.type.unit == 0) {
        set_date(load<int32_t>(column.values, row), texts, cell);
      } else {
        set_date(floor_divide(load<int64_t>(column.values, row), 86'400'000), texts, cell);
      }
      break;
    case ArrowKind::kTime:
      set_time(column.type.bytes == 4 ? load<int32_t>(column.values, row) : load<int64_t>(column.values, row),
               column.type.unit, texts, cell);
      break;
    case ArrowKind::kTimestamp: set_timestamp(load<int64_t>(column.values, row), column.type.unit, texts, cell); break;
    case ArrowKind::kBinary:
    case ArrowKind::kUtf8: return set_bytes<int32_t>(column, row, cell);
    case ArrowKind::kLargeBinary:
    case ArrowKind::kLargeUtf8: return set_bytes<int64_t>(column, row, cell);
    case ArrowKind::kFixedBinary:
      cell = {column.values.data() + row * column.type.bytes, column.type.bytes, Cell::Kind::kText};
      break;
    default: return damaged("a value has a type that is not read");
  }
  return Status::OK();
}

}  // namespace freshet::ingest
