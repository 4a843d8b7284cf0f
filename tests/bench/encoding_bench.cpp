// What one core does with a page of 8192 values in each encoding: write it, read it whole, read one row of it.
// Run: build/encoding_bench
#include <benchmark/benchmark.h>

#include <functional>
#include <random>

#include "storage/base/limits.h"
#include "storage/segment/column_page.h"
#include "storage/segment/page_encoder.h"

namespace freshet::storage {
namespace {

constexpr size_t kRows = 8192;

struct Sample {
  const char* name;
  PageEncoding encoding;
  DataType type;
  std::function<void(Column&, std::mt19937_64&, size_t)> append;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"plain: random bigint",
       PageEncoding::kPlain,
       {TypeKind::kBigInt},
       [](Column& column, auto& random, size_t) { column.append(static_cast<int64_t>(random())); }},
      {"frame of reference: bigint of 20 bits",
       PageEncoding::kFrameOfReference,
       {TypeKind::kBigInt},
       [](Column& column, auto& random, size_t) { column.append(static_cast<int64_t>(random() >> 44)); }},
      {"scaled frame: datetime of whole seconds",
       PageEncoding::kScaledFrame,
       {TypeKind::kDateTime},
       [](Column& column, auto& random, size_t) { column.append(static_cast<int64_t>(random() % 31'536'000 * 1'000'000)); }},
      {"delta: rising bigint",
       PageEncoding::kDelta,
       {TypeKind::kBigInt},
       [](Column& column, auto& random, size_t row) { column.append(static_cast<int64_t>(row * 4 + random() % 4)); }},
      {"run length: bigint in runs of 64",
       PageEncoding::kRunLength,
       {TypeKind::kBigInt},
       [](Column& column, auto&, size_t row) { column.append(static_cast<int64_t>(row / 64 * 0x9E3779B97F4A7C15 >> 8)); }},
      {"alp: double of two decimals",
       PageEncoding::kAlp,
       {TypeKind::kDouble},
       [](Column& column, auto& random, size_t) { column.append(static_cast<double>(random() % 1'000'000) / 100); }},
      {"alp: float of two decimals",
       PageEncoding::kAlp,
       {TypeKind::kFloat},
       [](Column& column, auto& random, size_t) { column.append(static_cast<float>(random() % 10'000) / 100); }},
  };
  return all;
}

struct EncodedSample {
  explicit EncodedSample(const Sample& sample) : values(sample.type) {
    std::mt19937_64 random(1);
    for (size_t row = 0; row < kRows; ++row) sample.append(values, random, row);
    ZoneMap zone;
    const PageHeader header = encoder.encode(values, 0, kRows, zone);
    if (header.encoding != sample.encoding) std::abort();
    bytes = encoder.payload().size();
    page = make_column_page(frame_of(header, encoder.payload()));
  }
  static PageCache::PagePtr frame_of(const PageHeader& header, std::string_view payload);

  Column values;
  PageEncoder encoder{PageCompression::kLz4};
  size_t bytes = 0;
  std::shared_ptr<const ColumnPage> page;
};

PageCache::PagePtr EncodedSample::frame_of(const PageHeader& header, std::string_view payload) {
  std::string frame;
  put_fixed(frame, header.kind);
  put_fixed(frame, header.encoding);
  put_fixed(frame, header.compression);
  put_fixed(frame, header.physical);
  put_fixed(frame, header.row_count);
  frame.resize(kPageHeaderBytes);
  frame.append(payload);
  return std::make_shared<const std::string>(std::move(frame));
}

void set_rows(benchmark::State& state, const EncodedSample& sample, const Sample& of, size_t rows) {
  state.SetItemsProcessed(static_cast<int64_t>(static_cast<size_t>(state.iterations()) * rows));
  state.SetLabel(std::string(of.name) + ", " + std::to_string(sample.bytes) + " bytes");
}

void encode_page(benchmark::State& state) {
  const Sample& of = samples()[static_cast<size_t>(state.range(0))];
  EncodedSample sample(of);
  ZoneMap zone;
  for (auto _ : state) benchmark::DoNotOptimize(sample.encoder.encode(sample.values, 0, kRows, zone));
  set_rows(state, sample, of, kRows);
}
BENCHMARK(encode_page)->DenseRange(0, 6);

void read_page(benchmark::State& state) {
  const Sample& of = samples()[static_cast<size_t>(state.range(0))];
  const EncodedSample sample(of);
  std::vector<uint64_t> out(kVectorRows);
  for (auto _ : state) {
    for (uint32_t first = 0; first < kRows; first += kVectorRows) {
      sample.page->read_fixed(first, kVectorRows, out.data());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
  }
  set_rows(state, sample, of, kRows);
}
BENCHMARK(read_page)->DenseRange(0, 6);

void read_row(benchmark::State& state) {
  const Sample& of = samples()[static_cast<size_t>(state.range(0))];
  const EncodedSample sample(of);
  std::mt19937_64 random(1);
  uint64_t out = 0;
  for (auto _ : state) {
    const auto row = static_cast<uint32_t>(random() % kRows);
    sample.page->gather_fixed({&row, 1}, &out);
    benchmark::DoNotOptimize(out);
  }
  set_rows(state, sample, of, 1);
}
BENCHMARK(read_row)->DenseRange(0, 6);

/// Texts of 40 bytes on average: 0 paths that FSST codes, 1 bytes that nothing shrinks.
EncodedSample text_sample(int64_t kind) {
  const auto encoding = kind == 0 ? PageEncoding::kFsst : PageEncoding::kPlain;
  const auto append = [kind](Column& column, std::mt19937_64& random, size_t) {
    std::string text =
        "/account/orders/" + std::to_string(random() % 10'000'000) + "?session=" + std::to_string(random() % 100'000'000);
    for (size_t i = 0; kind == 1 && i < text.size(); ++i) text[i] = static_cast<char>(random());
    column.append_bytes(text);
  };
  return EncodedSample({"", encoding, {TypeKind::kString}, append});
}

void encode_texts(benchmark::State& state) {
  EncodedSample sample = text_sample(state.range(0));
  ZoneMap zone;
  for (auto _ : state) benchmark::DoNotOptimize(sample.encoder.encode(sample.values, 0, kRows, zone));
  state.SetBytesProcessed(static_cast<int64_t>(static_cast<size_t>(state.iterations()) * sample.values.offsets()[kRows]));
  state.SetLabel(std::to_string(sample.bytes) + " of " + std::to_string(sample.values.offsets()[kRows]) + " bytes");
}
BENCHMARK(encode_texts)->DenseRange(0, 1);

void read_texts(benchmark::State& state) {
  const EncodedSample sample = text_sample(state.range(0));
  std::vector<std::string_view> out(kVectorRows);
  for (auto _ : state) {
    for (uint32_t first = 0; first < kRows; first += kVectorRows) {
      DecodedBytes decoded;
      sample.page->read_bytes(first, kVectorRows, out.data(), decoded);
      benchmark::DoNotOptimize(out.data());
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(static_cast<size_t>(state.iterations()) * kRows));
}
BENCHMARK(read_texts)->DenseRange(0, 1);

void read_text(benchmark::State& state) {
  const EncodedSample sample = text_sample(state.range(0));
  std::mt19937_64 random(1);
  for (auto _ : state) {
    DecodedBytes decoded;
    benchmark::DoNotOptimize(sample.page->bytes_at(static_cast<uint32_t>(random() % kRows), decoded));
  }
}
BENCHMARK(read_text)->DenseRange(0, 1);

}  // namespace
}  // namespace freshet::storage

BENCHMARK_MAIN();
