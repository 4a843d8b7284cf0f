#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/encoding/bit_packing.h"

namespace freshet::storage {

/// Floats that were written as decimals, as the integers of these decimals (after Afroozeh, Kuffo and Boncz, "ALP: Adaptive
/// Lossless floating-Point Compression", SIGMOD 2024).
///
/// A value is number / 10^digits, computed in double and, for FLOAT, rounded to it. The paper multiplies by two powers
/// instead; a division is correctly rounded, so that every decimal of up to 15 digits comes back as it was read, and there
/// is one parameter to find. Values that do not come back bit by bit (-0.0, NaN, infinities, more digits) are exceptions.
/// Layout: digits, width in bits, number of exceptions, zero (4 bytes each), smallest number (8 bytes), the packed
/// differences to it, the row of each exception (4 bytes each, ascending), their values.
inline constexpr size_t kAlpHeaderBytes = 24;
inline constexpr uint32_t kMaxAlpDigits = 18;

inline constexpr std::array<double, kMaxAlpDigits + 1> kPowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

/// Numbers of a smaller magnitude become doubles by an addition that vector units have.
inline constexpr int64_t kMaxAlpNumber = int64_t{1} << 51;
inline double alp_double(int64_t number) {
  constexpr double kMagic = 0x1.8p52;
  return std::bit_cast<double>(static_cast<uint64_t>(number) + std::bit_cast<uint64_t>(kMagic)) - kMagic;
}
template <typename T>
T alp_value(uint64_t number, double power) {
  return static_cast<T>(alp_double(static_cast<int64_t>(number)) / power);
}

/// How one run would be encoded. One run at a time; reusable; not thread-safe.
template <typename T>
class AlpPlan {
 public:
  /// Finds the digits of `values` and measures; false when too many values would be exceptions.
  bool measure(std::span<const T> values);
  size_t bytes() const {
    return kAlpHeaderBytes + packed_bytes(numbers_.size(), bits_) + exceptions_.size() * (4 + sizeof(T));
  }
  /// Appends what was measured. `values` are the same.
  void encode(std::span<const T> values, std::string& out) const;

 private:
  uint32_t digits_ = 0;
  unsigned bits_ = 0;
  int64_t smallest_ = 0;
  std::vector<int64_t> numbers_;  ///< of exceptions: that of another row
  std::vector<uint32_t> exceptions_;
};

/// An encoded run, read in place.
template <typename T>
class AlpView {
 public:
  using Value = T;
  /// REQUIRES: is_valid(body, row_count).
  AlpView(std::string_view body, size_t row_count)
      : power_(kPowersOfTen[load_fixed<uint32_t>(body.data())]),
        bits_(load_fixed<uint32_t>(body.data() + 4)),
        exceptions_(load_fixed<uint32_t>(body.data() + 8)),
        smallest_(load_fixed<uint64_t>(body.data() + 16)),
        packed_(body.data() + kAlpHeaderBytes),
        exception_rows_(packed_ + packed_bytes(row_count, bits_)),
        exception_values_(exception_rows_ + exceptions_ * sizeof(uint32_t)) {}

  /// Whether every access to rows below `row_count` stays inside `body`: O(exceptions).
  static bool is_valid(std::string_view body, size_t row_count);

  void read(size_t first, size_t count, T* out) const;
  /// `rows` ascend.
  void gather(std::span<const uint32_t> rows, T* out) const;

 private:
  uint32_t exception_row(size_t index) const { return load_fixed<uint32_t>(exception_rows_ + index * sizeof(uint32_t)); }
  T exception_value(size_t index) const { return load_fixed<T>(exception_values_ + index * sizeof(T)); }
  /// Position of the first exception at `row` or behind it.
  size_t first_exception(size_t row) const;

  double power_;
  uint32_t bits_;
  size_t exceptions_;
  uint64_t smallest_;
  const char* packed_;
  const char* exception_rows_;
  const char* exception_values_;
};

extern template class AlpPlan<float>;
extern template class AlpPlan<double>;
extern template class AlpView<float>;
extern template class AlpView<double>;

}  // namespace freshet::storage
