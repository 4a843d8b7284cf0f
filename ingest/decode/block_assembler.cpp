#include "ingest/decode/block_assembler.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "ingest/decode/fast_text.h"
#include "storage/base/limits.h"
#include "storage/types/row_mask.h"
#include "storage/types/text_time.h"

namespace freshet::ingest {
namespace {

/// A block this large goes on before it has kBlockRows rows.
constexpr size_t kBlockBytes = 16u << 20;

}  // namespace

Result<BlockAssembler> BlockAssembler::create(const LoadRequest& request, DecodeTarget target) {
  FRESHET_ASSIGN_OR_RETURN(ColumnMapping mapping, map_columns(request, *target.table->schema));
  FRESHET_ASSIGN_OR_RETURN(BlockBuilder builder,
                           BlockBuilder::create(target.storage, target.table, mapping.given, mapping.all_deletes,
                                                request.partial_columns, mapping.sequence_source));
  BlockAssembler assembler(std::move(mapping), std::move(builder), std::move(target), request.strict_mode);
  FRESHET_RETURN_IF_ERROR(assembler.prepare_defaults());
  return assembler;
}

BlockAssembler::BlockAssembler(ColumnMapping mapping, BlockBuilder builder, DecodeTarget target, bool strict_mode)
    : mapping_(std::move(mapping)),
      builder_(std::move(builder)),
      target_(std::move(target)),
      strict_mode_(strict_mode),
      block_(Block::for_schema(*target_.table->schema)) {}

Status BlockAssembler::prepare_defaults() {
  using namespace std::chrono;
  const int64_t now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  defaults_.clear();
  for (const SourceColumn& source : mapping_.sources) {
    const ColumnSchema& column = schema().columns[source.column];
    defaults_.emplace_back(column.type);
    const bool has_default = column.default_value || column.default_current_timestamp;
    if (source.use != SourceColumn::Use::kColumn || !has_default) continue;
    FRESHET_RETURN_IF_ERROR(append_default(column, now, defaults_.back()));
  }
  return Status::OK();
}

Status BlockAssembler::add(RowBatch& batch, bool is_utf8) {
  const size_t rows = batch.size();
  if (is_at_start_ && rows != 0) {
    FRESHET_RETURN_IF_ERROR(prepare_defaults());
    is_at_start_ = false;
  }
  rejected_.assign(rows, 0);
  deletes_.assign(rows, mapping_.all_deletes ? 1 : 0);
  if (!is_utf8) check_utf8(batch);
  for (size_t source = 0; source < mapping_.sources.size(); ++source) {
    if (mapping_.sources[source].use == SourceColumn::Use::kDeleteSign) read_delete_signs(batch, source);
  }
  for (size_t source = 0; source < mapping_.sources.size(); ++source) {
    if (mapping_.sources[source].use == SourceColumn::Use::kColumn) convert(batch, source);
  }
  if (mapping_.mask) append_masks(batch);
  if (builder_.may_have_long_keys()) check_keys(batch);
  block_.delete_signs.insert(block_.delete_signs.end(), deletes_.begin(), deletes_.end());
  const bool has_rejected = !problems_.empty();
  report(batch);
  if (has_rejected) {
    remove_rejected(rows);
  } else {
    rows_ += rows;
  }
  batch.clear();
  const bool is_full = rows_ >= kBlockRows || block_.byte_size() >= kBlockBytes;
  return is_full ? flush() : Status::OK();
}

Status BlockAssembler::flush() {
  if (rows_ == 0) return Status::OK();
  FRESHET_RETURN_IF_ERROR(builder_.complete(block_, rows_));
  if (std::none_of(block_.delete_signs.begin(), block_.delete_signs.end(), [](uint8_t sign) { return sign != 0; })) {
    block_.delete_signs.clear();
  }
  Status status = target_.sink(block_);
  block_.clear();
  rows_ = 0;
  return status;
}

Status BlockAssembler::end_batch() {
  FRESHET_RETURN_IF_ERROR(flush());
  builder_.begin_batch();
  is_at_start_ = true;
  return Status::OK();
}

void BlockAssembler::reject(size_t row, std::string reason) {
  if (rejected_[row] != 0) return;
  rejected_[row] = 1;
  problems_.push_back({row, std::move(reason)});
}

/// Of a delete's value columns only the sequence is read.
bool BlockAssembler::is_ignored(size_t row, size_t column) const {
  return deletes_[row] != 0 && column >= schema().key_count && !schema().columns[column].is_sequence &&
         column != mapping_.sequence_source;
}

void BlockAssembler::check_utf8(const RowBatch& batch) {
  for (size_t row = 0; row < batch.size(); ++row) {
    for (size_t i = 0; i < batch.width(); ++i) {
      const Cell& cell = batch.cell(row, i);
      if (cell.kind != Cell::Kind::kText || is_utf8(cell.text())) continue;
      reject(row, fmt::format("only text in UTF-8 is taken, but field {} is not", i + 1));
    }
  }
}

void BlockAssembler::read_delete_signs(const RowBatch& batch, size_t source) {
  for (size_t row = 0; row < batch.size(); ++row) {
    const Cell& cell = batch.cell(row, source);
    if (cell.kind != Cell::Kind::kText) continue;
    if (!parse_delete_sign(trim_blanks(cell.text()), deletes_[row]))
      reject(row, fmt::format("{} must be 0 or 1", kDeleteSignColumn));
  }
}

void BlockAssembler::append_masks(const RowBatch& batch) {
  RowMask mask(schema().columns.size());
  std::vector<size_t> changed_with_row;
  for (size_t i = 0; i < schema().columns.size(); ++i) {
    if (schema().columns[i].on_update_current_timestamp) changed_with_row.push_back(i);
  }
  Column& out = block_.columns[*mapping_.mask];
  for (size_t row = 0; row < batch.size(); ++row) {
    mask.clear();
    if (deletes_[row] != 0) mask.set_delete();
    for (size_t i = 0; i < mapping_.sources.size(); ++i) {
      const SourceColumn& source = mapping_.sources[i];
      if (source.use != SourceColumn::Use::kColumn || batch.cell(row, i).kind == Cell::Kind::kMissing) continue;
      if (!is_ignored(row, source.column)) mask.give(source.column);
    }
    // What a row does not bring of these is the default of the moment.
    if (deletes_[row] == 0) {
      for (const size_t column : changed_with_row) mask.give(column);
    }
    out.append_bytes(mask.bytes());
  }
}

BlockAssembler::Fill BlockAssembler::fill_for(const RowBatch& batch, size_t row, size_t source, TextError error) {
  const size_t position = mapping_.sources[source].column;
  const ColumnSchema& column = schema().columns[position];
  const Cell& cell = batch.cell(row, source);
  if (is_ignored(row, position)) return column.nullable ? Fill::kNull : Fill::kZero;
  if (error != TextError::kNone) {
    const bool is_always_wrong = error == TextError::kTooLong || error == TextError::kBadUtf8 || column.auto_increment;
    if (strict_mode_ || !column.nullable || is_always_wrong) {
      reject(row, fmt::format("column_name[{}], {}", column.name, describe(error, column.type, cell.text())));
    }
    return Fill::kNull;
  }
  if (mapping_.mask && cell.kind == Cell::Kind::kMissing) {
    if (position < schema().key_count) reject(row, fmt::format("the row has no value of key column {}", column.name));
    // What a new row gets, if it may be new.
    return defaults_[source].size() != 0 ? Fill::kDefault : column.nullable ? Fill::kNull : Fill::kZero;
  }
  if (cell.kind == Cell::Kind::kMissing && defaults_[source].size() != 0) return Fill::kDefault;
  if (!column.nullable && !column.auto_increment) {
    reject(row,
           fmt::format("column_name[{}], null value for not null column, type={}", column.name, column.type.to_string()));
  }
  return Fill::kNull;
}

template <typename T, typename Parse>
void BlockAssembler::convert_fixed(const RowBatch& batch, size_t source, Column& out, const Parse& parse) {
  const size_t rows = batch.size();
  scratch_.resize(rows * sizeof(T) + alignof(T));
  nulls_.assign(rows, 0);
  void* raw = scratch_.data();
  size_t space = scratch_.size();
  T* values = static_cast<T*>(std::align(alignof(T), rows * sizeof(T), raw, space));
  bool has_nulls = false;
  for (size_t row = 0; row < rows; ++row) {
    const Cell& cell = batch.cell(row, source);
    TextError error = TextError::kNone;
    if (cell.kind == Cell::Kind::kText) {
      error = parse(cell.text(), values[row]);
      if (error == TextError::kNone) continue;
    }
    values[row] = 0;
    switch (fill_for(batch, row, source, error)) {
      case Fill::kNull:
        nulls_[row] = 1;
        has_nulls = true;
        break;
      case Fill::kDefault: values[row] = defaults_[source].values<T>()[0]; break;
      case Fill::kZero: break;
    }
  }
  out.append_fixed_run(values, has_nulls ? nulls_.data() : nullptr, rows);
}

template <typename T>
void BlockAssembler::convert_integer(const RowBatch& batch, size_t source, Column& out) {
  convert_fixed<T>(batch, source, out, [](std::string_view text, T& value) {
    return parse_plain_integer(text, value) ? TextError::kNone : parse_integer(text, value);
  });
}

template <typename T>
void BlockAssembler::convert_decimal(const RowBatch& batch, size_t source, Column& out) {
  const unsigned precision = out.type().precision, scale = out.type().scale;
  convert_fixed<T>(batch, source, out, [precision, scale](std::string_view text, T& value) {
    int64_t plain;
    if (sizeof(T) <= 8 && parse_plain_decimal(text, precision, scale, plain))
      return value = static_cast<T>(plain), TextError::kNone;
    Int128 unscaled = 0;
    const TextError error = parse_decimal(text, precision, scale, unscaled);
    value = static_cast<T>(unscaled);
    return error;
  });
}

void BlockAssembler::convert_text(const RowBatch& batch, size_t source, Column& out) {
  const DataType& type = out.type();
  const bool is_string = type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar || type.kind == TypeKind::kString;
  const size_t most = type.kind != TypeKind::kString && type.length != 0 ? type.length : kMaxStringBytes;
  for (size_t row = 0; row < batch.size(); ++row) {
    const Cell& cell = batch.cell(row, source);
    TextError error = TextError::kNone;
    if (cell.kind == Cell::Kind::kText) {
      // The batch is known to be UTF-8, or the row is rejected already.
      if (is_string && cell.size <= most) {
        out.append_bytes(cell.text());
        continue;
      }
      error = is_string ? TextError::kTooLong : append_text(out, cell.text());
      if (error == TextError::kNone) continue;
    }
    switch (fill_for(batch, row, source, error)) {
      case Fill::kNull: out.append_null(); break;
      case Fill::kDefault: out.append_from(defaults_[source], 0); break;
      case Fill::kZero: append_zero(out); break;
    }
  }
}

void BlockAssembler::convert(const RowBatch& batch, size_t source) {
  Column& out = block_.columns[mapping_.sources[source].column];
  const DataType& type = out.type();
  switch (type.kind) {
    case TypeKind::kTinyInt: return convert_integer<int8_t>(batch, source, out);
    case TypeKind::kSmallInt: return convert_integer<int16_t>(batch, source, out);
    case TypeKind::kInt: return convert_integer<int32_t>(batch, source, out);
    case TypeKind::kBigInt: return convert_integer<int64_t>(batch, source, out);
    case TypeKind::kFloat: return convert_fixed<float>(batch, source, out, parse_float);
    case TypeKind::kDouble: return convert_fixed<double>(batch, source, out, parse_double);
    case TypeKind::kDecimal:
      switch (type.physical()) {
        case PhysicalType::kInt16: return convert_decimal<int16_t>(batch, source, out);
        case PhysicalType::kInt32: return convert_decimal<int32_t>(batch, source, out);
        case PhysicalType::kInt64: return convert_decimal<int64_t>(batch, source, out);
        default: return convert_decimal<Int128>(batch, source, out);
      }
    case TypeKind::kDate:
      return convert_fixed<int32_t>(batch, source, out, [](std::string_view text, int32_t& days) {
        if (text.size() == 10 && parse_plain_date(text.data(), days)) return TextError::kNone;
        return parse_date(text, days);
      });
    case TypeKind::kDateTime:
      return convert_fixed<int64_t>(batch, source, out, [scale = type.scale](std::string_view text, int64_t& micros) {
        if (text.size() == 19 && parse_plain_datetime(text.data(), micros)) return TextError::kNone;
        return parse_datetime(text, scale, micros);
      });
    default: return convert_text(batch, source, out);
  }
}

void BlockAssembler::check_keys(const RowBatch& batch) {
  for (size_t row = 0; row < batch.size(); ++row) {
    const size_t bytes = builder_.key_bytes(block_, rows_ + row);
    if (bytes > kMaxKeyBytes) reject(row, describe_long_key(bytes));
  }
}

/// Reports the rejected rows in the order of arrival.
void BlockAssembler::report(RowBatch& batch) {
  if (problems_.empty() && batch.rejects().empty()) return;
  std::sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) { return a.row < b.row; });
  auto split_problem = batch.rejects().begin();
  for (const Problem& problem : problems_) {
    for (; split_problem != batch.rejects().end() && split_problem->before_row <= problem.row; ++split_problem) {
      errors().add(split_problem->reason, split_problem->source);
    }
    errors().add(problem.reason, batch.source_text(problem.row));
  }
  for (; split_problem != batch.rejects().end(); ++split_problem) errors().add(split_problem->reason, split_problem->source);
  problems_.clear();
}

void BlockAssembler::remove_rejected(size_t rows) {
  std::vector<uint32_t> kept;
  for (size_t row = 0; row < rows; ++row) {
    if (rejected_[row] == 0) kept.push_back(static_cast<uint32_t>(rows_ + row));
  }
  for (size_t position : builder_.given()) {
    Column& column = block_.columns[position];
    Column survivors(column.type());
    survivors.append_gather(column, kept);
    column.truncate(rows_);
    column.append_range(survivors, 0, survivors.size());
  }
  for (size_t i = 0; i < kept.size(); ++i) block_.delete_signs[rows_ + i] = block_.delete_signs[kept[i]];
  rows_ += kept.size();
  block_.delete_signs.resize(rows_);
}

}  // namespace freshet::ingest
