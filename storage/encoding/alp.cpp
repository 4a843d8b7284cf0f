#include "storage/encoding/alp.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace freshet::storage {
namespace {

/// Values looked at, far apart, to find the number of digits.
constexpr size_t kSampledValues = 64;
/// A run with more exceptions than one value in so many is given up.
constexpr size_t kMinRowsPerException = 8;
/// Numbers unpacked at a time.
constexpr size_t kUnpackedNumbers = 512;

template <typename T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// The number that stands for `value`; nothing when it would not come back bit by bit.
template <typename T>
std::optional<int64_t> number_of(T value, double power) {
  const double scaled = static_cast<double>(value) * power;
  if (!(std::fabs(scaled) < static_cast<double>(kMaxAlpNumber))) return std::nullopt;
  const int64_t number = std::llrint(scaled);
  if (!same_bits(alp_value<T>(static_cast<uint64_t>(number), power), value)) return std::nullopt;
  return number;
}

/// Bits for each value, exceptions included, that `digits` would take for a sample.
template <typename T>
size_t sampled_bits(std::span<const T> sample, uint32_t digits) {
  int64_t smallest = INT64_MAX, largest = INT64_MIN;
  size_t exceptions = 0;
  for (const T value : sample) {
    const auto number = number_of(value, kPowersOfTen[digits]);
    if (!number) {
      ++exceptions;
      continue;
    }
    smallest = std::min(smallest, *number);
    largest = std::max(largest, *number);
  }
  if (exceptions == sample.size()) return SIZE_MAX;
  const unsigned bits = packed_bits_for(static_cast<uint64_t>(largest) - static_cast<uint64_t>(smallest));
  return bits * sample.size() + exceptions * (sizeof(uint32_t) + sizeof(T)) * 8;
}

template <typename T>
uint32_t find_digits(std::span<const T> values) {
  std::vector<T> sample;
  const size_t step = std::max<size_t>(values.size() / kSampledValues, 1);
  for (size_t i = 0; i < values.size(); i += step) sample.push_back(values[i]);
  uint32_t best = 0;
  size_t best_bits = SIZE_MAX;
  for (uint32_t digits = 0; digits <= kMaxAlpDigits; ++digits) {
    const size_t bits = sampled_bits<T>(sample, digits);
    if (bits < best_bits) {
      best_bits = bits;
      best = digits;
    }
  }
  return best;
}

}  // namespace

template <typename T>
bool AlpPlan<T>::measure(std::span<const T> values) {
  digits_ = find_digits(values);
  numbers_.resize(values.size());
  exceptions_.clear();
  int64_t smallest = INT64_MAX, largest = INT64_MIN;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto number = number_of(values[i], kPowersOfTen[digits_]);
    if (!number) {
      exceptions_.push_back(static_cast<uint32_t>(i));
      if (exceptions_.size() * kMinRowsPerException > values.size()) return false;
      continue;
    }
    numbers_[i] = *number;
    smallest = std::min(smallest, *number);
    largest = std::max(largest, *number);
  }
  if (exceptions_.size() == values.size()) return false;
  for (const uint32_t row : exceptions_) numbers_[row] = smallest;
  smallest_ = smallest;
  bits_ = packed_bits_for(static_cast<uint64_t>(largest) - static_cast<uint64_t>(smallest));
  return true;
}

template <typename T>
void AlpPlan<T>::encode(std::span<const T> values, std::string& out) const {
  put_fixed<uint32_t>(out, digits_);
  put_fixed<uint32_t>(out, bits_);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(exceptions_.size()));
  put_fixed<uint32_t>(out, 0);
  put_fixed<int64_t>(out, smallest_);
  pack_deltas(reinterpret_cast<const uint64_t*>(numbers_.data()), numbers_.size(), static_cast<uint64_t>(smallest_), bits_,
              out);
  for (const uint32_t row : exceptions_) put_fixed(out, row);
  for (const uint32_t row : exceptions_) out.append(reinterpret_cast<const char*>(&values[row]), sizeof(T));
}

template <typename T>
bool AlpView<T>::is_valid(std::string_view body, size_t row_count) {
  if (body.size() < kAlpHeaderBytes) return false;
  const uint32_t bits = load_fixed<uint32_t>(body.data() + 4);
  const size_t exceptions = load_fixed<uint32_t>(body.data() + 8);
  if (load_fixed<uint32_t>(body.data()) > kMaxAlpDigits || !is_packed_width(bits) || exceptions > row_count) return false;
  if (body.size() != kAlpHeaderBytes + packed_bytes(row_count, bits) + exceptions * (sizeof(uint32_t) + sizeof(T))) {
    return false;
  }
  const AlpView view(body, row_count);
  for (size_t i = 1; i < exceptions; ++i) {
    if (view.exception_row(i) <= view.exception_row(i - 1)) return false;
  }
  return exceptions == 0 || view.exception_row(exceptions - 1) < row_count;
}

template <typename T>
size_t AlpView<T>::first_exception(size_t row) const {
  size_t begin = 0;
  for (size_t left = exceptions_; left > 0;) {
    const size_t half = left / 2;
    const bool is_before = exception_row(begin + half) < row;
    begin = is_before ? begin + half + 1 : begin;
    left = is_before ? left - half - 1 : half;
  }
  return begin;
}

template <typename T>
void AlpView<T>::read(size_t first, size_t count, T* out) const {
  std::array<uint64_t, kUnpackedNumbers> numbers;
  for (size_t done = 0; done < count;) {
    const size_t step = std::min(count - done, kUnpackedNumbers);
    unpack_deltas<uint64_t>(packed_, bits_, first + done, step, smallest_, numbers.data());
    for (size_t i = 0; i < step; ++i) out[done + i] = alp_value<T>(numbers[i], power_);
    done += step;
  }
  for (size_t i = first_exception(first); i < exceptions_ && exception_row(i) < first + count; ++i) {
    out[exception_row(i) - first] = exception_value(i);
  }
}

template <typename T>
void AlpView<T>::gather(std::span<const uint32_t> rows, T* out) const {
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t exception = exceptions_ == 0 ? 0 : first_exception(rows[i]);
    out[i] = exception < exceptions_ && exception_row(exception) == rows[i]
                 ? exception_value(exception)
                 : alp_value<T>(smallest_ + unpack_one(packed_, rows[i], bits_), power_);
  }
}

template class AlpPlan<float>;
template class AlpPlan<double>;
template class AlpView<float>;
template class AlpView<double>;

}  // namespace freshet::storage
