#include "storage/encoding/integer_plan.h"

#include "storage/base/assert.h"
#include "storage/encoding/exact_divisor.h"
#include "storage/encoding/frame_of_reference.h"
#include "storage/encoding/scaled_frame.h"

namespace freshet::storage {
namespace {

/// Steps looked at, far apart, before all of them are.
constexpr size_t kSampledSteps = 64;
/// Steps that are not smaller than the range by this factor on average are not measured.
constexpr uint64_t kMinRangePerStep = 8;

bool steps_may_pay(std::span<const uint64_t> quotients, uint64_t range) {
  const size_t distance = std::max<size_t>(quotients.size() / kSampledSteps, 1);
  UInt128 sum = 0, count = 0;
  for (size_t i = 1; i < quotients.size(); i += distance, ++count) {
    const uint64_t a = quotients[i - 1], b = quotients[i];
    sum += a < b ? b - a : a - b;
  }
  return sum * kMinRangePerStep < count * range;
}

}  // namespace

template <typename Unsigned>
void IntegerPlan::measure(std::span<const Unsigned> values, Unsigned smallest, Unsigned largest, FixedPageSizes& sizes) {
  const auto wide_range = static_cast<Unsigned>(largest - smallest);
  if constexpr (sizeof(Unsigned) == 16) {
    if ((wide_range >> 64) != 0) return;
  }
  const auto range = static_cast<uint64_t>(wide_range);
  offsets_.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    offsets_[i] = static_cast<uint64_t>(static_cast<Unsigned>(values[i] - smallest));
  }
  offset_bits_ = packed_bits_for(range);
  if (offset_bits_ < sizeof(Unsigned) * 8) sizes.frame = kFrameHeaderBytes + packed_bytes(values.size(), offset_bits_);

  scale_ = common_divisor(offsets_);
  quotient_bits_ = packed_bits_for(range / scale_);
  if (scale_ != 1) {
    const ExactDivisor divisor(scale_);
    quotients_.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) quotients_[i] = divisor.quotient(offsets_[i]);
    sizes.scaled_frame = kScaledFrameHeaderBytes + packed_bytes(values.size(), quotient_bits_);
  }
  if (values.size() <= kMaxDeltaRows && steps_may_pay(quotients(), range / scale_)) {
    sizes.delta = delta_.measure(quotients());
  }
}

void IntegerPlan::encode(PageEncoding encoding, Int128 smallest, std::string& out) {
  switch (encoding) {
    case PageEncoding::kFrameOfReference: return encode_frame_of_reference(smallest, offsets_, offset_bits_, out);
    case PageEncoding::kScaledFrame: return encode_scaled_frame(smallest, scale_, quotients_, quotient_bits_, out);
    case PageEncoding::kDelta: return delta_.encode(smallest, scale_, quotients(), out);
    default: FRESHET_ASSERT(!"an encoding of integers");
  }
}

template void IntegerPlan::measure(std::span<const uint8_t>, uint8_t, uint8_t, FixedPageSizes&);
template void IntegerPlan::measure(std::span<const uint16_t>, uint16_t, uint16_t, FixedPageSizes&);
template void IntegerPlan::measure(std::span<const uint32_t>, uint32_t, uint32_t, FixedPageSizes&);
template void IntegerPlan::measure(std::span<const uint64_t>, uint64_t, uint64_t, FixedPageSizes&);
template void IntegerPlan::measure(std::span<const UInt128>, UInt128, UInt128, FixedPageSizes&);

}  // namespace freshet::storage
