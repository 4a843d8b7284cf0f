#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace freshet::storage {

/// Numbers that rise by what `steps` say: out[i] = first + i * step + scale * (steps[0] + ... + steps[i - 1]), modulo
/// 2^(bits of T, at most 64). REQUIRES: the sum of all steps fits 32 bits.
template <typename T>
void running_sums(const uint32_t* steps, size_t count, T first, T step, uint32_t scale, T* out);

namespace detail {

#ifdef __AVX2__
/// For each lane the sum of the lanes before it and of `carry`, which becomes the sum of all.
inline __m256i sums_before(__m256i steps, __m256i& carry) {
  __m256i sums = _mm256_add_epi32(steps, _mm256_slli_si256(steps, 4));
  sums = _mm256_add_epi32(sums, _mm256_slli_si256(sums, 8));
  // The upper half starts from the sum of the lower one.
  const __m256i lower_half = _mm256_permute2x128_si256(sums, sums, 0x08);
  sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(lower_half, 0xFF));
  const __m256i before = _mm256_add_epi32(carry, _mm256_sub_epi32(sums, steps));
  carry = _mm256_add_epi32(carry, _mm256_permutevar8x32_epi32(sums, _mm256_set1_epi32(7)));
  return before;
}

inline __m256i ramp_of(uint32_t first, uint32_t step) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i rises = _mm256_mullo_epi32(lanes, _mm256_set1_epi32(static_cast<int>(step)));
  return _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(first)), rises);
}

/// The first of `count` numbers that whole vectors hold; returns how many.
inline size_t vector_running_sums(const uint32_t* steps, size_t count, uint32_t first, uint32_t step, uint32_t scale,
                                  uint32_t* out, uint32_t& sum) {
  __m256i carry = _mm256_setzero_si256(), ramp = ramp_of(first, step);
  const __m256i scales = _mm256_set1_epi32(static_cast<int>(scale)), rise = _mm256_set1_epi32(static_cast<int>(step * 8));
  size_t done = 0;
  for (; done + 8 <= count; done += 8) {
    const __m256i sums = sums_before(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(steps + done)), carry);
    const __m256i numbers = _mm256_add_epi32(_mm256_mullo_epi32(sums, scales), ramp);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + done), numbers);
    ramp = _mm256_add_epi32(ramp, rise);
  }
  sum = static_cast<uint32_t>(_mm256_cvtsi256_si32(carry));
  return done;
}

inline size_t vector_running_sums(const uint32_t* steps, size_t count, uint64_t first, uint64_t step, uint32_t scale,
                                  uint64_t* out, uint32_t& sum) {
  const auto ramp_from = [&](uint64_t lane) {
    const auto at = [&](uint64_t i) { return static_cast<int64_t>(first + (lane + i) * step); };
    return _mm256_setr_epi64x(at(0), at(1), at(2), at(3));
  };
  __m256i carry = _mm256_setzero_si256(), lower_ramp = ramp_from(0), upper_ramp = ramp_from(4);
  const __m256i scales = _mm256_set1_epi64x(scale), rise = _mm256_set1_epi64x(static_cast<int64_t>(step * 8));
  size_t done = 0;
  for (; done + 8 <= count; done += 8) {
    const __m256i sums = sums_before(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(steps + done)), carry);
    const __m256i lower = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(sums));
    const __m256i upper = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(sums, 1));
    const auto numbers = [&](__m256i of, __m256i ramp) { return _mm256_add_epi64(_mm256_mul_epu32(of, scales), ramp); };
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + done), numbers(lower, lower_ramp));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + done + 4), numbers(upper, upper_ramp));
    lower_ramp = _mm256_add_epi64(lower_ramp, rise);
    upper_ramp = _mm256_add_epi64(upper_ramp, rise);
  }
  sum = static_cast<uint32_t>(_mm256_cvtsi256_si32(carry));
  return done;
}
#endif

}  // namespace detail

template <typename T>
void running_sums(const uint32_t* steps, size_t count, T first, T step, uint32_t scale, T* out) {
  uint32_t sum = 0;
  size_t done = 0;
#ifdef __AVX2__
  if constexpr (sizeof(T) == 4 || sizeof(T) == 8) {
    done = detail::vector_running_sums(steps, count, first, step, scale, out, sum);
  }
#endif
  for (; done < count; ++done) {
    out[done] = static_cast<T>(uint64_t{first} + done * uint64_t{step} + uint64_t{sum} * scale);
    sum += steps[done];
  }
}

}  // namespace freshet::storage
