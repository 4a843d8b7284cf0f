#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace freshet::storage {

/// Divides numbers that are its multiples, and tells whether they are, without a division (Granlund and Montgomery,
/// "Division by Invariant Integers using Multiplication", section 9).
class ExactDivisor {
 public:
  /// REQUIRES: divisor != 0.
  explicit ExactDivisor(uint64_t divisor)
      : shift_(std::countr_zero(divisor)), inverse_(inverse_of(divisor >> shift_)), limit_(~uint64_t{0} / divisor) {}

  bool divides(uint64_t number) const { return std::rotr(number * inverse_, shift_) <= limit_; }
  /// REQUIRES: divides(number).
  uint64_t quotient(uint64_t number) const { return (number >> shift_) * inverse_; }

 private:
  /// Of an odd number modulo 2^64: each step of Newton's doubles the right bits, of which there are five at first.
  static uint64_t inverse_of(uint64_t odd) {
    uint64_t inverse = (odd * 3) ^ 2;
    for (int step = 0; step < 4; ++step) inverse *= 2 - odd * inverse;
    return inverse;
  }

  int shift_;
  uint64_t inverse_;
  uint64_t limit_;
};

/// Greatest common divisor of all `numbers`; 1 when all are 0. Usually gives up after a few numbers.
uint64_t common_divisor(std::span<const uint64_t> numbers);

}  // namespace freshet::storage
