#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "ingest/load_transaction.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

/// Updating 10 of 100 columns of a million rows beside writing the same rows whole, as loads do it: blocks of 16,384 rows,
/// keys in random order, durable and visible; and the same for 1,000 random rows, whose old values lie far apart. Prints
/// lines of value, unit, work, without and with a row store.
/// Run: build/partial_update_bench [thousand rows] [rounds] [without|with]
namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kColumns = 100, kUpdated = 10, kBlockRows = 16'384;
constexpr size_t kFewRows = 1000;
constexpr uint64_t kUsualRounds = 3;

TableSchema bench_schema(bool has_rows) {
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
  if (has_rows) schema.properties = {{"store_row_column", "true"}};
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
  Bench(int64_t rows, bool has_rows) : keys_(static_cast<size_t>(rows)), server_(folder_.path(), options()) {
    for (size_t i = 0; i < keys_.size(); ++i) keys_[i] = static_cast<int64_t>(i);
    std::shuffle(keys_.begin(), keys_.end(), std::mt19937_64(1));
    test::must(server_->create_database("bench", false));
    test::must(server_->create_table("bench", "t", bench_schema(has_rows), {}, false));
    load(kColumns, 0, keys_);
    settle();
  }

  const std::vector<int64_t>& keys() const { return keys_; }
  std::vector<int64_t> few_keys(uint64_t seed) const {
    std::vector<int64_t> few;
    std::sample(keys_.begin(), keys_.end(), std::back_inserter(few), kFewRows, std::mt19937_64(seed));
    return few;
  }
  uint64_t pages_read() {
    const StorageStats stats = server_->stats();
    return stats.page_cache_hits + stats.page_cache_misses;
  }

  /// Seconds until rows of these keys with the first `columns` columns are visible; fewer than all are a partial update.
  double load(size_t columns, uint64_t salt, std::span<const int64_t> keys) {
    const TableSnapshotPtr table = server_->snapshot()->find_table("bench", "t");
    ingest::LoadTransaction::Options options;
    if (columns < kColumns) {
      auto partial = std::make_shared<PartialColumns>();
      for (size_t i = 0; i < columns; ++i) partial->given.push_back(i);
      options.partial = std::move(partial);
    }
    std::vector<Block> blocks;
    for (size_t first = 0; first < keys.size(); first += kBlockRows) {
      Block& block = blocks.emplace_back(Block::for_schema(*table->schema));
      for (size_t i = first; i < std::min(first + kBlockRows, keys.size()); ++i) {
        block.columns[0].append(keys[i]);
        for (size_t c = 1; c < kColumns; ++c) {
          c < columns ? append_value(block.columns[c], keys[i], salt + c) : block.columns[c].append_null();
        }
      }
    }
    const auto begin = Clock::now();
    ingest::LoadTransaction transaction(*server_, table, options);
    for (const Block& block : blocks) test::must(transaction.append(block));
    test::must(transaction.commit({}, {}).status());
    return std::chrono::duration<double>(Clock::now() - begin).count();
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

void measure(int64_t rows, uint64_t rounds, bool has_rows) {
  Bench bench(rows, has_rows);
  const char* store = has_rows ? "with a row store" : "without a row store";
  std::vector<double> whole, partial, few_whole, few_partial;
  uint64_t pages = 0;
  for (uint64_t round = 1; round <= rounds; ++round) {
    whole.push_back(bench.load(kColumns, round, bench.keys()));
    bench.settle();
    partial.push_back(bench.load(1 + kUpdated, round * 1000, bench.keys()));
    bench.settle();
    few_whole.push_back(bench.load(kColumns, round * 2000, bench.few_keys(round)));
    bench.settle();
    const uint64_t before = bench.pages_read();
    few_partial.push_back(bench.load(1 + kUpdated, round * 3000, bench.few_keys(round)));
    pages = bench.pages_read() - before;
    bench.settle();
  }
  const double write = median(whole), update = median(partial);
  std::printf("%.2f\ts\twrite %lld rows of 100 columns whole over the same keys, %s, median of %llu\n", write,
              static_cast<long long>(rows), store, static_cast<unsigned long long>(rounds));
  std::printf("%.2f\ts\tupdate 10 of their columns, %s\n", update, store);
  std::printf("%.2f\tx\tthe update beside the writing, %s\n", update / write, store);
  std::printf("%.1f\tms\twrite %zu random rows of them whole, %s\n", 1000 * median(few_whole), kFewRows, store);
  std::printf("%.1f\tms\tupdate 10 columns of %zu random rows, %s\n", 1000 * median(few_partial), kFewRows, store);
  std::printf("%llu\tpages\tlooked at by that, %s\n", static_cast<unsigned long long>(pages), store);
}

}  // namespace
}  // namespace freshet::storage

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const int64_t rows = 1000 * (argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 1000);
  const uint64_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : freshet::storage::kUsualRounds;
  const std::string_view store = argc > 3 ? argv[3] : "";
  if (rows == 0 || rounds == 0 || (store != "" && store != "with" && store != "without")) {
    std::fprintf(stderr, "usage: partial_update_bench [thousand rows] [rounds] [without|with]\n");
    return 2;
  }
  for (const bool has_rows : {false, true}) {
    if (store != (has_rows ? "without" : "with")) freshet::storage::measure(rows, rounds, has_rows);
  }
  return 0;
}
