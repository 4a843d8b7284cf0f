#include "unit/ingest/fake_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace freshet::ingest {
namespace {

DataType parse_type(const std::string& name) {
  if (name == "boolean") return {TypeKind::kBoolean};
  if (name == "tinyint") return {TypeKind::kTinyInt};
  if (name == "smallint") return {TypeKind::kSmallInt};
  if (name == "int") return {TypeKind::kInt};
  if (name == "bigint") return {TypeKind::kBigInt};
  if (name == "largeint") return {TypeKind::kLargeInt};
  if (name == "float") return {TypeKind::kFloat};
  if (name == "double") return {TypeKind::kDouble};
  if (name == "decimal") return {TypeKind::kDecimal, 10, 2};
  if (name == "date") return {TypeKind::kDate};
  if (name == "datetime") return {TypeKind::kDateTime};
  if (name == "json") return {TypeKind::kJson};
  if (name == "varchar") return {TypeKind::kVarchar, 0, 0, 10};
  EXPECT_EQ(name, "string");
  return {TypeKind::kString};
}

ColumnSchema parse_column(const std::string& text, uint32_t id) {
  std::istringstream words(text);
  ColumnSchema column{ColumnId(id), {}, {}};
  std::string type, word;
  words >> column.name >> type;
  column.type = parse_type(type);
  while (words >> word) {
    if (word == "key") column.is_key = true;
    if (word == "not") column.nullable = false;
    if (word == "auto") column.auto_increment = true;
    if (word == "default") {
      words >> word;
      column.default_value = word;
    }
  }
  return column;
}

}  // namespace

storage::TableSnapshotPtr make_table(const std::vector<std::string>& columns, uint32_t bucket_count, TableModel model) {
  auto schema = std::make_shared<TableSchema>();
  schema->model = model;
  schema->bucket_count = bucket_count;
  for (const std::string& text : columns) {
    schema->columns.push_back(parse_column(text, static_cast<uint32_t>(schema->columns.size() + 1)));
    if (schema->columns.back().is_key) schema->bucket_columns.push_back(schema->key_count++);
  }
  auto table = std::make_shared<storage::TableSnapshot>();
  table->id = TableId(7);
  table->database = DatabaseId(3);
  table->database_name = "shop";
  table->name = "orders";
  table->key_codec = std::make_shared<KeyCodec>(*schema);
  table->schema = std::move(schema);
  std::vector<TabletId> tablets;
  for (uint32_t i = 0; i < bucket_count; ++i) {
    auto tablet = std::make_shared<storage::TabletSnapshot>();
    tablet->id = TabletId(100 + i);
    tablets.push_back(tablet->id);
    table->tablets.push_back(std::move(tablet));
  }
  table->partitions = PartitionMap::unpartitioned(std::move(tablets));
  return table;
}

std::vector<std::string> rows_of(const Block& block) {
  std::vector<std::string> rows;
  for (size_t row = 0; row < block.row_count(); ++row) {
    std::string text = block.is_delete(row) ? "-" : "";
    for (size_t i = 0; i < block.columns.size(); ++i) {
      if (i != 0) text.push_back('|');
      if (block.columns[i].is_null(row)) {
        text.append("NULL");
      } else {
        format_value(block.columns[i], row, text);
      }
    }
    rows.push_back(std::move(text));
  }
  return rows;
}

FakeStorage::FakeStorage(storage::TableSnapshotPtr table, std::unique_ptr<storage::FileStore> files)
    : files_(std::move(files)) {
  auto snapshot = std::make_shared<storage::ServerSnapshot>();
  snapshot->databases[table->database_name] = table->database;
  snapshot->table_names[{table->database_name, table->name}] = table->id;
  snapshot->tables[table->id] = std::move(table);
  snapshot_ = std::move(snapshot);
}

std::vector<std::string> FakeStorage::committed_rows() const {
  std::vector<std::string> rows;
  for (const storage::LoadCommit& commit : commits) {
    for (const storage::TabletRows& bucket : commit.tablets) {
      if (!bucket.rows) continue;
      for (std::string& row : rows_of(*bucket.rows)) rows.push_back(std::move(row));
    }
  }
  return rows;
}

Status FakeStorage::reserve_label(DatabaseId database, const std::string& label, TransactionId transaction,
                                  std::optional<storage::LabelRecord>* existing) {
  std::lock_guard lock(mutex_);
  const auto key = std::make_pair(database.value, label);
  const auto stored = labels.find(key);
  if (stored != labels.end()) *existing = stored->second;
  if (stored == labels.end() && reserved_labels.insert(key).second) return Status::OK();
  return Status::LabelExists("Label [{}] has already been used, relate to txn [{}]", label,
                             stored != labels.end() ? stored->second.transaction.value : transaction.value - 1);
}

void FakeStorage::release_label(DatabaseId database, const std::string& label, TransactionId, const std::string&) {
  std::lock_guard lock(mutex_);
  reserved_labels.erase({database.value, label});
}

Result<storage::CommitOutcome> FakeStorage::commit(storage::LoadCommit commit) {
  std::lock_guard lock(mutex_);
  if (!commit_status.ok()) return commit_status;
  if (commit.label) {
    const auto key = std::make_pair(commit.label->database.value, commit.label->label);
    reserved_labels.erase(key);
    labels[key] = *commit.label;
  }
  commits.push_back(std::move(commit));
  return storage::CommitOutcome{CommitNumber(commits.size()), 0};
}

void FakeStorage::discard_segments(const std::vector<storage::SegmentMeta>& segments) {
  discarded.insert(discarded.end(), segments.begin(), segments.end());
}

Result<int64_t> FakeStorage::take_auto_increment(TableId, int64_t count) {
  std::lock_guard lock(mutex_);
  const int64_t first = next_number;
  next_number += count;
  return first;
}

Status FakeStorage::pass_auto_increment(TableId, int64_t value) {
  std::lock_guard lock(mutex_);
  next_number = std::max(next_number, value + 1);
  return Status::OK();
}

TEST(FakeStorage, ParsesItsTables) {
  const auto table = make_table({"id bigint key not null", "v decimal default 1.5"});
  EXPECT_EQ(table->schema->key_count, 1u);
  EXPECT_FALSE(table->schema->columns[0].nullable);
  EXPECT_EQ(table->schema->columns[1].default_value, "1.5");
}

}  // namespace freshet::ingest
