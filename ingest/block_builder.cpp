#include "ingest/block_builder.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

int64_t now_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

size_t encoded_bytes(const Column& column, size_t row) {
  if (column.is_null(row)) return 1;
  if (!column.is_bytes()) return 1 + column.type().width();
  const std::string_view value = column.bytes_at(row);
  return 1 + value.size() + static_cast<size_t>(std::count(value.begin(), value.end(), '\0')) + 2;
}

/// Appends an AUTO_INCREMENT value; false when the column's type cannot hold it.
bool append_number(Column& column, int64_t value) {
  switch (column.type().physical()) {
    case PhysicalType::kInt8: return value <= INT8_MAX && (column.append(static_cast<int8_t>(value)), true);
    case PhysicalType::kInt16: return value <= INT16_MAX && (column.append(static_cast<int16_t>(value)), true);
    case PhysicalType::kInt32: return value <= INT32_MAX && (column.append(static_cast<int32_t>(value)), true);
    case PhysicalType::kInt64: return column.append(value), true;
    case PhysicalType::kInt128: return column.append(static_cast<Int128>(value)), true;
    default: return false;
  }
}

template <typename T>
int64_t largest_of(const Column& column) {
  const auto values = column.values<T>();
  const T largest = *std::max_element(values.begin(), values.end());
  return largest > static_cast<T>(0) && static_cast<Int128>(largest) <= INT64_MAX ? static_cast<int64_t>(largest) : 0;
}

/// Of an integer column without NULLs; 0 when it is none, or beyond a counter's reach.
int64_t largest_value(const Column& column) {
  if (column.size() == 0) return 0;
  switch (column.type().physical()) {
    case PhysicalType::kInt8: return largest_of<int8_t>(column);
    case PhysicalType::kInt16: return largest_of<int16_t>(column);
    case PhysicalType::kInt32: return largest_of<int32_t>(column);
    case PhysicalType::kInt64: return largest_of<int64_t>(column);
    default: return largest_of<Int128>(column);
  }
}

}  // namespace

bool has_default(const ColumnSchema& column) {
  return column.nullable || column.auto_increment || column.default_value || column.default_current_timestamp;
}

std::string describe_long_key(size_t key_bytes) {
  return fmt::format("the key is {} bytes long when encoded, but at most {} are taken", key_bytes, kMaxKeyBytes);
}

void append_zero(Column& column) {
  if (column.is_bytes()) return column.append_bytes({});
  constexpr std::array<char, 16> kZero{};
  column.append_fixed_run(kZero.data(), nullptr, 1);
}

BlockBuilder::BlockBuilder(storage::StorageEngine& storage, storage::TableSnapshotPtr table, std::vector<size_t> given)
    : storage_(&storage), table_(std::move(table)), given_(std::move(given)) {}

Result<BlockBuilder> BlockBuilder::create(storage::StorageEngine& storage, storage::TableSnapshotPtr table,
                                          std::vector<size_t> given, bool all_deletes, bool is_partial,
                                          std::optional<size_t> sequence_source) {
  const SchemaPtr schema = table->schema;
  BlockBuilder builder(storage, std::move(table), std::move(given));
  builder.sequence_source_ = sequence_source;
  FRESHET_RETURN_IF_ERROR(builder.check_sequence(is_partial));
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    const bool is_key = column < schema->key_count;
    if (std::binary_search(builder.given_.begin(), builder.given_.end(), column)) {
      if (is_key) builder.given_keys_.push_back(column);
    } else {
      FRESHET_RETURN_IF_ERROR(builder.prepare_absent(column, all_deletes, is_partial));
    }
    builder.has_byte_keys_ |= is_key && schema->columns[column].type.is_bytes();
  }
  return builder;
}

Status BlockBuilder::check_sequence(bool is_partial) const {
  const std::optional<size_t> sequence = table_->schema->sequence_column();
  if (!sequence || is_partial || sequence_source_ || std::binary_search(given_.begin(), given_.end(), *sequence) ||
      table_->schema->columns[*sequence].default_current_timestamp) {
    return Status::OK();
  }
  return Status::InvalidArgument("Table {} has sequence column, need to specify the sequence column", table_->name);
}

