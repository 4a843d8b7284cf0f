#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "storage/upsert/key_lookup.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"
#include "support/test_rows.h"

/// Storage alone, in one process and one thread: point lookups in a table that is merged and in memory, and one-row commits.
/// Prints lines of value, unit, work.
namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kLookups = 1'000'000;
constexpr size_t kCommits = 2'000;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Block rows_of(const TableSchema& schema, int64_t first, int64_t count) {
  Block block = Block::for_schema(schema);
  for (int64_t key = first; key < first + count; ++key) {
    test::append_test_row(schema, {.key = key, .number = key * 7, .text = "a text of some length"}, block);
  }
  return block;
}

void load_segment(StorageEngine& engine, const TableSnapshot& table, const Block& block) {
  LoadCommit commit;
  commit.table = table.id;
  commit.schema = table.schema;
  TabletRows bucket{table.tablets[0]->id, {}, {}};
  bucket.segments.push_back(test::must(write_sorted_segment(engine.files(), test::must(engine.next_rowset_id()),
                                                            table.tablets[0]->id, table.schema, block, {})));
  test::must(engine.files().sync_names());
  commit.tablets.push_back(std::move(bucket));
  test::must(engine.commit(std::move(commit)));
}

/// Until no compaction runs or is due, a minute at most.
void wait_for_compactions(const StorageEngine& engine) {
  const auto end = Clock::now() + std::chrono::minutes(1);
  while (engine.stats().compaction_waiting_rowsets != 0 || !engine.running_compactions().empty()) {
    if (Clock::now() > end) std::abort();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

/// How many rows by random keys come out of the table in a second.
double lookup_rate(const TableSnapshot& table, int64_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::vector<size_t> columns{1};
  int64_t sum = 0;
  const auto begin = Clock::now();
  KeyRun keys = table.key_codec->make_run();
  std::vector<Column> out(1, Column(table.schema->columns[1].type));
  for (size_t i = 0; i < kLookups; ++i) {
    keys.clear();
    keys.append_fixed((random() % static_cast<uint64_t>(rows)) ^ (uint64_t{1} << 63));
    const auto found = test::must(find_live_row(*table.tablets[0], keys, 0));
    out[0].clear();
    test::must(read_rows(*table.schema, *table.tablets[0], std::span(&*found, 1), columns, out));
    sum += out[0].values<int64_t>()[0];
  }
  const double seconds = seconds_since(begin);
  if (sum == 0) std::abort();
  return kLookups / seconds;
}

void measure_lookups(const TableSnapshot& table, int64_t rows) {
  lookup_rate(table, rows, 0);  // brings the pages into memory
  std::array<double, 5> rates;
  for (size_t run = 0; run < rates.size(); ++run) rates[run] = lookup_rate(table, rows, run + 1);
  std::sort(rates.begin(), rates.end());
  std::printf("%f\tlookups/s\tpoint lookups in process, one thread, %lld keys\n", rates[rates.size() / 2],
              static_cast<long long>(rows));
}

void measure_commits(StorageEngine& engine, const TableSnapshot& table) {
  std::vector<double> milliseconds;
  for (size_t i = 0; i < kCommits; ++i) {
    LoadCommit commit;
    commit.table = table.id;
    commit.schema = table.schema;
    TabletRows bucket{table.tablets[0]->id, {}, {}};
    bucket.rows = rows_of(*table.schema, static_cast<int64_t>(i * 37), 1);
    commit.tablets.push_back(std::move(bucket));
    const auto begin = Clock::now();
    test::must(engine.commit(std::move(commit)));
    milliseconds.push_back(seconds_since(begin) * 1000);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("%f\tms\tone-row upsert commit, durable and visible, median\n", milliseconds[kCommits / 2]);
  std::printf("%f\tms\tone-row upsert commit, durable and visible, p99\n", milliseconds[kCommits * 99 / 100]);
}

void measure(int64_t rows) {
  const test::TempDir folder;
  test::StorageServer server(folder.path());
  test::must(server->create_database("bench", false));
  test::must(server->create_table("bench", "t", *test::test_schema(test::KeyForm::kFixed), {}, false));
  constexpr int64_t kStep = 1'000'000;
  for (int64_t first = 0; first < rows; first += kStep) {
    const TableSnapshotPtr table = server->snapshot()->find_table("bench", "t");
    load_segment(*server, *table, rows_of(*table->schema, first, std::min(kStep, rows - first)));
  }
  wait_for_compactions(*server);
  measure_lookups(*server->snapshot()->find_table("bench", "t"), rows);
  const StorageStats stats = server->stats();
  std::printf("%f\tbytes/key\tresident memory of key index and key filter\n",
              static_cast<double>(stats.index_resident_bytes) / static_cast<double>(rows));
  measure_commits(*server, *server->snapshot()->find_table("bench", "t"));
}

}  // namespace
}  // namespace freshet::storage

int main(int argc, char** argv) {
  freshet::storage::measure(argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 3'000'000);
  return 0;
}
