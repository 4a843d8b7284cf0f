#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "query/result_writer.h"
#include "storage/io/local_file_store.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment/segment_writer.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/value_text.h"
#include "support/temp_dir.h"

namespace freshet::query {

/// A server snapshot made by hand: segments and delta buffers with chosen dead rows, without a storage engine.
class SnapshotBuilder {
 public:
  SnapshotBuilder() : files_(storage::open_local_file_store(directory_.path("segments")).value()), cache_(256 << 20) {}

  void add_database(const std::string& name) { server_->databases.emplace(name, DatabaseId(server_->databases.size() + 1)); }

  /// Begins a table; views are added to its tablets until the next one begins.
  storage::TableSnapshot& add_table(const std::string& database, const std::string& name, SchemaPtr schema, size_t tablets) {
    auto table = std::make_shared<storage::TableSnapshot>();
    table->id = TableId(server_->tables.size() + 1);
    table->database_name = database;
    table->name = name;
    table->schema = std::move(schema);
    std::vector<TabletId> ids;
    for (size_t i = 0; i < tablets; ++i) {
      mutable_tablets_.push_back(std::make_shared<storage::TabletSnapshot>());
      mutable_tablets_.back()->id = TabletId(i + 1);
      ids.push_back(TabletId(i + 1));
      table->tablets.push_back(mutable_tablets_.back());
    }
    table->partitions = PartitionMap::unpartitioned(std::move(ids));
    first_tablet_ = mutable_tablets_.size() - tablets;
    server_->tables.emplace(table->id, table);
    server_->table_names.emplace(std::make_pair(database, name), table->id);
    return *table;
  }

  /// `block`: sorted by key. `schema`: what the file is written under, maybe older than the table's.
  void add_segment(size_t tablet, const SchemaPtr& schema, const Block& block, const std::vector<RowOrdinal>& dead) {
    const auto written = storage::write_sorted_segment(*files_, next_id_, TabletId(tablet + 1), schema, block, {});
    next_id_ = next_id_.next();
    ASSERT_TRUE(written.ok()) << written.status().to_string();
    auto segment = std::make_shared<storage::Segment>(*files_, cache_, written.value().meta, schema);
    mutable_tablets_[first_tablet_ + tablet]->segments.push_back({segment, storage::DeadRows().with(dead)});
    mutable_tablets_[first_tablet_ + tablet]->index_segments();
  }

  void add_delta(size_t tablet, const SchemaPtr& schema, const Block& block, const std::vector<RowOrdinal>& dead) {
    auto buffer = std::make_shared<storage::DeltaBuffer>(next_id_, schema);
    next_id_ = next_id_.next();
    const KeyCodec codec(*schema);
    KeyRun keys = codec.make_run();
    codec.append_keys(block, 0, block.row_count(), keys);
    buffer->append(block, keys);
    const uint32_t rows = buffer->row_count();
    mutable_tablets_[first_tablet_ + tablet]->deltas.push_back({buffer, rows, storage::DeadRows().with(dead)});
  }

  storage::ServerSnapshotPtr snapshot() const { return server_; }
  std::string directory() const { return directory_.path("segments"); }

 private:
  test::TempDir directory_;
  std::unique_ptr<storage::FileStore> files_;
  storage::PageCache cache_;
  RowsetId next_id_{1};
  std::shared_ptr<storage::ServerSnapshot> server_ = std::make_shared<storage::ServerSnapshot>();
  std::vector<std::shared_ptr<storage::TabletSnapshot>> mutable_tablets_;
  size_t first_tablet_ = 0;
};

/// A schema whose first column is the key.
inline SchemaPtr make_schema(TableModel model, const std::vector<std::pair<std::string, DataType>>& columns) {
  auto schema = std::make_shared<TableSchema>();
  schema->model = model;
  schema->key_count = 1;
  for (const auto& [name, type] : columns) {
    ColumnSchema column;
    column.id = ColumnId(static_cast<uint32_t>(schema->columns.size() + 1));
    column.name = name;
    column.type = type;
    column.is_key = schema->columns.empty();
    column.nullable = !column.is_key;
    schema->columns.push_back(std::move(column));
  }
  return schema;
}

/// Keeps an answer as rows of text, NULL as "NULL".
class TextRows final : public ResultWriter {
 public:
  Status ok(const OkResult&) override { return Status::OK(); }
  Status columns(std::span<const ResultColumn> columns) override {
    columns_.assign(columns.begin(), columns.end());
    return Status::OK();
  }
  void begin_row() override { rows_.emplace_back(); }
  void cell_null() override { rows_.back().push_back("NULL"); }
  void cell_int64(int64_t value) override { rows_.back().push_back(std::to_string(value)); }
  void cell_float(float value) override {
    format([&](std::string& out) { format_float(value, out); });
  }
  void cell_double(double value) override {
    format([&](std::string& out) { format_double(value, out); });
  }
  void cell_date(int32_t days) override {
    format([&](std::string& out) { format_date(days, out); });
  }
  void cell_datetime(int64_t micros) override {
    const unsigned scale = columns_[rows_.back().size()].type.scale;
    format([&](std::string& out) { format_datetime(micros, scale, out); });
  }
  void cell_text(std::string_view text) override { rows_.back().emplace_back(text); }
  Status end_row() override { return on_row ? on_row(rows_.size()) : Status::OK(); }
  Status rows_end(uint16_t) override {
    ended_ = true;
    return Status::OK();
  }

  uint64_t row_count() const override { return rows_.size(); }

  const std::vector<ResultColumn>& shown_columns() const { return columns_; }
  const std::vector<std::vector<std::string>>& rows() const { return rows_; }
  bool ended() const { return ended_; }
  /// One line for each row, in any order.
  std::vector<std::string> sorted_lines() const {
    std::vector<std::string> lines;
    for (const auto& row : rows_) {
      std::string line;
      for (const std::string& cell : row) line += cell + "|";
      lines.push_back(std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  std::function<Status(size_t)> on_row;

 private:
  template <typename Format>
  void format(const Format& append) {
    append(rows_.back().emplace_back());
  }

  std::vector<ResultColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
  bool ended_ = false;
};

}  // namespace freshet::query