Status BlockBuilder::prepare_absent(size_t column, bool all_deletes, bool is_partial) {
  const ColumnSchema& schema = table_->schema->columns[column];
  const bool is_key = column < table_->schema->key_count;
  if (schema.is_sequence && sequence_source_) return Status::OK();
  if (schema.auto_increment) {
    absent_sequences_.push_back(column);
    if (is_key) absent_key_bytes_ += 1 + schema.type.width();
    return Status::OK();
  }
  const bool is_optional = !is_key && !schema.is_sequence && (all_deletes || (is_partial && !has_default(schema)));
  Constant constant{column, Column(schema.type), !is_optional && schema.default_current_timestamp};
  if (is_optional) {
    append_zero(constant.value);
  } else {
    FRESHET_RETURN_IF_ERROR(append_default(schema, now_micros(), constant.value));
  }
  if (is_key) absent_key_bytes_ += encoded_bytes(constant.value, 0);
  constants_.push_back(std::move(constant));
  return Status::OK();
}

Status BlockBuilder::renew_times() {
  const int64_t now = now_micros();
  for (Constant& constant : constants_) {
    if (!constant.is_time) continue;
    constant.value.clear();
    FRESHET_RETURN_IF_ERROR(append_default(table_->schema->columns[constant.column], now, constant.value));
  }
  is_at_start_ = false;
  return Status::OK();
}

size_t BlockBuilder::key_bytes(const Block& block, size_t row) const {
  size_t bytes = absent_key_bytes_;
  for (size_t column : given_keys_) bytes += encoded_bytes(block.columns[column], row);
  return bytes;
}

Status BlockBuilder::complete(Block& block, size_t rows) {
  if (rows == 0) return Status::OK();
  if (is_at_start_) FRESHET_RETURN_IF_ERROR(renew_times());
  if (zeros_.size() < rows) zeros_.resize(rows, 0);
  for (const Constant& constant : constants_) {
    block.columns[constant.column].append_gather(constant.value, {zeros_.data(), rows});
  }
  if (sequence_source_) copy_sequences(block);
  for (size_t column : absent_sequences_) FRESHET_RETURN_IF_ERROR(number_nulls(column, block, rows));
  for (size_t column : given_) {
    if (!takes_sequence(column)) continue;
    if (block.columns[column].has_nulls()) FRESHET_RETURN_IF_ERROR(number_nulls(column, block, rows));
    const int64_t largest = largest_value(block.columns[column]);
    if (largest > 0) FRESHET_RETURN_IF_ERROR(storage_->pass_auto_increment(table_->id, largest));
  }
  return Status::OK();
}

void BlockBuilder::copy_sequences(Block& block) const {
  const Column& source = block.columns[*sequence_source_];
  Column& sequences = block.columns[*table_->schema->sequence_column()];
  if (source.type() == sequences.type()) return sequences.append_range(source, 0, source.size());
  std::string text;
  for (size_t row = 0; row < source.size(); ++row) {
    text.clear();
    if (!source.is_null(row)) format_value(source, row, text);
    if (source.is_null(row) || append_text(sequences, text) != TextError::kNone) sequences.append_null();
  }
}

Status BlockBuilder::number_nulls(size_t position, Block& block, size_t rows) {
  Column& column = block.columns[position];
  const size_t needed = column.size() == 0 ? rows : column.null_count();
  FRESHET_ASSIGN_OR_RETURN(int64_t next, storage_->take_auto_increment(table_->id, static_cast<int64_t>(needed)));
  Column numbered(column.type());
  numbered.reserve(rows);
  for (size_t row = 0; row < rows; ++row) {
    if (column.size() != 0 && !column.is_null(row)) {
      numbered.append_from(column, row);
    } else if (!append_number(numbered, next++)) {
      const ColumnSchema& schema = table_->schema->columns[position];
      return Status::ResourceExhausted("the AUTO_INCREMENT of column '{}' has passed the largest {}", schema.name,
                                       schema.type.to_string());
    }
  }
  column = std::move(numbered);
  return Status::OK();
}

}  // namespace freshet::ingest
