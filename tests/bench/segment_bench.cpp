// What one core does with a segment: decode, find keys, sort, write. Run: build/segment_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "storage/encoding/bit_packing.h"
#include "storage/io/local_file_store.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment/segment_writer.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

constexpr size_t kPage = 8192;

template <typename T>
void unpack_page(benchmark::State& state) {
  const auto bits = static_cast<unsigned>(state.range(0));
  std::mt19937_64 random(1);
  std::vector<T> values(kPage);
  for (T& value : values) value = static_cast<T>(random() & packed_mask(bits));
  std::string packed;
  pack_deltas<T>(values.data(), kPage, 0, bits, packed);
  for (auto _ : state) {
    unpack_deltas<T>(packed.data(), bits, 0, kPage, 5, values.data());
    benchmark::DoNotOptimize(values.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kPage));
}
BENCHMARK(unpack_page<uint32_t>)->Arg(1)->Arg(7)->Arg(8)->Arg(13)->Arg(16)->Arg(23);
BENCHMARK(unpack_page<uint64_t>)->Arg(7)->Arg(16)->Arg(23)->Arg(41);

template <typename T>
void pack_page(benchmark::State& state) {
  std::vector<T> values(kPage, 77);
  std::string packed;
  for (auto _ : state) {
    packed.clear();
    pack_deltas<T>(values.data(), kPage, 0, static_cast<unsigned>(state.range(0)), packed);
    benchmark::DoNotOptimize(packed.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kPage));
}
BENCHMARK(pack_page<uint64_t>)->Arg(8)->Arg(13)->Arg(41);

void sort_keys(benchmark::State& state) {
  const bool is_fixed = state.range(0) != 0;
  std::mt19937_64 random(1);
  KeyRun keys(is_fixed);
  for (int i = 0; i < 1'000'000; ++i) {
    const uint64_t number = random() % static_cast<uint64_t>(state.range(1));
    is_fixed ? keys.append_fixed(number) : keys.append_bytes("order-" + std::to_string(number));
  }
  for (auto _ : state) benchmark::DoNotOptimize(sort_order(keys));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * keys.size()));
}
BENCHMARK(sort_keys)->Args({1, 10'000'000})->Args({1, INT64_MAX})->Args({0, 10'000'000})->Unit(benchmark::kMillisecond);

/// A segment of 2 million even numbers as keys, in memory.
struct KeySegment {
  explicit KeySegment(bool is_fixed) {
    auto schema = std::make_shared<TableSchema>();
    schema->key_count = 1;
    ColumnSchema column;
    column.id = ColumnId(1);
    column.name = "id";
    column.type = is_fixed ? DataType{TypeKind::kBigInt} : DataType{TypeKind::kString};
    column.is_key = true;
    column.nullable = false;
    schema->columns.push_back(column);
    codec = std::make_unique<KeyCodec>(*schema);
    const Block block = make_block(*schema, 0, kRows, 2);
    const auto written = write_sorted_segment(*files, RowsetId(1), TabletId(1), schema, block, {});
    reader = SegmentReader::open(*files, cache, written.value().meta, *schema).value();
    this->schema = schema;
  }
  static Block make_block(const TableSchema& schema, uint64_t first, size_t rows, uint64_t step) {
    Block block = Block::for_schema(schema);
    for (size_t i = 0; i < rows; ++i) {
      const uint64_t number = first + i * step;
      block.columns[0].is_bytes() ? block.columns[0].append_bytes(fmt::format("order-{:08}", number))
                                  : block.columns[0].append(static_cast<int64_t>(number));
    }
    return block;
  }
  /// About every `step`-th number, at random; nearly half of them are keys.
  KeyRun probes(uint64_t step) const {
    KeyRun keys = codec->make_run();
    std::mt19937_64 random(1);
    for (uint64_t number = 0; number < kRows * 2; number += 1 + random() % (2 * step - 1)) {
      codec->append_keys(make_block(*schema, number, 1, 1), 0, 1, keys);
    }
    return keys;
  }

  static constexpr size_t kRows = 2'000'000;
  test::TempDir directory;
  std::unique_ptr<FileStore> files = open_local_file_store(directory.path("segments")).value();
  PageCache cache{uint64_t{256} << 20};
  SchemaPtr schema;
  std::unique_ptr<KeyCodec> codec;
  std::shared_ptr<const SegmentReader> reader;
};

const KeySegment& segment_of(bool is_fixed) {
  static const KeySegment fixed(true), bytes(false);
  return is_fixed ? fixed : bytes;
}

