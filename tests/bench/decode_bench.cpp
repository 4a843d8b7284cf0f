// Rows per second of the decoders on six narrow columns, one core: build/decode_bench
#include <benchmark/benchmark.h>

#include <random>

#include "ingest/decode/decoder.h"
#include "unit/ingest/fake_storage.h"

namespace freshet::ingest {
namespace {

constexpr size_t kRows = 200'000;
constexpr size_t kPieceBytes = 64 * 1024;

storage::TableSnapshotPtr bench_table() {
  return make_table({"id bigint key not null", "city string", "amount decimal", "day date", "count int", "score double"});
}

std::string body_of(bool is_json) {
  std::mt19937 random(42);
  std::string body;
  for (size_t i = 0; i < kRows; ++i) {
    const auto id = random(), city = random() % 1000, cents = random() % 1000000, day = random() % 28 + 1,
               count = random() % 10000;
    const double score = (random() % 100000) / 100.0;
    body += is_json ? fmt::format(
                          "{{\"id\":{},\"city\":\"city{}\",\"amount\":{}.{:02},\"day\":\"2024-05-{:02}\",\"count\":{},"
                          "\"score\":{}}}\n",
                          id, city, cents / 100, cents % 100, day, count, score)
                    : fmt::format("{},city{},{}.{:02},2024-05-{:02},{},{}\n", id, city, cents / 100, cents % 100, day, count,
                                  score);
  }
  return body;
}

void run(benchmark::State& state, const LoadRequest& request, const std::string& body) {
  const auto table = bench_table();
  FakeStorage storage(table);
  for (auto _ : state) {
    RowErrors errors(10);
    size_t rows = 0;
    DecodeTarget target{storage, table, errors, [&](const Block& block) {
                          rows += block.row_count();
                          return Status::OK();
                        }};
    auto decoder = make_decoder(request, std::move(target));
    for (size_t at = 0; at < body.size(); at += kPieceBytes) {
      if (!decoder.value()->feed(std::string_view(body).substr(at, kPieceBytes)).ok()) state.SkipWithError("feed");
    }
    if (!decoder.value()->finish().ok() || rows != kRows) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}

void decode_csv(benchmark::State& state) {
  LoadRequest request;
  request.column_separator = ",";
  run(state, request, body_of(false));
}
BENCHMARK(decode_csv)->Unit(benchmark::kMillisecond);

void decode_csv_enclosed(benchmark::State& state) {
  LoadRequest request;
  request.column_separator = ",";
  request.enclose = '"';
  run(state, request, body_of(false));
}
BENCHMARK(decode_csv_enclosed)->Unit(benchmark::kMillisecond);

void decode_json_lines(benchmark::State& state) {
  LoadRequest request;
  request.format = LoadFormat::kJson;
  request.read_json_by_line = true;
  run(state, request, body_of(true));
}
BENCHMARK(decode_json_lines)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freshet::ingest

BENCHMARK_MAIN();
