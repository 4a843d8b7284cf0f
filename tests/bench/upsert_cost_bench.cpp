#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "storage/upsert/key_lookup.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

/// What a batch of upserts of random keys costs as the table grows: tables of 1, 10 and 50 million keys, loaded in random
/// order as users load, with compaction run to rest. Prints lines of value, unit, work. Run: build/upsert_cost_bench [most
/// million keys]
namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;
constexpr uint64_t kPageCacheBytes = uint64_t{256} << 20;
constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kLoadRows = 2 * kMillion;
constexpr size_t kBatchRows = 100'000;
constexpr int kBatches = 15;
constexpr int kSettleSeconds = 300;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// CPU time of this thread: what other work on the machine does not change.
double cpu_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

TableSchema bench_schema() {
  TableSchema schema;
  schema.key_count = 1;
  for (uint32_t i = 0; i < 3; ++i) {
    ColumnSchema column;
    column.id = ColumnId(i + 1);
    column.name = "c" + std::to_string(i);
    column.type = {TypeKind::kBigInt};
    column.is_key = i == 0;
    column.nullable = i != 0;
    schema.columns.push_back(column);
  }
  schema.next_column_id = ColumnId(4);
  schema.bucket_columns = {0};
  return schema;
}

Block rows_of(const TableSchema& schema, std::span<const int64_t> keys, int64_t salt) {
  Block block = Block::for_schema(schema);
  for (const int64_t key : keys) {
    block.columns[0].append(key);
    block.columns[1].append((key * 7 + salt) % 100'000);
    block.columns[2].append((key + salt) % 1000);
  }
  return block;
}

struct Costs {
  double write_ms;
  double commit_cpu_ms;
  double commit_ms;
};

class Bench {
 public:
  Bench() : server_(folder_.path(), options()) {
    test::must(server_->create_database("bench", false));
    test::must(server_->create_table("bench", "t", bench_schema(), {}, false));
  }

  /// Adds keys [rows, target) in random order.
  void grow(int64_t target) {
    constexpr int64_t kPrime = 179'424'673;  // coprime to every size: i * kPrime % size visits every key once
    const int64_t first = rows_, added = target - rows_;
    for (int64_t begin = 0; begin < added; begin += kLoadRows) {
      std::vector<int64_t> keys;
      for (int64_t i = begin; i < std::min(begin + kLoadRows, added); ++i) keys.push_back(first + i * kPrime % added);
      upsert(keys, 0);
    }
    rows_ = target;
    settle();
  }

  Costs upsert(std::span<const int64_t> keys, int64_t salt) {
    const TableSnapshotPtr table = server_->snapshot()->find_table("bench", "t");
    const Block block = rows_of(*table->schema, keys, salt);
    const auto begin = Clock::now();
    LoadCommit commit;
    commit.table = table->id;
    commit.schema = table->schema;
    TabletRows rows{table->tablets[0]->id, {}, {}};
    rows.segments.push_back(test::must(write_sorted_segment(server_->files(), test::must(server_->next_rowset_id()),
                                                            table->tablets[0]->id, table->schema, block, {})));
    test::must(server_->files().sync_names());
    commit.tablets.push_back(std::move(rows));
    const double write_ms = milliseconds_since(begin);
    const auto committing = Clock::now();
    const double cpu_before = cpu_milliseconds();
    test::must(server_->commit(std::move(commit)));
    return {write_ms, cpu_milliseconds() - cpu_before, milliseconds_since(committing)};
  }

  void measure() {
    std::mt19937_64 random(1);
    std::vector<double> whole, commits, commit_cpus;
    const StorageStats before = server_->stats();
    for (int i = 0; i < kBatches; ++i) {
      const Costs costs = upsert(random_keys(random), i + 1);
      whole.push_back(costs.write_ms + costs.commit_ms);
      commits.push_back(costs.commit_ms);
      commit_cpus.push_back(costs.commit_cpu_ms);
    }
    const StorageStats after = server_->stats();
    std::sort(whole.begin(), whole.end());
    std::sort(commits.begin(), commits.end());
    std::sort(commit_cpus.begin(), commit_cpus.end());
    std::vector<double> lookups;
    for (int i = 0; i < kBatches; ++i) lookups.push_back(look_up(random_keys(random)));
    std::sort(lookups.begin(), lookups.end());
    const auto million = static_cast<long long>(rows_ / kMillion);
    std::printf("%.1f\tms\tbatch of 100000 random upserts into %lld million keys, durable and visible, median of %d\n",
                whole[kBatches / 2], million, kBatches);
    std::printf("%.1f\tms\tits commit: lookup, delete bitmap, metadata sync; %.1f ms of CPU in the committing thread\n",
                commits[kBatches / 2], commit_cpus[kBatches / 2]);
    std::printf(
        "%.1f\tms\tof CPU in its first thread, the lookup alone of other such batches; a key may be in %zu segments\n",
        lookups[kBatches / 2], tablet()->key_ranges->most_segments());
    std::printf("%.2f\tbytes/key\tresident memory of key index and key filter\n",
                static_cast<double>(after.index_resident_bytes) / static_cast<double>(rows_));
    std::printf("%llu\tpages\tread from files during the batches, %llu found in the page cache of %llu MiB; %llu segments\n",
                static_cast<unsigned long long>(after.page_cache_misses - before.page_cache_misses),
                static_cast<unsigned long long>(after.page_cache_hits - before.page_cache_hits),
                static_cast<unsigned long long>(kPageCacheBytes >> 20), static_cast<unsigned long long>(before.segments));
    std::fflush(stdout);
    if (first_ms_ == 0) first_ms_ = whole[kBatches / 2];
    std::printf("%.2f\tx\tof the smallest table's batch\n", whole[kBatches / 2] / first_ms_);
    settle();
  }

 private:
  std::vector<int64_t> random_keys(std::mt19937_64& random) const {
    std::vector<int64_t> keys(kBatchRows);
    for (int64_t& key : keys) key = static_cast<int64_t>(random() % static_cast<uint64_t>(rows_));
    return keys;
  }
  TabletSnapshotPtr tablet() { return server_->snapshot()->find_table("bench", "t")->tablets[0]; }
  double look_up(std::vector<int64_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    const TableSnapshotPtr table = server_->snapshot()->find_table("bench", "t");
    KeyRun keys = table->key_codec->make_run();
    table->key_codec->append_keys(rows_of(*table->schema, numbers, 0), 0, numbers.size(), keys);
    const double begin = cpu_milliseconds();
    ProbeState state;
    test::must(probe(keys, *table->tablets[0], state));
    return cpu_milliseconds() - begin;
  }
  static StorageOptions options() {
    StorageOptions options;
    options.page_cache_bytes = kPageCacheBytes;
    options.compaction_bytes_per_second = uint64_t{2} << 30;
    return options;
  }

  /// Waits until compaction has nothing to do.
  void settle() {
    uint64_t compactions = server_->stats().compactions;
    for (int second = 0, calm = 0; second < kSettleSeconds && calm < 3; ++second) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      const uint64_t now = server_->stats().compactions;
      const bool is_calm = now == compactions && !server_->compaction_state(tablet()->id).is_running;
      calm = is_calm ? calm + 1 : 0;
      compactions = now;
    }
  }

  const test::TempDir folder_;
  test::StorageServer server_;
  int64_t rows_ = 0;
  double first_ms_ = 0;
};

}  // namespace
}  // namespace freshet::storage

int main(int argc, char** argv) {
  const int64_t most = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 50;
  freshet::storage::Bench bench;
  for (const int64_t millions : {1, 10, 50}) {
    if (millions > most) break;
    bench.grow(millions * freshet::storage::kMillion);
    bench.measure();
  }
  return 0;
}
