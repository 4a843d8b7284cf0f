#pragma once

#include <span>
#include <string>
#include <vector>

#include "storage/encoding/codec_choice.h"
#include "storage/encoding/delta.h"

namespace freshet::storage {

/// What a run of integers takes as differences to the smallest one: as they are, divided by what all have in common, or as
/// steps from one to the next. One run at a time; reusable; not thread-safe.
class IntegerPlan {
 public:
  /// Measures `values`, the bits of signed numbers between `smallest` and `largest`, not all equal, and sets frame,
  /// scaled_frame and delta of `sizes` where these are possible.
  template <typename Unsigned>
  void measure(std::span<const Unsigned> values, Unsigned smallest, Unsigned largest, FixedPageSizes& sizes);

  /// Appends the run measured last in one of the encodings that were possible. `smallest` is sign-extended.
  void encode(PageEncoding encoding, Int128 smallest, std::string& out);

 private:
  std::span<const uint64_t> quotients() const { return scale_ == 1 ? offsets_ : quotients_; }

  std::vector<uint64_t> offsets_;    ///< differences to the smallest value
  std::vector<uint64_t> quotients_;  ///< these divided by scale_, unless that is 1
  uint64_t scale_ = 1;
  unsigned offset_bits_ = 0;
  unsigned quotient_bits_ = 0;
  DeltaPlan delta_;
};

}  // namespace freshet::storage
