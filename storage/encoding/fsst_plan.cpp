#include "storage/encoding/fsst_plan.h"

#include <algorithm>
#include <vector>

#include "storage/encoding/plain.h"

namespace freshet::storage {
namespace {

/// Pages of fewer bytes do not win enough: learning takes about half a millisecond whatever their size. Of pages with more,
/// checking every code when one is loaded takes long.
constexpr size_t kMinFsstBytes = 16 * 1024;
constexpr size_t kMaxFsstBytes = size_t{16} << 20;
/// Symbols are learnt from so many bytes of rows far apart, or a little more.
constexpr size_t kSymbolSampleBytes = 16 * 1024;
/// Compression is tried on so many bytes of neighbouring rows, since it finds repetitions of neighbours.
constexpr size_t kCompressedSampleBytes = 32 * 1024;
/// Codes are decoded by every scan, so they must save more. In percent of their size, what they count as.
constexpr double kFsstPercent = 125;
/// Symbols of an earlier page are kept while they do this well, compared with the page that they were learnt from.
constexpr double kKeptRatio = 1.05;
/// Bytes of a row beside its codes: the packed number of codes, and its share of a block's entry.
constexpr double kRowBytes = 1.25;

std::vector<std::string_view> spread_sample(std::span<const std::string_view> values, size_t bytes) {
  std::vector<std::string_view> sample;
  const size_t step = std::max<size_t>(bytes / kSymbolSampleBytes, 1);
  for (size_t i = 0; i < values.size(); i += step) {
    if (!values[i].empty()) sample.push_back(values[i].substr(0, kSymbolSampleBytes));
  }
  return sample;
}

size_t total_bytes(std::span<const std::string_view> values) {
  size_t bytes = 0;
  for (const std::string_view value : values) bytes += value.size();
  return bytes;
}

/// What part of their size plain values keep when they are compressed.
double compressed_ratio(std::span<const std::string_view> values, PageCompression compression) {
  size_t rows = 0;
  for (size_t bytes = 0; rows < values.size() && bytes < kCompressedSampleBytes; ++rows) {
    bytes += values[rows].size() + sizeof(uint32_t);
  }
  std::string plain, stored;
  encode_plain_bytes(values.first(rows), plain);
  return compress(compression, plain, stored) ? static_cast<double>(stored.size()) / static_cast<double>(plain.size()) : 1;
}

}  // namespace

double FsstPlan::learn(std::span<const std::string_view> sample, size_t sample_bytes, size_t bytes) {
  const auto ratio_of = [&] {
    return static_cast<double>(table_->encoded_bytes(sample)) / static_cast<double>(sample_bytes);
  };
  if (table_) {
    const double ratio = ratio_of();
    if (ratio <= table_ratio_ * kKeptRatio) return ratio;
  }
  table_ = SymbolTable::learn(sample, static_cast<double>(bytes) / static_cast<double>(sample_bytes));
  return table_ratio_ = ratio_of();
}

const SymbolTable* FsstPlan::measure(std::span<const std::string_view> values, PageCompression compression) {
  const size_t bytes = total_bytes(values);
  if (bytes < kMinFsstBytes || bytes > kMaxFsstBytes) return nullptr;
  const std::vector<std::string_view> sample = spread_sample(values, bytes);
  const double ratio = learn(sample, total_bytes(sample), bytes);
  const auto rows = static_cast<double>(values.size());
  const double codes = static_cast<double>(bytes) * ratio + rows * kRowBytes +
                       static_cast<double>(table_->symbols().size()) * (sizeof(uint64_t) + 1);
  const double plain = static_cast<double>(bytes) + rows * sizeof(uint32_t);
  const double most = plain * 100 / kFsstPercent;
  if (codes < most && codes < most * compressed_ratio(values, compression)) return &*table_;
  table_.reset();
  return nullptr;
}

}  // namespace freshet::storage
