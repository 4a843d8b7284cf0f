#include "storage/tablet/row_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "storage/types/schema_change.h"
#include "support/seed.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

constexpr int64_t kRows = 20'000;
constexpr uint32_t kColumns = 24;

TableSchema wide_schema(std::vector<std::pair<std::string, std::string>> properties) {
  TableSchema schema;
  schema.key_count = 1;
  for (uint32_t i = 0; i < kColumns; ++i) {
    ColumnSchema column;
    column.id = schema.next_column_id;
    schema.next_column_id = schema.next_column_id.next();
    column.name = "c" + std::to_string(i);
    column.type = i == 0       ? DataType{TypeKind::kBigInt}
                  : i % 4 == 3 ? DataType{.kind = TypeKind::kVarchar, .length = 40}
                               : DataType{TypeKind::kInt};
    column.is_key = i == 0;
    column.nullable = i != 0;
    schema.columns.push_back(column);
  }
  schema.bucket_columns = {0};
  schema.properties = std::move(properties);
  return schema;
}

/// The same rows in two tables, one with a row store.
class RowReader : public testing::Test {
 protected:
  RowReader() {
    test::must(server_->create_database("d", false));
    test::must(server_->create_table("d", "plain", wide_schema({}), {}, false));
    test::must(server_->create_table("d", "whole", wide_schema({{"store_row_column", "true"}}), {}, false));
  }

  /// Rows of both tables stay in the same places.
  static StorageOptions without_compaction() {
    StorageOptions options;
    options.compaction_trigger_segments = 1'000'000;
    options.compaction_dead_fraction = 1;
    options.compaction_base_fraction = 1e9;
    return options;
  }

  TableSnapshotPtr table(const char* name) { return server_->snapshot()->find_table("d", name); }

  void load(const char* name, int64_t first) {
    const TableSnapshotPtr to = table(name);
    std::mt19937_64 values(static_cast<uint64_t>(first) + 1);
    Block block = Block::for_schema(*to->schema);
    for (int64_t key = first; key < first + kRows; ++key) {
      block.columns[0].append(key);
      for (size_t i = 1; i < block.columns.size(); ++i) {
        const uint64_t value = values();
        Column& column = block.columns[i];
        if (value % 7 == 0) {
          column.append_null();
        } else if (column.is_bytes()) {
          column.append_bytes("text " + std::to_string(value % 1000));
        } else {
          const Int128 number = static_cast<Int128>(value % 100'000);
          column.append_fixed_run(&number, nullptr, 1);
        }
      }
    }
    LoadCommit commit;
    commit.table = to->id;
    commit.schema = to->schema;
    TabletRows bucket{to->tablets[0]->id, {}, {}};
    bucket.segments.push_back(test::must(write_sorted_segment(server_->files(), test::must(server_->next_rowset_id()),
                                                              to->tablets[0]->id, to->schema, block, {})));
    test::must(server_->files().sync_names());
    commit.tablets.push_back(std::move(bucket));
    test::must(server_->commit(std::move(commit)));
  }

  void alter(const std::vector<SchemaChange>& changes) {
    for (const char* name : {"plain", "whole"}) {
      TableChange change;
      change.columns = changes;
      test::must(server_->alter_table("d", name, change));
    }
  }

  static std::vector<Column> read(const TableSnapshot& from, std::span<const RowLocation> locations,
                                  std::span<const size_t> columns) {
    std::vector<Column> out;
    for (const size_t column : columns) out.emplace_back(from.schema->columns[column].type);
    test::must(read_rows(*from.schema, *from.tablets[0], locations, columns, out));
    return out;
  }

  /// Random columns of random rows, from one row to many.
  void expect_same_rows() {
    const TableSnapshotPtr plain = table("plain"), whole = table("whole");
    ASSERT_EQ(plain->tablets[0]->segments.size(), whole->tablets[0]->segments.size());
    for (const size_t count : {1, 1, 1, 2, 30, 500, 10'000}) {
      std::vector<RowLocation> locations(count);
      for (RowLocation& location : locations) {
        location.view = static_cast<uint32_t>(random_() % plain->tablets[0]->segments.size());
        location.row = static_cast<RowOrdinal>(random_() % kRows);
      }
      if (random_() % 3 != 0) std::sort(locations.begin(), locations.end());
      std::vector<size_t> columns(plain->schema->columns.size());
      std::iota(columns.begin(), columns.end(), size_t{0});
      if (random_() % 2 == 0) std::shuffle(columns.begin(), columns.end(), random_);
      if (random_() % 2 == 0) columns.resize(1 + random_() % columns.size());
      const std::vector<Column> expected = read(*plain, locations, columns), found = read(*whole, locations, columns);
      for (size_t i = 0; i < columns.size(); ++i) {
        ASSERT_EQ(found[i].size(), count);
        for (size_t row = 0; row < count; ++row) {
          ASSERT_TRUE(found[i].has_same_value(row, expected[i], row))
              << "column " << columns[i] << " of location " << row << " of " << count;
        }
      }
    }
  }

  std::mt19937_64 random_{test::test_seed()};
  const test::TempDir folder_;
  test::StorageServer server_{folder_.path(), without_compaction()};
};

TEST_F(RowReader, WholeRowsAreWhatTheColumnsAreUnderEverySchema) {
  for (const char* name : {"plain", "whole"}) load(name, 0);
  for (int i = 0; i < 3; ++i) expect_same_rows();

  ColumnSchema added;
  added.name = "added";
  added.type = {TypeKind::kInt};
  added.default_value = "5";
  ColumnSchema widened = table("plain")->schema->columns[1];
  widened.type = {TypeKind::kBigInt};
  alter({AddColumn{added, {}, false}, DropColumn{"c5", false}, RenameColumn{"c6", "other"},
         ModifyColumn{"c1", widened, false, {}}});
  for (int i = 0; i < 3; ++i) expect_same_rows();

  for (const char* name : {"plain", "whole"}) load(name, kRows / 2);
  for (int i = 0; i < 3; ++i) expect_same_rows();
  server_.restart();
  for (int i = 0; i < 3; ++i) expect_same_rows();
}

TEST_F(RowReader, AWholeRowTakesOnePage) {
  for (const char* name : {"plain", "whole"}) load(name, 0);
  std::vector<size_t> columns(kColumns);
  std::iota(columns.begin(), columns.end(), size_t{0});
  const auto pages_for = [&](const char* name, size_t column_count) {
    const RowLocation location{.is_delta = false, .view = 0, .row = 777};
    const StorageStats before = server_->stats();
    read(*table(name), {&location, 1}, std::span(columns).first(column_count));
    const StorageStats after = server_->stats();
    return after.page_cache_hits + after.page_cache_misses - before.page_cache_hits - before.page_cache_misses;
  };
  EXPECT_EQ(pages_for("plain", kColumns), kColumns);
  EXPECT_EQ(pages_for("whole", kColumns), 1u);
  EXPECT_EQ(pages_for("whole", 2), 1u);
  EXPECT_EQ(pages_for("whole", 1), 1u) << "of the column: no more than its page";
}

}  // namespace
}  // namespace freshet::storage
