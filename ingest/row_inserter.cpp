#include "ingest/row_inserter.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "ingest/decode/decoder.h"
#include "ingest/partial_update.h"
#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

constexpr size_t kBufferedBytes = 16u << 20;

int64_t now_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

Result<std::vector<size_t>> find_targets(const storage::TableSnapshot& table, const std::vector<std::string>& columns) {
  const TableSchema& schema = *table.schema;
  std::vector<size_t> targets;
  for (const std::string& name : columns) {
    const std::optional<size_t> position = schema.find(name);
    if (!position) return unknown_column(table, name);
    if (std::find(targets.begin(), targets.end(), *position) != targets.end()) {
      return Status::InvalidArgument("Column '{}' specified twice", name);
    }
    targets.push_back(*position);
  }
  if (columns.empty()) {
    for (size_t i = 0; i < schema.visible_count(); ++i) targets.push_back(i);
  }
  return targets;
}

size_t longest_text(const DataType& type) {
  const bool has_length = (type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar) && type.length != 0;
  return has_length ? type.length : kMaxStringBytes;
}

/// The first of `rows` rows that brings no value; a column that no row brings is empty.
std::optional<size_t> first_without_value(const Column& column, size_t rows) {
  if (column.size() == 0) return rows == 0 ? std::nullopt : std::optional<size_t>(0);
  if (!column.has_nulls()) return std::nullopt;
  const auto nulls = column.nulls();
  return static_cast<size_t>(std::find(nulls.begin(), nulls.end(), 1) - nulls.begin());
}

uint64_t number_at(const Column& column, size_t row) {
  std::string text;
  format_value(column, row, text);
  return std::strtoull(text.c_str(), nullptr, 10);
}

}  // namespace

Status unknown_column(const storage::TableSnapshot& table, const std::string& name) {
  const std::optional<std::string> closest = table.schema->closest_name(name);
  return Status::NotFound("Unknown column '{}' in table {}.{}{}", name, table.database_name, table.name,
                          closest ? fmt::format("; did you mean '{}'?", *closest) : std::string());
}

Result<std::unique_ptr<RowInserter>> RowInserter::begin(storage::StorageEngine& storage, storage::TableSnapshotPtr table,
                                                        const std::vector<std::string>& columns, bool deletes, bool partial,
                                                        LoadTransaction::Options options, bool new_keys_fail) {
  FRESHET_ASSIGN_OR_RETURN(std::vector<size_t> targets, find_targets(*table, columns));
  if (partial) {
    if (columns.empty()) {
      return Status::InvalidArgument(
          "You must explicitly specify the columns to be updated when updating partial columns using the INSERT statement.");
    }
    FRESHET_ASSIGN_OR_RETURN(options.partial, partial_columns_for(targets, new_keys_fail, *table->schema));
  }
  if (deletes && !table->schema->is_unique()) {
    return Status::Unsupported("rows of {}.{} cannot be deleted: it has no unique key", table->database_name, table->name);
  }
  FRESHET_RETURN_IF_ERROR(storage.admit_load(table->id, options.is_cancelled));
  std::vector<size_t> given = targets;
  std::sort(given.begin(), given.end());
  FRESHET_ASSIGN_OR_RETURN(BlockBuilder builder, BlockBuilder::create(storage, table, std::move(given), deletes, partial));
  return std::unique_ptr<RowInserter>(
      new RowInserter(storage, std::move(table), std::move(builder), std::move(targets), deletes, options));
}

RowInserter::RowInserter(storage::StorageEngine& storage, storage::TableSnapshotPtr table, BlockBuilder builder,
                         std::vector<size_t> targets, bool deletes, const LoadTransaction::Options& options)
    : transaction_(storage, std::move(table), options),
      builder_(std::move(builder)),
      targets_(std::move(targets)),
      deletes_(deletes),
      block_(Block::for_schema(schema())) {}

Status RowInserter::append_row(std::span<const Literal> values) {
  if (values.size() != targets_.size()) {
    return Status::InvalidArgument("Column count doesn't match value count at row {}", row_count() + 1);
  }
  for (size_t i = 0; i < values.size(); ++i) FRESHET_RETURN_IF_ERROR(append_value(targets_[i], values[i]));
  FRESHET_RETURN_IF_ERROR(check_keys(block_, buffered_rows_));
  ++buffered_rows_;
  const bool is_full = buffered_rows_ >= kBlockRows || (buffered_rows_ % 64 == 0 && block_.byte_size() >= kBufferedBytes);
  return is_full ? flush_rows() : Status::OK();
}

