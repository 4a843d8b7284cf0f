#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "storage/encoding/page_encoding.h"

namespace freshet::storage {

/// A dictionary has at most this many values, so that its table of views is cheap to make for each scan of a page.
inline constexpr uint32_t kMaxDictionaryValues = 4096;
/// A dictionary pays when each of its values stands for at least this many rows.
inline constexpr uint32_t kMinRowsPerDictionaryValue = 4;

/// Most distinct values for which a page of `row_count` rows gets a dictionary.
constexpr uint32_t dictionary_limit(uint32_t row_count) {
  const uint32_t limit = row_count / kMinRowsPerDictionaryValue;
  return limit < kMaxDictionaryValues ? limit : kMaxDictionaryValues;
}

/// Bytes that the fixed-width values of one page would take in an encoding that is not possible for them.
inline constexpr size_t kNoEncoding = ~size_t{0};

/// Bytes that the fixed-width values of one page would take.
struct FixedPageSizes {
  size_t plain = kNoEncoding;
  size_t frame = kNoEncoding;
  size_t scaled_frame = kNoEncoding;
  size_t delta = kNoEncoding;
  size_t run_length = kNoEncoding;
  size_t alp = kNoEncoding;
};

/// The encoding of fixed-width values: the smallest, where those that take longer to decode must save more. In percent of
/// its size, what an encoding counts as (README.md has the speeds): one that decodes as fast as memory is read counts 100.
constexpr PageEncoding choose_fixed_encoding(const FixedPageSizes& sizes) {
  struct Candidate {
    PageEncoding encoding;
    size_t bytes;
    size_t percent;
  };
  const std::array candidates = {
      Candidate{PageEncoding::kPlain, sizes.plain, 100},
      Candidate{PageEncoding::kFrameOfReference, sizes.frame, 100},
      Candidate{PageEncoding::kRunLength, sizes.run_length, 100},
      Candidate{PageEncoding::kScaledFrame, sizes.scaled_frame, 110},
      Candidate{PageEncoding::kAlp, sizes.alp, 110},
      Candidate{PageEncoding::kDelta, sizes.delta, 130},
  };
  PageEncoding best = PageEncoding::kPlain;
  size_t best_cost = kNoEncoding;
  for (const Candidate& candidate : candidates) {
    if (candidate.bytes == kNoEncoding) continue;
    const size_t cost = candidate.bytes * candidate.percent;
    if (cost < best_cost) {
      best = candidate.encoding;
      best_cost = cost;
    }
  }
  return best;
}

}  // namespace freshet::storage
