#include "storage/encoding/exact_divisor.h"

#include <algorithm>
#include <numeric>

namespace freshet::storage {
namespace {

/// Numbers looked at, far apart, before all of them are.
constexpr size_t kSampledNumbers = 32;

}  // namespace

uint64_t common_divisor(std::span<const uint64_t> numbers) {
  uint64_t divisor = 0;
  const size_t step = std::max<size_t>(numbers.size() / kSampledNumbers, 1);
  for (size_t i = 0; i < numbers.size(); i += step) {
    divisor = std::gcd(divisor, numbers[i]);
    if (divisor == 1) return 1;
  }
  for (size_t i = 0; i < numbers.size();) {
    if (divisor == 0) {
      divisor = numbers[i++];
      continue;
    }
    const ExactDivisor exact(divisor);
    while (i < numbers.size() && exact.divides(numbers[i])) ++i;
    if (i < numbers.size()) divisor = std::gcd(divisor, numbers[i]);
    if (divisor == 1) return 1;
  }
  return std::max<uint64_t>(divisor, 1);
}

}  // namespace freshet::storage
