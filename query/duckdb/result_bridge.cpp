#include "query/duckdb/result_bridge.h"

#include <duckdb/common/vector_operations/vector_operations.hpp>
#include <limits>
#include <optional>

#include "query/duckdb/types.h"
#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::UnifiedVectorFormat;
using duckdb::Vector;

Int128 to_int128(duckdb::hugeint_t value) {
  return static_cast<Int128>((static_cast<unsigned __int128>(value.upper) << 64) | value.lower);
}

template <typename T>
T value_at(const UnifiedVectorFormat& format, idx_t index) {
  return reinterpret_cast<const T*>(format.data)[index];
}

/// The type in which a column's cells are read; its other values are cast first. Text is what ResultWriter has no call for.
LogicalType readable_type(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::DECIMAL:
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ:
    case LogicalTypeId::BLOB: return type;
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS: return LogicalType::TIMESTAMP;
    default: return LogicalType::VARCHAR;
  }
}

/// One column of a chunk, or a part of one, ready to be read row by row.
class CellReader {
 public:
  CellReader(Vector& vector, idx_t count) { read(vector, count); }
  CellReader(const Vector& vector, idx_t first, idx_t count) {
    part_.emplace(vector, first, first + count);
    read(*part_, count);
  }
  CellReader(const CellReader&) = delete;
  CellReader& operator=(const CellReader&) = delete;

  void write(idx_t row, ResultWriter& out) {
    const idx_t index = format_.sel->get_index(row);
    if (is_hidden_ || !format_.validity.RowIsValid(index)) return out.cell_null();
    switch (id_) {
      case LogicalTypeId::BOOLEAN: return out.cell_int64(value_at<bool>(format_, index));
      case LogicalTypeId::TINYINT: return out.cell_int64(value_at<int8_t>(format_, index));
      case LogicalTypeId::SMALLINT: return out.cell_int64(value_at<int16_t>(format_, index));
      case LogicalTypeId::INTEGER: return out.cell_int64(value_at<int32_t>(format_, index));
      case LogicalTypeId::BIGINT: return out.cell_int64(value_at<int64_t>(format_, index));
      case LogicalTypeId::UTINYINT: return out.cell_int64(value_at<uint8_t>(format_, index));
      case LogicalTypeId::USMALLINT: return out.cell_int64(value_at<uint16_t>(format_, index));
      case LogicalTypeId::UINTEGER: return out.cell_int64(value_at<uint32_t>(format_, index));
      case LogicalTypeId::FLOAT: return out.cell_float(value_at<float>(format_, index));
      case LogicalTypeId::DOUBLE: return out.cell_double(value_at<double>(format_, index));
      case LogicalTypeId::DATE: return write_date(value_at<int32_t>(format_, index), out);
      case LogicalTypeId::TIMESTAMP:
      case LogicalTypeId::TIMESTAMP_TZ: return write_datetime(value_at<int64_t>(format_, index), out);
      case LogicalTypeId::HUGEINT:
      case LogicalTypeId::DECIMAL: return write_decimal(index, out);
      default: break;
    }
    const auto& text = UnifiedVectorFormat::GetData<duckdb::string_t>(format_)[index];
    out.cell_text({text.GetData(), text.GetSize()});
  }

 private:
  /// DuckDB's infinite dates and times have no MySQL form.
  static void write_date(int32_t days, ResultWriter& out) {
    const bool is_infinite = days == std::numeric_limits<int32_t>::max() || days == -std::numeric_limits<int32_t>::max();
    is_infinite ? out.cell_null() : out.cell_date(days);
  }
  static void write_datetime(int64_t micros, ResultWriter& out) {
    const bool is_infinite = micros == std::numeric_limits<int64_t>::max() || micros == -std::numeric_limits<int64_t>::max();
    is_infinite ? out.cell_null() : out.cell_datetime(micros);
  }

  void write_decimal(idx_t index, ResultWriter& out) {
    text_.clear();
    format_decimal(unscaled_at(index), scale_, text_);
    out.cell_text(text_);
  }
  Int128 unscaled_at(idx_t index) const {
    switch (physical_) {
      case duckdb::PhysicalType::INT16: return value_at<int16_t>(format_, index);
      case duckdb::PhysicalType::INT32: return value_at<int32_t>(format_, index);
      case duckdb::PhysicalType::INT64: return value_at<int64_t>(format_, index);
      default: return to_int128(value_at<duckdb::hugeint_t>(format_, index));
    }
  }

  void read(Vector& vector, idx_t count) {
    const LogicalType type = readable_type(vector.GetType());
    if (type == vector.GetType()) {
      vector.ToUnifiedFormat(count, format_);
    } else {
      cast_.emplace(type, count);
      duckdb::VectorOperations::DefaultCast(vector, *cast_, count);
      cast_->ToUnifiedFormat(count, format_);
    }
    id_ = type.id();
    is_hidden_ = is_bitmap(type);
    physical_ = type.InternalType();
    if (id_ == LogicalTypeId::DECIMAL) scale_ = duckdb::DecimalType::GetScale(type);
  }

  std::optional<Vector> part_;
  UnifiedVectorFormat format_;
  std::optional<Vector> cast_;
  LogicalTypeId id_;
  duckdb::PhysicalType physical_;
  uint8_t scale_ = 0;
  bool is_hidden_ = false;  ///< a set of numbers, which Doris's clients see as NULL
  std::string text_;
};

template <typename T>
void append_fixed(const UnifiedVectorFormat& format, idx_t count, Column& out) {
  const T* values = reinterpret_cast<const T*>(format.data);
  out.reserve(out.size() + count);
  for (idx_t row = 0; row < count; ++row) {
    const idx_t index = format.sel->get_index(row);
    format.validity.RowIsValid(index) ? out.append(values[index]) : out.append_null();
  }
}

