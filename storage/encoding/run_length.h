#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/coding.h"

namespace freshet::storage {

/// Fixed-width values that come in runs.
/// Layout: number of runs (4 bytes), the last row of each run (2 bytes each), the value of each run.
inline constexpr size_t kRunLengthHeaderBytes = 4;
/// Rows are numbered in 16 bits.
inline constexpr size_t kMaxRunLengthRows = 65536;

template <typename T>
constexpr size_t run_length_bytes(size_t runs) {
  return kRunLengthHeaderBytes + runs * (sizeof(uint16_t) + sizeof(T));
}

/// Runs of equal bits among `count` values.
template <typename T>
size_t count_runs(const T* values, size_t count) {
  size_t runs = 1;
  for (size_t i = 1; i < count; ++i) runs += std::memcmp(values + i, values + i - 1, sizeof(T)) != 0;
  return runs;
}

/// REQUIRES: 0 < count <= kMaxRunLengthRows, and `runs` is count_runs(values, count).
template <typename T>
void encode_run_length(const T* values, size_t count, size_t runs, std::string& out) {
  put_fixed(out, static_cast<uint32_t>(runs));
  std::string run_values;
  for (size_t i = 0; i < count; ++i) {
    if (i + 1 < count && std::memcmp(values + i, values + i + 1, sizeof(T)) == 0) continue;
    put_fixed(out, static_cast<uint16_t>(i));
    run_values.append(reinterpret_cast<const char*>(values + i), sizeof(T));
  }
  out += run_values;
}

/// An encoded run, read in place.
template <typename T>
class RunLengthView {
 public:
  using Value = T;
  /// REQUIRES: is_valid(body, row_count).
  RunLengthView(std::string_view body, size_t)
      : runs_(load_fixed<uint32_t>(body.data())),
        last_rows_(body.data() + kRunLengthHeaderBytes),
        values_(last_rows_ + runs_ * sizeof(uint16_t)) {}

  /// Whether the runs are as many as the body holds and cover `row_count` rows: O(runs).
  static bool is_valid(std::string_view body, size_t row_count) {
    if (body.size() < kRunLengthHeaderBytes || row_count > kMaxRunLengthRows) return false;
    const size_t runs = load_fixed<uint32_t>(body.data());
    if (runs == 0 || runs > row_count || body.size() != run_length_bytes<T>(runs)) return false;
    const RunLengthView view(body, row_count);
    for (size_t run = 1; run < runs; ++run) {
      if (view.last_row(run) <= view.last_row(run - 1)) return false;
    }
    return view.last_row(runs - 1) == row_count - 1;
  }

  void read(size_t first, size_t count, T* out) const {
    const size_t end = first + count;
    for (size_t run = run_of(first, 0); first < end; ++run) {
      const size_t run_end = std::min<size_t>(last_row(run) + 1, end);
      out = std::fill_n(out, run_end - first, value(run));
      first = run_end;
    }
  }
  /// The runs of rows [first, first + count): where each ends, relative to `first`, and its value. Returns their number, or
  /// 0 when they are more than `max_runs`. REQUIRES: count > 0.
  uint32_t read_runs(size_t first, size_t count, uint32_t max_runs, uint32_t* ends, T* values) const {
    const size_t end = first + count;
    size_t run = run_of(first, 0);
    for (uint32_t runs = 0; runs < max_runs; ++run) {
      const size_t run_end = std::min<size_t>(last_row(run) + 1, end);
      ends[runs] = static_cast<uint32_t>(run_end - first);
      values[runs++] = value(run);
      if (run_end == end) return runs;
    }
    return 0;
  }
  /// `rows` ascend.
  void gather(std::span<const uint32_t> rows, T* out) const {
    size_t run = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] > last_row(run)) run = run_of(rows[i], run);
      out[i] = value(run);
    }
  }

 private:
  uint32_t last_row(size_t run) const { return load_fixed<uint16_t>(last_rows_ + run * sizeof(uint16_t)); }
  T value(size_t run) const { return load_fixed<T>(values_ + run * sizeof(T)); }
  /// The run of `row`, which is `from` or a later one.
  size_t run_of(size_t row, size_t from) const {
    size_t left = runs_ - from;
    while (left > 1) {
      const size_t half = left / 2;
      const bool is_later = last_row(from + half - 1) < row;
      from = is_later ? from + half : from;
      left = is_later ? left - half : half;
    }
    return from;
  }

  size_t runs_;
  const char* last_rows_;
  const char* values_;
};

}  // namespace freshet::storage
