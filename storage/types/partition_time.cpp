#include "storage/types/partition_time.h"

#include <algorithm>

#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet {
namespace {

constexpr int64_t kHourMicros = 3'600'000'000;
constexpr int64_t kDayMicros = 24 * kHourMicros;
/// 9999-12-31 24:00.
constexpr int64_t kEndOfTime = 253'402'300'800'000'000;
constexpr int kLastYear = 9999;
constexpr unsigned kMonths = 12;
/// 1970-01-01 was a Thursday.
constexpr int64_t kDaysFromMonday = 3;

int64_t floor_to(int64_t value, int64_t step) {
  const int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

struct Civil {
  int year = 0;
  unsigned month = 1;
  unsigned day = 1;
  int64_t micros = 0;  ///< of the day
};

Civil civil_of(int64_t micros) {
  const int64_t start = floor_to(micros, kDayMicros);
  Civil civil;
  civil_from_days(static_cast<int32_t>(start / kDayMicros), civil.year, civil.month, civil.day);
  civil.micros = micros - start;
  return civil;
}

unsigned days_of_month(int year, unsigned month) {
  const int next_year = month == kMonths ? year + 1 : year;
  return static_cast<unsigned>(days_from_civil(next_year, month % kMonths + 1, 1) - days_from_civil(year, month, 1));
}

int64_t micros_of(int year, unsigned month, unsigned day) { return days_from_civil(year, month, day) * kDayMicros; }

int64_t add_months(int64_t micros, int64_t count) {
  const Civil from = civil_of(micros);
  const int64_t months = from.year * int64_t{kMonths} + (from.month - 1) + count;
  const int64_t year = floor_to(months, kMonths) / kMonths;
  if (year > kLastYear) return kEndOfTime;
  const auto month = static_cast<unsigned>(months - year * kMonths) + 1;
  const unsigned day = std::min(from.day, days_of_month(static_cast<int>(year), month));
  return micros_of(static_cast<int>(year), month, day) + from.micros;
}

BoundTuple time_bound(const DataType& type, int64_t micros) {
  BoundValue value;
  if (type.kind == TypeKind::kDate) {
    format_date(static_cast<int32_t>(floor_to(micros, kDayMicros) / kDayMicros), value.text);
  } else {
    format_datetime(micros, type.scale, value.text);
  }
  return {std::move(value)};
}

/// Letters, digits and bytes of other scripts stay.
std::string name_part(const BoundValue& value) {
  if (value.kind == BoundValue::Kind::kNull) return "X";
  std::string part;
  for (char c : value.text) {
    const bool stays = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
    part += stays ? c : '_';
  }
  return part + std::to_string(value.text.size());
}

}  // namespace

int64_t truncate_time(PartitionUnit unit, int64_t micros) {
  const Civil civil = civil_of(micros);
  switch (unit) {
    case PartitionUnit::kNone: break;
    case PartitionUnit::kHour: return floor_to(micros, kHourMicros);
    case PartitionUnit::kDay: return floor_to(micros, kDayMicros);
    case PartitionUnit::kWeek:
      return floor_to(micros + kDaysFromMonday * kDayMicros, 7 * kDayMicros) - kDaysFromMonday * kDayMicros;
    case PartitionUnit::kMonth: return micros_of(civil.year, civil.month, 1);
    case PartitionUnit::kQuarter: return micros_of(civil.year, (civil.month - 1) / 3 * 3 + 1, 1);
    case PartitionUnit::kYear: return micros_of(civil.year, 1, 1);
  }
  return micros;
}

int64_t add_time(PartitionUnit unit, int64_t micros, int64_t count) {
  switch (unit) {
    case PartitionUnit::kNone: break;
    case PartitionUnit::kHour: return micros + count * kHourMicros;
    case PartitionUnit::kDay: return micros + count * kDayMicros;
    case PartitionUnit::kWeek: return micros + count * 7 * kDayMicros;
    case PartitionUnit::kMonth: return add_months(micros, count);
    case PartitionUnit::kQuarter: return add_months(micros, count * 3);
    case PartitionUnit::kYear: return add_months(micros, count * kMonths);
  }
  return micros;
}

PartitionBounds time_bounds(const DataType& type, int64_t low_micros, int64_t high_micros) {
  PartitionBounds bounds;
  bounds.low = time_bound(type, low_micros);
  if (high_micros < kEndOfTime) bounds.high = time_bound(type, high_micros);
  return bounds;
}

std::string time_partition_name(std::string_view prefix, PartitionUnit unit, int64_t micros) {
  const Civil civil = civil_of(micros);
  switch (unit) {
    case PartitionUnit::kYear: return fmt::format("{}{:04}", prefix, civil.year);
    case PartitionUnit::kQuarter:
    case PartitionUnit::kMonth: return fmt::format("{}{:04}{:02}", prefix, civil.year, civil.month);
    case PartitionUnit::kWeek: {
      // ISO: the week belongs to the year of its Thursday.
      const Civil thursday = civil_of(micros + kDaysFromMonday * kDayMicros);
      const int64_t days = (micros + kDaysFromMonday * kDayMicros - micros_of(thursday.year, 1, 1)) / kDayMicros;
      return fmt::format("{}{:04}_{:02}", prefix, thursday.year, days / 7 + 1);
    }
    case PartitionUnit::kHour:
      return fmt::format("{}{:04}{:02}{:02}{:02}", prefix, civil.year, civil.month, civil.day, civil.micros / kHourMicros);
    case PartitionUnit::kNone:
    case PartitionUnit::kDay: break;
  }
  return fmt::format("{}{:04}{:02}{:02}", prefix, civil.year, civil.month, civil.day);
}

Result<PartitionDefinition> auto_partition(const TableSchema& schema, const PartitionScheme& scheme,
                                           const BoundTuple& values) {
  PartitionDefinition made;
  made.name = "p";
  if (scheme.kind == PartitionKind::kList) {
    for (const BoundValue& value : values) made.name += name_part(value);
    if (made.name.size() > kMaxNameBytes) {
      size_t end = kMaxNameBytes - 8;
      while (end > 0 && (static_cast<unsigned char>(made.name[end]) & 0xc0) == 0x80) --end;
      made.name.resize(end);
    }
    made.bounds.values.push_back(values);
    return made;
  }
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> columns, partition_columns(schema, scheme));
  const ColumnSchema& column = schema.columns[columns.at(0)];
  Column time(column.type);
  if (values.at(0).kind != BoundValue::Kind::kText || append_text(time, values[0].text) != TextError::kNone) {
    return Status::InvalidArgument("AUTO PARTITION BY RANGE makes no partition for {} of column '{}'", bound_text(values),
                                   column.name);
  }
  const int64_t micros =
      column.type.kind == TypeKind::kDate ? time.values<int32_t>()[0] * kDayMicros : time.values<int64_t>()[0];
  const int64_t low = truncate_time(scheme.unit, micros);
  made.bounds = time_bounds(column.type, low, add_time(scheme.unit, low, 1));
  const Civil civil = civil_of(low);
  made.name += fmt::format("{:04}{:02}{:02}{:02}0000", civil.year, civil.month, civil.day, civil.micros / kHourMicros);
  return made;
}

}  // namespace freshet