/// DATETIME values rounded half up to the fractional digits of their column.
void append_datetimes(const UnifiedVectorFormat& format, idx_t count, Column& out) {
  int64_t unit = 1;
  for (uint8_t digit = out.type().scale; digit < 6; ++digit) unit *= 10;
  const int64_t* values = UnifiedVectorFormat::GetData<int64_t>(format);
  for (idx_t row = 0; row < count; ++row) {
    const idx_t index = format.sel->get_index(row);
    if (!format.validity.RowIsValid(index)) {
      out.append_null();
      continue;
    }
    const int64_t shifted = values[index] + unit / 2;
    const int64_t below = shifted % unit;
    out.append(shifted - (below < 0 ? below + unit : below));
  }
}

Status append_strings(const UnifiedVectorFormat& format, idx_t count, const std::string& name, Column& out) {
  const auto* values = UnifiedVectorFormat::GetData<duckdb::string_t>(format);
  const size_t limit = out.type().length != 0 ? out.type().length : kMaxStringBytes;
  for (idx_t row = 0; row < count; ++row) {
    const idx_t index = format.sel->get_index(row);
    if (!format.validity.RowIsValid(index)) {
      out.append_null();
      continue;
    }
    const duckdb::string_t& text = values[index];
    if (text.GetSize() > limit) {
      return Status::InvalidArgument("Data too long for column '{}': {} bytes, at most {} fit", name, text.GetSize(), limit);
    }
    out.append_bytes({text.GetData(), text.GetSize()});
  }
  return Status::OK();
}

Status append_values(const UnifiedVectorFormat& format, idx_t count, const std::string& name, Column& out) {
  if (out.is_bytes()) return append_strings(format, count, name, out);
  if (out.type().kind == TypeKind::kDateTime) {
    append_datetimes(format, count, out);
    return Status::OK();
  }
  switch (out.type().width()) {
    case 1: append_fixed<int8_t>(format, count, out); break;
    case 2: append_fixed<int16_t>(format, count, out); break;
    case 4: append_fixed<int32_t>(format, count, out); break;
    case 8: append_fixed<int64_t>(format, count, out); break;
    default: append_fixed<Int128>(format, count, out); break;
  }
  return Status::OK();
}

/// What is wrong with the first value that a cast took for NULL, in the words of loads; in the engine's, `error`, when a
/// load would take it.
Status not_cast(Vector& values, Vector& cast, idx_t count, const TargetColumn& target, const std::string& error) {
  UnifiedVectorFormat from;
  UnifiedVectorFormat to;
  values.ToUnifiedFormat(count, from);
  cast.ToUnifiedFormat(count, to);
  for (idx_t row = 0; row < count; ++row) {
    if (!from.validity.RowIsValid(from.sel->get_index(row)) || to.validity.RowIsValid(to.sel->get_index(row))) continue;
    Column probe(target.type);
    const std::string text = values.GetValue(row).ToString();
    const TextError problem = append_text(probe, text);
    if (problem == TextError::kNone) break;
    return Status::InvalidArgument("Column '{}': {}", target.name, describe(problem, target.type, text));
  }
  return Status::InvalidArgument("Column '{}': {}", target.name, error);
}

}  // namespace

Status write_rows(duckdb::DataChunk& chunk, idx_t first, idx_t count, std::span<const ResultColumn> columns,
                  ResultWriter& out) {
  std::vector<std::unique_ptr<CellReader>> readers;
  readers.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool is_whole = count == chunk.size();
    readers.push_back(is_whole ? std::make_unique<CellReader>(chunk.data[i], count)
                               : std::make_unique<CellReader>(chunk.data[i], first, count));
  }
  for (idx_t row = 0; row < count; ++row) {
    out.begin_row();
    for (const auto& reader : readers) reader->write(row, out);
    FRESHET_RETURN_IF_ERROR(out.end_row());
  }
  return Status::OK();
}

Status to_block(duckdb::DataChunk& chunk, std::span<const TargetColumn> targets, Block& block) {
  const idx_t count = chunk.size();
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto& [name, target] = targets[i];
    const LogicalType type = logical_type(target);
    Vector cast(type, count);
    Vector* values = &chunk.data[i];
    if (is_bitmap(values->GetType()) != is_bitmap(type)) {
      const std::string_view problem =
          is_bitmap(type) ? "is no bitmap, but goes into a BITMAP column: give a bitmap function's value, as to_bitmap()'s"
                          : "is a bitmap: bitmap_to_string() makes a text, and bitmap_count() a number of it";
      return Status::InvalidArgument("Column '{}' {}", name, problem);
    }
    if (values->GetType() != type) {
      std::string error;
      // A truth is 1 or 0 as a text, too.
      std::optional<Vector> number;
      if (values->GetType().id() == LogicalTypeId::BOOLEAN && type.id() == LogicalTypeId::VARCHAR) {
        duckdb::VectorOperations::DefaultCast(*values, number.emplace(LogicalType::TINYINT, count), count);
        values = &*number;
      }
      if (!duckdb::VectorOperations::DefaultTryCast(*values, cast, count, &error)) {
        return not_cast(*values, cast, count, targets[i], error);
      }
      values = &cast;
    }
    UnifiedVectorFormat format;
    values->ToUnifiedFormat(count, format);
    FRESHET_RETURN_IF_ERROR(append_values(format, count, name, block.columns.emplace_back(target)));
  }
  return Status::OK();
}

}  // namespace freshet::query
