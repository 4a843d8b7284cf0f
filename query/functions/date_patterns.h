#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "query/functions/times.h"

/// The patterns of DATE_FORMAT and STR_TO_DATE.
namespace freshet::query {

/// `moment` by a pattern of %-specifiers, or by one of Doris's named ones ("yyyyMMdd", "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss").
std::string formatted_moment(int64_t moment, std::string_view pattern);
/// TIME_FORMAT: hours may be above 23.
std::string formatted_time(int64_t time, std::string_view pattern);

/// What a pattern's values are.
enum class PatternKind : uint8_t { kDate, kTime, kMoment };
struct PatternParts {
  PatternKind kind = PatternKind::kDate;
  bool has_fraction = false;
};
PatternParts parts_of_pattern(std::string_view pattern);

/// STR_TO_DATE: microseconds since 1970, or of a time when the pattern has no day. What follows in the text is passed over;
/// nothing when the text is otherwise than the pattern.
std::optional<int64_t> parse_by_pattern(std::string_view text, std::string_view pattern);

}  // namespace freshet::query
