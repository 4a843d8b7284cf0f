#pragma once

#include <cstdint>
#include <string_view>

#include "storage/types/value_text.h"

namespace freshet {

inline constexpr int32_t kMinDate = -719528;  ///< 0000-01-01
inline constexpr int32_t kMaxDate = 2932896;  ///< 9999-12-31
inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

/// Dates and times as loads write them, surrounding blanks skipped:
///   2026-01-02, 2026/1/2, 20260102; after it, optionally, a blank or 'T' and
///   03:04:05, 03:04, 03, 030405 (the last also right behind 20260102); then .678; then Z, +08, +08:00 or +0800.
/// An offset turns a DATETIME into UTC; a DATE is the date as it is written. Fractions are rounded half up to `scale`
/// digits.
TextError parse_date(std::string_view text, int32_t& days);
TextError parse_datetime(std::string_view text, unsigned scale, int64_t& micros);

}  // namespace freshet
