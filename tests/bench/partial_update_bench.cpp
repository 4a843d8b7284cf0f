#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "ingest/load_transaction.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

/// Updating 10 of 100 columns of a million rows beside writing the same rows whole, as loads do it: blocks of 16,384 rows,
/// keys in random order, durable and visible. Prints lines of value, unit, work.
/// Run: build/partial_update_bench [thousand rows]
namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kColumns = 100, kUpdated = 10, kBlockRows = 16'384;
constexpr int kRounds = 3;

TableSchema bench_schema() {
  TableSchema schema;
  schema.key_count = 1;
  for (uint32_t i = 0; i < kColumns; ++i) {
    ColumnSchema column;
    column.id = ColumnId(i + 1);
    column.name = "c" + std::to_string(i);
    // Numbers of several widths, and every tenth column a text.
    if (i == 0) {
      column.type = {TypeKind::kBigInt};
    } else if (i % 10 == 9) {
      column.type = {.kind = TypeKind::kVarchar, .length = 20};
    } else {
      column.type = i % 3 == 0   ? DataType{TypeKind::kBigInt}
                    : i % 3 == 1 ? DataType{TypeKind::kInt}
                                 : DataType{TypeKind::kDouble};
    }
    column.is_key = i == 0;
    column.nullable = i != 0;
    schema.columns.push_back(column);
  }
  schema.next_column_id = ColumnId(kColumns + 1);
  schema.bucket_columns = {0};
  return schema;
}

void append_value(Column& column, int64_t key, uint64_t salt) {
  const uint64_t number = (static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15 + salt) >> 40;
  switch (column.type().kind) {
    case TypeKind::kBigInt: return column.append(static_cast<int64_t>(number));
    case TypeKind::kInt: return column.append(static_cast<int32_t>(number % 100'000));
    case TypeKind::kDouble: return column.append(static_cast<double>(number) / 100);
    default: return column.append_bytes("text " + std::to_string(number % 10'000));
  }
}

class Bench {
 public:
  explicit Bench(int64_t rows) : keys_(static_cast<size_t>(rows)), server_(folder_.path(), options()) {
    for (size_t i = 0; i < keys_.size(); ++i) keys_[i] = static_cast<int64_t>(i);
    std::shuffle(keys_.begin(), keys_.end(), std::mt19937_64(1));
    test::must(server_->create_database("bench", false));
    test::must(server_->create_table("bench", "t", bench_schema(), {}, false));
    load(kColumns, 0);
    settle();
  }

  /// Seconds until rows with the first `columns` columns are visible; fewer than all are a partial update.
  double load(size_t columns, uint64_t salt) {
    const TableSnapshotPtr table = server_->snapshot()->find_table("bench", "t");
    ingest::LoadTransaction::Options options;
    if (columns < kColumns) {
      auto partial = std::make_shared<PartialColumns>();
      for (size_t i = 0; i < columns; ++i) partial->given.push_back(i);
      options.partial = std::move(partial);
    }
    Clock::duration spent{};
    ingest::LoadTransaction transaction(*server_, table, options);
    for (size_t first = 0; first < keys_.size(); first += kBlockRows) {
      Block block = Block::for_schema(*table->schema);
      for (size_t i = first; i < std::min(first + kBlockRows, keys_.size()); ++i) {
        block.columns[0].append(keys_[i]);
        for (size_t c = 1; c < kColumns; ++c) {
          c < columns ? append_value(block.columns[c], keys_[i], salt + c) : block.columns[c].append_null();
        }
      }
      const auto begin = Clock::now();
      test::must(transaction.append(block));
      spent += Clock::now() - begin;
    }
    const auto begin = Clock::now();
    test::must(transaction.commit({}, {}).status());
    spent += Clock::now() - begin;
    return std::chrono::duration<double>(spent).count();
  }

  void settle() { test::must(server_->compact_table(server_->snapshot()->find_table("bench", "t")->id)); }

 private:
  static StorageOptions options() {
    StorageOptions options;
    options.compaction_bytes_per_second = uint64_t{2} << 30;
    options.compaction_dead_fraction = 1;
    options.compaction_trigger_segments = 1'000'000;
    return options;
  }
  std::vector<int64_t> keys_;
  const test::TempDir folder_;
  test::StorageServer server_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace
}  // namespace freshet::storage

int main(int argc, char** argv) {
  const int64_t rows = 1000 * (argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 1000);
  freshet::storage::Bench bench(rows);
  std::vector<double> whole, partial;
  for (int round = 1; round <= freshet::storage::kRounds; ++round) {
    whole.push_back(bench.load(freshet::storage::kColumns, static_cast<uint64_t>(round)));
    bench.settle();
    partial.push_back(bench.load(1 + freshet::storage::kUpdated, static_cast<uint64_t>(round) * 1000));
    bench.settle();
  }
  const double write = freshet::storage::median(whole), update = freshet::storage::median(partial);
  std::printf("%.2f\ts\twrite %lld rows of 100 columns whole over the same keys, median of %d\n", write,
              static_cast<long long>(rows), freshet::storage::kRounds);
  std::printf("%.2f\ts\tupdate 10 of their columns\n", update);
  std::printf("%.2f\tx\tthe update beside the writing\n", update / write);
  return 0;
}