void find_keys(benchmark::State& state) {
  const KeySegment& segment = segment_of(state.range(0) != 0);
  const KeyRun probes = segment.probes(static_cast<uint64_t>(state.range(1)));
  std::vector<KeyMatch> matches;
  std::vector<uint32_t> wanted(probes.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  for (auto _ : state) {
    matches.clear();
    benchmark::DoNotOptimize(segment.reader->find_keys(probes, wanted, matches).ok());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * probes.size()));
  state.counters["hits"] = static_cast<double>(matches.size()) / static_cast<double>(probes.size());
}
BENCHMARK(find_keys)->ArgsProduct({{1, 0}, {3, 15, 101, 10001}})->Unit(benchmark::kMicrosecond);

/// One key at a time: of those that are there or of those that are not.
void find_key(benchmark::State& state) {
  const KeySegment& segment = segment_of(state.range(0) != 0);
  const bool is_here = state.range(1) != 0;
  std::mt19937_64 random(1);
  KeyRun keys = segment.codec->make_run();
  for (size_t i = 0; i < KeySegment::kRows / 2; ++i) {
    const uint64_t number = random() % KeySegment::kRows * 2 + (is_here ? 0 : 1);
    segment.codec->append_keys(KeySegment::make_block(*segment.schema, number, 1, 1), 0, 1, keys);
  }
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(segment.reader->find_key(keys, next).ok());
    next = next + 1 < keys.size() ? next + 1 : 0;
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(find_key)->ArgsProduct({{1, 0}, {1, 0}})->ArgNames({"fixed", "is_here"});

std::vector<uint64_t> random_hashes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> hashes(count);
  for (uint64_t& hash : hashes) hash = random();
  return hashes;
}

void build_filter(benchmark::State& state) {
  const std::vector<uint64_t> hashes = random_hashes(static_cast<size_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(KeyFilter(hashes).bytes().data());
  state.SetItemsProcessed(static_cast<int64_t>(static_cast<size_t>(state.iterations()) * hashes.size()));
}
BENCHMARK(build_filter)->Arg(100'000)->Arg(2'000'000)->Unit(benchmark::kMicrosecond);

/// Probes of keys that are not there, in windows whose blocks are fetched together, as a lookup does.
void probe_filter(benchmark::State& state) {
  const KeyFilter filter(random_hashes(static_cast<size_t>(state.range(0)), 1));
  const std::vector<uint64_t> probes = random_hashes(1 << 16, 2);
  constexpr size_t kWindow = 32;
  size_t hits = 0;
  for (auto _ : state) {
    hits = 0;
    for (size_t begin = 0; begin < probes.size(); begin += kWindow) {
      for (size_t i = begin; i < begin + kWindow; ++i) filter.prefetch(probes[i]);
      for (size_t i = begin; i < begin + kWindow; ++i) hits += filter.may_contain(probes[i]);
    }
    benchmark::DoNotOptimize(hits);
  }
  state.SetItemsProcessed(static_cast<int64_t>(static_cast<size_t>(state.iterations()) * probes.size()));
  state.counters["false positives"] = static_cast<double>(hits) / static_cast<double>(probes.size());
}
BENCHMARK(probe_filter)->Arg(100'000)->Arg(2'000'000)->Arg(20'000'000)->Unit(benchmark::kMicrosecond);

void write_segment(benchmark::State& state) {
  const test::TempDir directory;
  const auto files = open_local_file_store(directory.path("segments")).value();
  auto schema = std::make_shared<TableSchema>();
  schema->key_count = 1;
  for (uint32_t i = 0; i < 6; ++i) {
    ColumnSchema column;
    column.id = ColumnId(i + 1);
    column.name = "c" + std::to_string(i);
    column.type = i == 5 ? DataType{TypeKind::kString} : i == 4 ? DataType{TypeKind::kDouble} : DataType{TypeKind::kBigInt};
    column.is_key = i == 0;
    column.nullable = i != 0;
    schema->columns.push_back(column);
  }
  std::mt19937_64 random(1);
  Block block = Block::for_schema(*schema);
  for (int row = 0; row < 500'000; ++row) {
    for (int i = 0; i < 4; ++i) block.columns[static_cast<size_t>(i)].append(static_cast<int64_t>(random() % 10'000'000));
    block.columns[4].append(static_cast<double>(random() % 100000) / 100);
    block.columns[5].append_bytes("city-" + std::to_string(random() % 1000));
  }
  RowsetId id(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_sorted_segment(*files, id, TabletId(1), schema, block, {}).ok());
    state.PauseTiming();
    static_cast<void>(files->remove(segment_file_name(id)).ok());
    id = id.next();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * block.row_count()));
}
BENCHMARK(write_segment)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freshet::storage

BENCHMARK_MAIN();
