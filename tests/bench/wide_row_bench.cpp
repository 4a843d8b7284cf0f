#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>

#include "ingest/load_transaction.h"
#include "storage/upsert/key_lookup.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

/// Whole rows of 100 columns by key: from their columns, and from the row store. Warm, and with a page cache that holds next
/// to nothing. Prints lines of value, unit, work.
/// Run: build/wide_row_bench [thousand rows]
namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kColumns = 100, kReads = 20'000, kFewReads = 2'000, kBatch = 1000;

TableSchema bench_schema(bool has_rows) {
  TableSchema schema;
  schema.key_count = 1;
  for (uint32_t i = 0; i < kColumns; ++i) {
    ColumnSchema column;
    column.id = ColumnId(i + 1);
    column.name = "c" + std::to_string(i);
    column.type = {TypeKind::kBigInt};
    column.is_key = i == 0;
    column.nullable = i != 0;
    schema.columns.push_back(column);
  }
  schema.next_column_id = ColumnId(kColumns + 1);
  schema.bucket_columns = {0};
  if (has_rows) schema.properties = {{"store_row_column", "true"}};
  return schema;
}

int64_t value_of(int64_t key, size_t column) {
  return static_cast<int64_t>((static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15 + column * 0xc2b2ae3d27d4eb4f) >> 36);
}

class Bench {
 public:
  Bench(int64_t rows, uint64_t cache_bytes) : rows_(rows), server_(folder_.path(), options(cache_bytes)) {
    test::must(server_->create_database("bench", false));
    for (const bool has_rows : {false, true}) {
      const char* name = has_rows ? "rows" : "columns";
      test::must(server_->create_table("bench", name, bench_schema(has_rows), {}, false));
      load(name);
    }
  }

  /// Microseconds for each row that is found by key and read whole.
  double point_reads(const std::string& name, size_t reads) {
    std::mt19937_64 random(1);
    const auto begin = Clock::now();
    for (size_t i = 0; i < reads; ++i) read(name, {static_cast<int64_t>(random() % static_cast<uint64_t>(rows_))});
    return seconds_since(begin) * 1e6 / static_cast<double>(reads);
  }
  /// The same for rows that are read kBatch at once, as a partial update reads them.
  double batch_reads(const std::string& name, size_t batches) {
    std::mt19937_64 random(2);
    double seconds = 0;
    for (size_t i = 0; i < batches; ++i) {
      std::vector<int64_t> keys(kBatch);
      for (int64_t& key : keys) key = static_cast<int64_t>(random() % static_cast<uint64_t>(rows_));
      std::sort(keys.begin(), keys.end());
      const auto begin = Clock::now();
      read(name, keys);
      seconds += seconds_since(begin);
    }
    return seconds * 1e6 / static_cast<double>(batches * kBatch);
  }

 private:
  static double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  static StorageOptions options(uint64_t cache_bytes) {
    StorageOptions options;
    options.page_cache_bytes = cache_bytes;
    options.small_commit_bytes = 1;
    return options;
  }

  void load(const std::string& name) {
    const TableSnapshotPtr table = server_->snapshot()->find_table("bench", name);
    ingest::LoadTransaction transaction(*server_, table, {});
    constexpr int64_t kBlock = 16'384;
    for (int64_t first = 0; first < rows_; first += kBlock) {
      Block block = Block::for_schema(*table->schema);
      for (int64_t key = first; key < std::min(rows_, first + kBlock); ++key) {
        block.columns[0].append(key);
        for (size_t c = 1; c < kColumns; ++c) block.columns[c].append(value_of(key, c));
      }
      test::must(transaction.append(block));
    }
    test::must(transaction.commit({}, {}).status());
    test::must(server_->compact_table(table->id));
  }

  void read(const std::string& name, const std::vector<int64_t>& keys) {
    const TableSnapshotPtr table = server_->snapshot()->find_table("bench", name);
    const TableSchema& schema = *table->schema;
    Block key_block;
    key_block.columns.emplace_back(schema.columns[0].type);
    for (int64_t key : keys) key_block.columns[0].append(key);
    KeyRun run = table->key_codec->make_run();
    table->key_codec->append_keys(key_block, 0, keys.size(), run);
    const TabletSnapshot& tablet = *table->tablets[0];
    std::vector<RowLocation> locations;
    for (size_t i = 0; i < keys.size(); ++i) locations.push_back(test::must(find_live_row(tablet, run, i)).value());
    std::vector<size_t> columns(schema.columns.size());
    std::iota(columns.begin(), columns.end(), size_t{0});
    std::vector<Column> values;
    for (size_t column : columns) values.emplace_back(schema.columns[column].type);
    test::must(read_rows(schema, tablet, locations, columns, values));
    for (size_t i = 0; i < keys.size(); ++i) {
      if (values[kColumns - 1].values<int64_t>()[i] != value_of(keys[i], kColumns - 1)) std::abort();
    }
  }

  const int64_t rows_;
  const test::TempDir folder_;
  test::StorageServer server_;
};

}  // namespace
}  // namespace freshet::storage

int main(int argc, char** argv) {
  using namespace freshet::storage;
  const int64_t rows = 1000 * (argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 200);
  for (const bool is_warm : {true, false}) {
    Bench bench(rows, is_warm ? uint64_t{4} << 30 : uint64_t{64} << 10);
    const char* what = is_warm ? "all pages in memory" : "no page in memory";
    for (const char* name : {"columns", "rows"}) {
      if (is_warm) bench.point_reads(name, kReads);
      std::printf("%.1f\tus\ta row by key, %s, %s\n", bench.point_reads(name, is_warm ? kReads : kFewReads), name, what);
      std::printf("%.2f\tus\ta row of a batch of %zu, %s, %s\n", bench.batch_reads(name, is_warm ? 20 : 2), kBatch, name,
                  what);
    }
  }
  return 0;
}