Status RowInserter::append_value(size_t position, const Literal& value) {
  const ColumnSchema& column = schema().columns[position];
  Column& out = block_.columns[position];
  if (value.kind == Literal::Kind::kText) {
    const TextError error = append_text(out, value.text);
    if (error == TextError::kNone) return Status::OK();
    return Status::InvalidArgument("Column '{}' of row {}: {}", column.name, row_count() + 1,
                                   describe(error, column.type, value.text));
  }
  if (builder_.takes_sequence(position)) {
    out.append_null();
    return Status::OK();
  }
  if (value.kind == Literal::Kind::kDefault) return append_default(column, now_micros(), out);
  if (!column.nullable) return Status::InvalidArgument("Column '{}' cannot be null (row {})", column.name, row_count() + 1);
  out.append_null();
  return Status::OK();
}

Status RowInserter::append_columns(Block& block) {
  FRESHET_RETURN_IF_ERROR(flush_rows());
  for (size_t position : targets_) FRESHET_RETURN_IF_ERROR(check_column(block, position));
  FRESHET_RETURN_IF_ERROR(check_keys(block, 0));
  return complete_and_append(block);
}

Status RowInserter::check_column(const Block& block, size_t position) const {
  const Column& column = block.columns[position];
  const ColumnSchema& schema_column = schema().columns[position];
  if (column.has_nulls() && !schema_column.nullable && !builder_.takes_sequence(position)) {
    const auto nulls = column.nulls();
    const size_t row = static_cast<size_t>(std::find(nulls.begin(), nulls.end(), 1) - nulls.begin());
    return Status::InvalidArgument("Column '{}' cannot be null (row {})", schema_column.name, row_count() + row + 1);
  }
  if (!column.is_bytes()) return Status::OK();
  const size_t most = longest_text(column.type());
  for (size_t row = 0; row < column.size(); ++row) {
    const std::string_view text = column.bytes_at(row);
    if (text.size() <= most) continue;
    return Status::InvalidArgument("Column '{}' of row {}: {}", schema_column.name, row_count() + row + 1,
                                   describe(TextError::kTooLong, column.type(), text));
  }
  return Status::OK();
}

Status RowInserter::check_keys(const Block& block, size_t first) const {
  if (!builder_.may_have_long_keys()) return Status::OK();
  const size_t rows = block.columns[targets_[0]].size();
  for (size_t row = first; row < rows; ++row) {
    const size_t bytes = builder_.key_bytes(block, row);
    if (bytes > kMaxKeyBytes) {
      return Status::InvalidArgument("Row {}: {}", row_count() + (row - first) + 1, describe_long_key(bytes));
    }
  }
  return Status::OK();
}

Status RowInserter::complete_and_append(Block& block) {
  const size_t rows = block.columns[targets_[0]].size();
  const std::optional<size_t> sequence = sequence_position();
  const std::optional<size_t> unnumbered = sequence ? first_without_value(block.columns[*sequence], rows) : std::nullopt;
  FRESHET_RETURN_IF_ERROR(builder_.complete(block, rows));
  if (deletes_) block.delete_signs.assign(rows, 1);
  if (unnumbered && first_sequence_ == 0) first_sequence_ = number_at(block.columns[*sequence], *unnumbered);
  if (sequence && !unnumbered) given_sequence_ = number_at(block.columns[*sequence], rows - 1);
  FRESHET_RETURN_IF_ERROR(transaction_.append(block));
  block.clear();
  return Status::OK();
}

std::optional<size_t> RowInserter::sequence_position() const {
  const std::vector<ColumnSchema>& columns = schema().columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [](const auto& column) { return column.auto_increment; });
  return found == columns.end() ? std::nullopt : std::optional(static_cast<size_t>(found - columns.begin()));
}

Status RowInserter::flush_rows() {
  if (buffered_rows_ == 0) return Status::OK();
  FRESHET_RETURN_IF_ERROR(complete_and_append(block_));
  buffered_rows_ = 0;
  return Status::OK();
}

Result<storage::CommitOutcome> RowInserter::commit(std::optional<storage::LabelRecord> label) {
  FRESHET_RETURN_IF_ERROR(flush_rows());
  if (transaction_.row_count() == 0 && !label && !replaces_all_) return storage::CommitOutcome{};
  return transaction_.commit(std::move(label), {});
}

Result<storage::LoadCommit> RowInserter::take_in_memory() {
  FRESHET_RETURN_IF_ERROR(flush_rows());
  return transaction_.take_in_memory();
}

Result<storage::GroupOutcome> RowInserter::commit_in_group() {
  FRESHET_RETURN_IF_ERROR(flush_rows());
  return transaction_.commit_in_group();
}

}  // namespace freshet::ingest
