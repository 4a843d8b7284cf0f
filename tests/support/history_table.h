#pragma once

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/commit/row_completion.h"
#include "storage/engine/storage_engine.h"
#include "storage/types/bitmap_value.h"
#include "storage/types/row_mask.h"
#include "storage/types/value_text.h"
#include "storage/upsert/key_lookup.h"
#include "support/storage_server.h"

namespace freshet::test {

/// Values of a row by column id, as text; nothing = NULL. A column that is absent has its initial default.
using ModelRow = std::map<uint32_t, std::optional<std::string>>;
/// Rows by their key as text; of a DUPLICATE table by their number.
using ModelRows = std::map<std::string, ModelRow>;

/// One row that a load brings: a value for each column of the schema, or the key alone for a delete.
struct LoadRow {
  std::string key;                                  ///< the values of the key columns with '/' between them
  std::vector<std::optional<std::string>> values;   ///< by position; empty for a delete
  std::optional<std::string> delete_sequence = {};  ///< of a delete, in a table with a sequence column
  std::vector<size_t> brings = {};  ///< of a flexible partial update: positions of these columns; the others have defaults
};

/// The value of a key column, by its position.
inline std::string key_part(std::string_view key, size_t column) {
  for (; column > 0; --column) key.remove_prefix(std::min(key.find('/'), key.size() - 1) + 1);
  return std::string(key.substr(0, key.find('/')));
}

/// The state that a table should have, under the simplest rules there are.
class TableModel {
 public:
  void apply(const TableSchema& schema, const LoadRow& row, const storage::PartialColumns* partial) {
    if (!schema.is_unique()) {
      ModelRow& stored = rows_[std::to_string(++rows_added_)];
      for (size_t i = 0; i < schema.columns.size(); ++i) stored[schema.columns[i].id.value] = row.values[i];
      return;
    }
    const std::optional<size_t> sequence = schema.sequence_column();
    std::optional<std::string> own;
    if (sequence) {
      const bool brings_it = (row.values.empty() && !is_flexible(partial)) || brings(row, partial, *sequence);
      const std::optional<std::string>* known = stored_sequence(schema.columns[*sequence], row.key);
      own = row.values.empty() ? row.delete_sequence : row.values[*sequence];
      if (!brings_it && row.values.empty()) own.reset();
      if (!brings_it && known != nullptr) own = *known;
      if (known != nullptr && is_below(own, *known)) return;
    }
    if (row.values.empty()) {
      rows_.erase(row.key);
      if (sequence) deleted_[row.key] = own;
      return;
    }
    deleted_.erase(row.key);
    const auto found = rows_.find(row.key);
    if (schema.is_aggregate() && found != rows_.end()) {
      for (size_t i = schema.key_count; i < schema.columns.size(); ++i)
        combine(schema.columns[i], row.values[i], found->second);
      return;
    }
    const bool keeps_others = partial != nullptr && found != rows_.end();
    ModelRow& stored = rows_[row.key];
    if (partial == nullptr) stored.clear();  // the load may know fewer columns than the table has now
    if (sequence) stored[schema.columns[*sequence].id.value] = own;
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      const bool is_given = brings(row, partial, i);
      if ((is_given || !keeps_others) && i != sequence) stored[schema.columns[i].id.value] = row.values[i];
    }
  }
  void clear() {
    rows_.clear();
    deleted_.clear();
  }
  /// Takes the rows and deletes away whose value of the first column is one of a partition.
  void clear(const TableSchema& schema, const std::function<bool(const std::string&)>& is_inside) {
    std::erase_if(rows_, [&](const auto& row) { return is_inside(*row.second.at(schema.columns[0].id.value)); });
    std::erase_if(deleted_, [&](const auto& entry) { return is_inside(key_part(entry.first, 0)); });
  }
  const ModelRows& rows() const { return rows_; }

  /// NULL is below every number.
  static bool is_below(const std::optional<std::string>& a, const std::optional<std::string>& b) {
    if (!a || !b) return b.has_value();
    return std::stoll(*a) < std::stoll(*b);
  }

