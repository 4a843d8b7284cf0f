// What one core does with a vector of 2048 rows on its way through a scan's filters, beside doing it row by row.
// Run: build/scan_bench
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "query/scan/compare_values.h"
#include "storage/types/data_type.h"

namespace freshet::query {
namespace {

using storage::RowBits;

template <typename T>
std::vector<T> random_values(uint64_t limit) {
  std::mt19937_64 random(1);
  std::vector<T> values(kVectorRows);
  for (T& value : values) value = static_cast<T>(random() % limit);
  return values;
}

RowBits random_rows(int64_t percent) {
  std::mt19937_64 random(1);
  RowBits rows = RowBits::none();
  for (uint32_t row = 0; row < kVectorRows; ++row) {
    if (random() % 100 < static_cast<uint64_t>(percent)) rows.set_range(row, row + 1);
  }
  return rows;
}

void set_rows(benchmark::State& state) { state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kVectorRows); }

template <typename T>
void compare(benchmark::State& state) {
  const std::vector<T> values = random_values<T>(100);
  for (auto _ : state) benchmark::DoNotOptimize(compare_values<T>(values.data(), kVectorRows, Comparison::kLess, 40));
  set_rows(state);
}
BENCHMARK(compare<int8_t>);
BENCHMARK(compare<int16_t>);
BENCHMARK(compare<int32_t>);
BENCHMARK(compare<int64_t>);

void compare_row_by_row(benchmark::State& state) {
  const std::vector<int32_t> values = random_values<int32_t>(100);
  std::vector<uint32_t> rows(kVectorRows);
  for (auto _ : state) {
    uint32_t count = 0;
    for (uint32_t row = 0; row < kVectorRows; ++row) {
      rows[count] = row;
      count += values[row] < 40;
    }
    benchmark::DoNotOptimize(count);
    benchmark::DoNotOptimize(rows.data());
    benchmark::ClobberMemory();
  }
  set_rows(state);
}
BENCHMARK(compare_row_by_row);

void codes(benchmark::State& state) {
  const auto entries = static_cast<uint32_t>(state.range(0));
  const std::vector<uint32_t> of_rows = random_values<uint32_t>(entries);
  const std::vector<uint32_t> wanted((entries + 31) / 32, 0x11111111);
  for (auto _ : state) benchmark::DoNotOptimize(rows_with_codes(of_rows.data(), kVectorRows, wanted));
  set_rows(state);
}
BENCHMARK(codes)->Arg(5)->Arg(300);

/// Values of `range(0)` percent of the rows are moved together.
template <typename T>
void keep(benchmark::State& state) {
  const RowBits wanted = random_rows(state.range(0));
  std::vector<T> values = random_values<T>(100);
  for (auto _ : state) {
    storage::keep_values(values.data(), sizeof(T), wanted);
    benchmark::DoNotOptimize(values.data());
    benchmark::ClobberMemory();
  }
  set_rows(state);
}
BENCHMARK(keep<uint8_t>)->Arg(70);
BENCHMARK(keep<uint16_t>)->Arg(70);
BENCHMARK(keep<uint32_t>)->Arg(70)->Arg(10);
BENCHMARK(keep<uint64_t>)->Arg(70)->Arg(10);
BENCHMARK(keep<Int128>)->Arg(70);

void keep_row_by_row(benchmark::State& state) {
  std::vector<uint32_t> rows(kVectorRows);
  rows.resize(random_rows(70).list(rows.data()));
  std::vector<uint64_t> values = random_values<uint64_t>(100);
  for (auto _ : state) {
    for (size_t i = 0; i < rows.size(); ++i) values[i] = values[rows[i]];
    benchmark::DoNotOptimize(values.data());
    benchmark::ClobberMemory();
  }
  set_rows(state);
}
BENCHMARK(keep_row_by_row);

void list_rows(benchmark::State& state) {
  const RowBits wanted = random_rows(state.range(0));
  std::vector<uint32_t> rows(kVectorRows);
  for (auto _ : state) {
    benchmark::DoNotOptimize(wanted.list(rows.data()));
    benchmark::ClobberMemory();
  }
  set_rows(state);
}
BENCHMARK(list_rows)->Arg(70)->Arg(1);

}  // namespace
}  // namespace freshet::query

BENCHMARK_MAIN();