  /// The rows as lines of text in the columns of `schema`.
  std::vector<std::string> lines(const TableSchema& schema) const {
    std::vector<std::string> lines;
    for (const auto& [key, row] : rows_) lines.push_back(line(schema, row));
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  /// The row of a key of a table with unique keys; nothing when there is none.
  std::optional<std::string> line(const TableSchema& schema, const std::string& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? std::nullopt : std::optional(line(schema, found->second));
  }

 private:
  static std::string line(const TableSchema& schema, const ModelRow& row) {
    std::string line;
    for (const ColumnSchema& column : schema.columns) {
      const auto value = row.find(column.id.value);
      const std::optional<std::string>& text = value == row.end() ? column.initial_default : value->second;
      line += (line.empty() ? "" : "|") + text.value_or("NULL");
    }
    return line;
  }
  static bool is_flexible(const storage::PartialColumns* partial) { return partial != nullptr && partial->mask; }
  static bool brings(const LoadRow& row, const storage::PartialColumns* partial, size_t column) {
    if (partial == nullptr) return true;
    const std::vector<size_t>& given = partial->mask ? row.brings : partial->given;
    return std::find(given.begin(), given.end(), column) != given.end();
  }
  /// Of the row or the delete of the key; null when it has neither.
  const std::optional<std::string>* stored_sequence(const ColumnSchema& column, const std::string& key) const {
    if (const auto row = rows_.find(key); row != rows_.end()) {
      const auto value = row->second.find(column.id.value);
      return value == row->second.end() ? &column.initial_default : &value->second;
    }
    const auto deleted = deleted_.find(key);
    return deleted == deleted_.end() ? nullptr : &deleted->second;
  }

  using Text = std::optional<std::string>;
  static bool is_less(const ColumnSchema& column, const std::string& a, const std::string& b) {
    return column.type.is_bytes() ? a < b : std::stoll(a) < std::stoll(b);
  }
  static std::string united(const std::string& a, const std::string& b) {
    BitmapValue value;
    value.unite_text(a);
    value.unite_text(b);
    return value.to_text(SIZE_MAX).value();
  }
  static void combine(const ColumnSchema& column, const Text& value, ModelRow& row) {
    Text& stored = row.try_emplace(column.id.value, column.initial_default).first->second;
    if (!value || !stored) {
      if (value || column.aggregation == Aggregation::kReplace) stored = value;
      return;
    }
    switch (column.aggregation) {
      case Aggregation::kSum: stored = std::to_string(std::stoll(*stored) + std::stoll(*value)); break;
      case Aggregation::kMin: stored = is_less(column, *value, *stored) ? value : stored; break;
      case Aggregation::kMax: stored = is_less(column, *stored, *value) ? value : stored; break;
      case Aggregation::kBitmapUnion: stored = united(*stored, *value); break;
      default: stored = value;
    }
  }

  ModelRows rows_;
  uint64_t rows_added_ = 0;                                    ///< to a DUPLICATE table
  std::map<std::string, std::optional<std::string>> deleted_;  ///< the sequences of deleted keys
};

/// A row as TableModel::line gives it.
inline std::string line_of(const Block& block, size_t row) {
  std::string line;
  for (const Column& column : block.columns) {
    if (!line.empty()) line += '|';
    column.is_null(row) ? void(line += "NULL") : format_value(column, row, line);
  }
  return line;
}

/// The rows of a table as TableModel::lines gives them.
inline std::vector<std::string> lines_of(const storage::TableSnapshot& table) {
  const Block block = live_rows(table);
  std::vector<std::string> lines;
  for (size_t row = 0; row < block.row_count(); ++row) lines.push_back(line_of(block, row));
  std::sort(lines.begin(), lines.end());
  return lines;
}

inline void append_model_value(Column& column, const std::optional<std::string>& text) {
  if (!text) return column.append_null();
  if (column.type().kind == TypeKind::kBitmap) {
    BitmapValue value;
    if (!value.unite_text(*text)) throw std::runtime_error("not a set of numbers: " + *text);
    return column.append_bytes(value.serialize());
  }
  if (append_text(column, *text) != TextError::kNone) throw std::runtime_error("not a value of its column: " + *text);
}

/// The row of a key, found as a query by the whole key finds it. REQUIRES: unique keys, a partition that takes it.
inline std::optional<std::string> line_of_key(const storage::TableSnapshot& table, const std::string& key) {
  const TableSchema& schema = *table.schema;
  Block block = Block::for_schema(schema);
  for (size_t i = 0; i < schema.key_count; ++i) append_model_value(block.columns[i], key_part(key, i));
  KeyRun keys = table.key_codec->make_run();
  table.key_codec->append_keys(block, 0, 1, keys);
  for (size_t i = schema.key_count; i < schema.columns.size(); ++i) block.columns[i].append_null();
  std::vector<uint32_t> position;
  table.partitions->route(schema, *table.key_codec, block, position);
  const storage::TabletSnapshot& tablet = *table.tablets.at(position[0]);
  const auto location = must(storage::find_live_row(tablet, keys, 0));
  if (!location) return std::nullopt;
  std::vector<size_t> columns(schema.columns.size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  Block found = Block::for_schema(schema);
  must(storage::read_rows(schema, tablet, {&*location, 1}, columns, found.columns));
  return line_of(found, 0);
}

/// What brings rows in arrival order: carried when `memtables` is 0, else as so many segment files for each tablet that gets
/// rows.
inline Result<storage::LoadCommit> make_load(storage::StorageEngine& engine, const storage::TableSnapshotPtr& table,
                                             const std::vector<LoadRow>& rows, size_t memtables,
                                             storage::PartialColumnsPtr partial = nullptr) {
  const TableSchema& schema = *table->schema;
  storage::LoadCommit commit;
  commit.table = table->id;
  commit.schema = table->schema;
  commit.partial = std::move(partial);
  const size_t parts = std::max<size_t>(memtables, 1);
  const std::optional<size_t> sequence = schema.sequence_column();
  std::vector<std::vector<Block>> blocks(table->tablets.size());
  for (auto& bucket : blocks) bucket.resize(parts, Block::for_schema(schema));
  for (size_t i = 0; i < rows.size(); ++i) {
    Block one = Block::for_schema(schema);
    const bool is_delete = rows[i].values.empty();
    for (size_t c = 0; c < schema.columns.size(); ++c) {
      if (commit.partial && c == commit.partial->mask) {
        RowMask mask(schema.columns.size());
        if (is_delete) mask.set_delete();
        for (size_t column : rows[i].brings) mask.give(column);
        one.columns[c].append_bytes(mask.bytes());
        continue;
      }
      const bool is_key = c < schema.key_count;
      append_model_value(one.columns[c], is_key      ? std::optional(key_part(rows[i].key, c))
                                         : is_delete ? (c == sequence ? rows[i].delete_sequence : std::nullopt)
                                                     : rows[i].values[c]);
    }
    one.delete_signs.push_back(is_delete);
    std::vector<uint32_t> bucket;
    table->partitions->route(schema, *table->key_codec, one, bucket);
    if (bucket[0] == PartitionMap::kNoTablet) throw std::runtime_error("no partition takes the row");
    Block& target = blocks[bucket[0]][i * parts / rows.size()];
    for (size_t c = 0; c < schema.columns.size(); ++c) target.columns[c].append_from(one.columns[c], 0);
    target.delete_signs.push_back(is_delete);
  }
  const SchemaPtr segment_schema = storage::segment_schema_of(commit);
  std::vector<storage::SegmentMeta> written;
  const auto write = [&]() -> Status {
    for (uint32_t bucket = 0; bucket < blocks.size(); ++bucket) {
      storage::TabletRows out{table->tablets[bucket]->id, {}, {}};
      for (Block& block : blocks[bucket]) {
        if (block.row_count() == 0) continue;
        if (memtables == 0) {
          out.rows = std::move(block);
          continue;
        }
        FRESHET_ASSIGN_OR_RETURN(const RowsetId id, engine.next_rowset_id());
        storage::SegmentWriterOptions options;
        options.newest_commit = engine.newest_commit();
        FRESHET_ASSIGN_OR_RETURN(auto segment, storage::write_sorted_segment(engine.files(), id, table->tablets[bucket]->id,
                                                                             segment_schema, block, options));
        written.push_back(segment.meta);
        out.segments.push_back(std::move(segment));
      }
      if (out.rows || !out.segments.empty()) commit.tablets.push_back(std::move(out));
    }
    return memtables == 0 ? Status::OK() : engine.files().sync_names();
  };
  const Status status = write();
  if (!status.ok()) {
    engine.discard_segments(written);
    return status;
  }
  return commit;
}

/// A load of such rows. Errors of writing are the load's.
inline Result<storage::CommitOutcome> load_rows(storage::StorageEngine& engine, const storage::TableSnapshotPtr& table,
                                                const std::vector<LoadRow>& rows, size_t memtables,
                                                storage::PartialColumnsPtr partial = nullptr,
                                                std::optional<storage::LabelRecord> label = {},
                                                std::vector<storage::OffsetAdvance> offsets = {}) {
  FRESHET_ASSIGN_OR_RETURN(storage::LoadCommit commit, make_load(engine, table, rows, memtables, std::move(partial)));
  commit.label = std::move(label);
  commit.offsets = std::move(offsets);
  return engine.commit(std::move(commit));
}

/// The first phase of a load of such rows, under a label of its own.
inline Status precommit_rows(storage::StorageEngine& engine, const storage::TableSnapshotPtr& table,
                             const std::vector<LoadRow>& rows, size_t memtables, TransactionId transaction,
                             storage::PartialColumnsPtr partial = nullptr) {
  storage::LabelRecord label;
  label.label = "txn" + std::to_string(transaction.value);
  label.database = table->database;
  label.table = table->id;
  label.transaction = transaction;
  label.loaded_rows = rows.size();
  FRESHET_RETURN_IF_ERROR(engine.reserve_label(label.database, label.label, transaction, nullptr));
  auto load = make_load(engine, table, rows, memtables, std::move(partial));
  if (load.ok()) load->label = label;
  const Status status = load.ok() ? engine.precommit(std::move(load).value()) : Status(load.status());
  if (!status.ok()) engine.release_label(label.database, label.label, transaction, status.message());
  return status;
}

}  // namespace freshet::test
