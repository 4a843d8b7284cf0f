#include <algorithm>
#include <duckdb/planner/expression/list.hpp>

#include "query/duckdb/functions/date_begin.h"
#include "query/duckdb/functions/date_shift.h"
#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/functions/operands.h"
#include "query/functions/date_patterns.h"
#include "query/functions/intervals.h"
#include "query/functions/times.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

constexpr unsigned kModeOfIsoWeeks = 3;

IntervalUnit unit_of(std::string_view name) {
  const auto unit = interval_unit(name);
  if (!unit) throw duckdb::InvalidInputException("Unknown unit of time '%s'", std::string(name));
  return *unit;
}

// --- parts ---

void weekday(const Row& row, Answer& answer) { answer.integer(weekday_of(row.day(0))); }
void dayofweek(const Row& row, Answer& answer) { answer.integer((weekday_of(row.day(0)) + 1) % 7 + 1); }
void week(const Row& row, Answer& answer) {
  int year = 0;
  answer.integer(week_of(row.day(0), row.size() > 1 ? static_cast<unsigned>(row.integer(1) & 7) : 0, year));
}
void weekofyear(const Row& row, Answer& answer) {
  int year = 0;
  answer.integer(week_of(row.day(0), kModeOfIsoWeeks, year));
}
void yearweek(const Row& row, Answer& answer) {
  answer.integer(year_and_week(row.day(0), row.size() > 1 ? static_cast<unsigned>(row.integer(1) & 7) : 0));
}
void dayname(const Row& row, Answer& answer) { answer.text(formatted_moment(row.day(0) * kMicrosPerDay, "%W")); }
void monthname(const Row& row, Answer& answer) { answer.text(formatted_moment(row.day(0) * kMicrosPerDay, "%M")); }
void last_day(const Row& row, Answer& answer) {
  const Civil civil = civil_of(row.day(0) * kMicrosPerDay);
  answer.day(row.day(0) + days_in_month(civil.year, civil.month) - civil.day);
}
void extract_of_moment(const Row& row, Answer& answer) { answer.integer(extracted(unit_of(row.text(0)), row.integer(1))); }
void extract_of_time(const Row& row, Answer& answer) {
  answer.integer(extracted_of_time(unit_of(row.text(0)), row.integer(1)));
}
void day_number(const Row& row, Answer& answer) { answer.integer(row.day(0) + kDaysBefore1970); }
void to_seconds(const Row& row, Answer& answer) {
  answer.integer(row.integer(0) / kMicrosPerSecond + kDaysBefore1970 * 86400);
}
void from_days(const Row& row, Answer& answer) {
  const int64_t day = row.integer(0) - kDaysBefore1970;
  constexpr int64_t kFirstDay = 366;
  if (row.integer(0) >= kFirstDay && row.integer(0) < 3'652'425 && in_range(day * kMicrosPerDay)) answer.day(day);
}

// --- made of numbers ---

void makedate(const Row& row, Answer& answer) {
  int64_t year = row.integer(0);
  if (year < 0 || year > 9999 || row.integer(1) < 1 || row.integer(1) > 4'000'000) return;
  if (year < 100) year += year < 70 ? 2000 : 1900;
  const int64_t day = days_from_civil(static_cast<int>(year), 1, 1) + row.integer(1) - 1;
  if (in_range(day * kMicrosPerDay)) answer.day(day);
}
void maketime(const Row& row, Answer& answer) {
  const int64_t minutes = row.integer(1);
  const double seconds = row.real(2);
  if (minutes < 0 || minutes > 59 || seconds < 0 || seconds >= 60) return;
  const int64_t hours = row.integer(0);
  const int64_t magnitude = std::min<int64_t>(std::abs(hours), 839) * kMicrosPerHour + minutes * kMicrosPerMinute +
                            static_cast<int64_t>(std::llround(seconds * 1e6));
  const int64_t time = std::min(magnitude, kLargestTimeMicros);
  answer.text(time_text(hours < 0 ? -time : time));
}
void sec_to_time(const Row& row, Answer& answer) {
  const double limit = static_cast<double>(kLargestTimeMicros) / 1e6;
  answer.text(time_text(std::llround(std::clamp(row.real(0), -limit, limit) * 1e6)));
}
void time_to_sec(const Row& row, Answer& answer) { answer.integer(row.integer(0) / kMicrosPerSecond); }

int64_t months_of_period(int64_t period) {
  int64_t year = period / 100;
  if (year < 100) year += year < 70 ? 2000 : 1900;
  return year * 12 + period % 100 - 1;
}
void period_add(const Row& row, Answer& answer) {
  const int64_t months = months_of_period(row.integer(0)) + row.integer(1);
  answer.integer(months / 12 * 100 + months % 12 + 1);
}
void period_diff(const Row& row, Answer& answer) {
  answer.integer(months_of_period(row.integer(0)) - months_of_period(row.integer(1)));
}
void unix_timestamp(const Row& row, Answer& answer) {
  answer.integer(std::max<int64_t>(row.integer(0), 0) / kMicrosPerSecond);
}
void from_unixtime(const Row& row, Answer& answer) {
  constexpr double kLast = 2147483648.0 * 128;
  if (row.real(0) < 0 || row.real(0) >= kLast) return;
  const int64_t micros = std::llround(row.real(0) * 1e6);
  if (in_range(micros)) answer.integer(micros);
}

// --- differences ---

void datediff(const Row& row, Answer& answer) { answer.integer(row.day(0) - row.day(1)); }
void timestampdiff(const Row& row, Answer& answer) {
  answer.integer(units_between(unit_of(row.text(0)), row.integer(1), row.integer(2)));
}
void answer_time(int64_t micros, Answer& answer) {
  answer.text(time_text(std::clamp(micros, -kLargestTimeMicros, kLargestTimeMicros)));
}
void difference(const Row& row, Answer& answer) { answer_time(row.integer(0) - row.integer(1), answer); }

bool is_moment_text(std::string_view text) {
  return text.find('-', 1) != std::string_view::npos && parse_moment(text).has_value();
}
void timediff(const Row& row, Answer& answer) {
  const bool are_moments = is_moment_text(row.text(0));
  if (are_moments != is_moment_text(row.text(1))) return;
  if (are_moments) return answer_time(parse_moment(row.text(0))->micros - parse_moment(row.text(1))->micros, answer);
  const auto left = parse_time(row.text(0));
  const auto right = parse_time(row.text(1));
  if (left && right) answer_time(*left - *right, answer);
}
template <int kSign>
void addtime(const Row& row, Answer& answer) {
  const int64_t change = kSign * row.integer(1);
  if (is_moment_text(row.text(0))) {
    if (const auto moment = in_range(parse_moment(row.text(0))->micros + change)) answer.text(moment_text(*moment));
  } else if (const auto time = parse_time(row.text(0))) {
    answer_time(*time + change, answer);
  }
}

// --- patterns and zones ---

void date_format(const Row& row, Answer& answer) {
  if (!row.text(1).empty()) answer.text(formatted_moment(row.integer(0), row.text(1)));
}
void time_format(const Row& row, Answer& answer) { answer.text(formatted_time(row.integer(0), row.text(1))); }
void str_to_moment(const Row& row, Answer& answer) {
  if (parts_of_pattern(row.text(1)).kind == PatternKind::kTime) return;
  if (const auto moment = parse_by_pattern(row.text(0), row.text(1))) answer.integer(*moment);
}
void str_to_day(const Row& row, Answer& answer) {
  if (const auto moment = parse_by_pattern(row.text(0), row.text(1))) answer.day(day_of(*moment));
}
void str_to_time(const Row& row, Answer& answer) {
  if (const auto time = parse_by_pattern(row.text(0), row.text(1))) answer.text(time_text(*time));
}
void convert_offset(const Row& row, Answer& answer) {
  const auto from = parse_zone_offset(row.text(1));
  const auto to = parse_zone_offset(row.text(2));
  if (!from || !to) return;
  if (const auto moment = in_range(row.integer(0) - *from + *to)) answer.integer(*moment);
}
void time_of(const Row& row, Answer& answer) { answer.text(time_text(row.integer(0))); }
void moment_and_time(const Row& row, Answer& answer) {
  if (const auto moment = in_range(row.integer(0) + (row.size() > 1 ? row.integer(1) : 0))) answer.integer(*moment);
}

// --- bound by the types of their arguments ---

Bound text_constant(std::string_view text) { return constant(Value(std::string(text))); }
std::string ours(const char* name) { return std::string(kMysqlPrefix) + name; }

/// A part of a moment; of texts and numbers, those of a time are taken from the time that they are.
Bound extract(ClientContext& context, std::string_view name, Bound value) {
  const auto unit = interval_unit(name);
  if (!unit) return call_of(context, "date_part", text_constant(name), std::move(value));
  const OperandClass kind = class_of(value->return_type);
  const bool is_time = is_of_time(*unit) && kind != OperandClass::kMoment;
  return call_of(context, ours(is_time ? "extract_of_time" : "extract_of_moment"), text_constant(name), std::move(value));
}

/// The engine's own functions of moments know their bounds.
template <const char* kUnit>
Bound bind_part(ClientContext& context, BoundList& arguments) {
  if (class_of(arguments[0]->return_type) != OperandClass::kMoment) return extract(context, kUnit, std::move(arguments[0]));
  return call(context, kUnit, std::move(arguments));
}
constexpr char kYear[] = "year";
constexpr char kQuarter[] = "quarter";
constexpr char kMonth[] = "month";
constexpr char kDay[] = "day";
constexpr char kHour[] = "hour";
constexpr char kMinute[] = "minute";
constexpr char kSecond[] = "second";

Bound bind_microsecond(ClientContext& context, BoundList& arguments) {
  return extract(context, "MICROSECOND", std::move(arguments[0]));
}
Bound bind_dayofyear(ClientContext& context, BoundList& arguments) {
  return call_of(context, "dayofyear", read_as(context, std::move(arguments[0]), Reads::kDay));
}
Bound bind_date_part(ClientContext& context, BoundList& arguments) {
  const auto unit = constant_text(context, *arguments[0]);
  if (!unit) throw duckdb::BinderException("EXTRACT needs a unit of time");
  return extract(context, *unit, std::move(arguments[1]));
}

Bound bind_str_to_date(ClientContext& context, BoundList& arguments) {
  const auto pattern = constant_text(context, *arguments[1]);
  const char* name = "str_to_moment";
  if (pattern) {
    const PatternKind kind = parts_of_pattern(*pattern).kind;
    if (kind == PatternKind::kDate) name = "str_to_day";
    if (kind == PatternKind::kTime) name = "str_to_time";
  }
  return call(context, ours(name), std::move(arguments));
}

Bound bind_timediff(ClientContext& context, BoundList& arguments) {
  const bool are_moments = class_of(arguments[0]->return_type) == OperandClass::kMoment &&
                           class_of(arguments[1]->return_type) == OperandClass::kMoment;
  return call(context, ours(are_moments ? "difference" : "difference_of_texts"), std::move(arguments));
}

template <int kSign>
Bound bind_addtime(ClientContext& context, BoundList& arguments) {
  if (class_of(arguments[0]->return_type) != OperandClass::kMoment)
    return call(context, ours(kSign > 0 ? "addtime_of_texts" : "subtime_of_texts"), std::move(arguments));
  Bound change = read_as(context, std::move(arguments[1]), Reads::kClock);
  if (kSign < 0) change = call_of(context, "-", std::move(change));
  return call_of(context, ours("moment_and_micros"), std::move(arguments[0]), std::move(change));
}

/// A zone that has a name, as Europe/Berlin: its offsets are the engine's to know.
bool is_named_zone(ClientContext& context, const duckdb::Expression& zone) {
  const auto name = constant_text(context, zone);
  return name && name->find('/') != std::string::npos;
}

Bound bind_convert_tz(ClientContext& context, BoundList& arguments) {
  Bound moment = read_as(context, std::move(arguments[0]), Reads::kMoment);
  if (is_named_zone(context, *arguments[1])) {
    moment = call_of(context, "timezone", std::move(arguments[1]), std::move(moment));
    moment = call_of(context, "timezone", text_constant("UTC"), std::move(moment));
  } else {
    moment = call_of(context, ours("convert_offset"), std::move(moment), std::move(arguments[1]), text_constant("UTC"));
  }
  if (is_named_zone(context, *arguments[2])) {
    moment = call_of(context, "timezone", text_constant("UTC"), std::move(moment));
    return call_of(context, "timezone", std::move(arguments[2]), std::move(moment));
  }
  return call_of(context, ours("convert_offset"), std::move(moment), text_constant("UTC"), std::move(arguments[2]));
}

Bound bind_from_unixtime(ClientContext& context, BoundList& arguments) {
  Bound moment = call_of(context, ours("moment_of_unixtime"), std::move(arguments[0]));
  if (arguments.size() == 1) return moment;
  return call_of(context, ours("date_format"), std::move(moment), std::move(arguments[1]));
}

/// Doris's DATE_TRUNC(moment, 'unit'), or the engine's own order.
Bound bind_date_trunc(ClientContext& context, BoundList& arguments) {
  const auto first = constant_text(context, *arguments[0]);
  const bool unit_is_first = first && interval_unit(*first).has_value();
  const auto unit = unit_is_first ? first : constant_text(context, *arguments[1]);
  if (!unit || !interval_unit(*unit) || *interval_unit(*unit) > IntervalUnit::kYear)
    throw duckdb::BinderException("DATE_TRUNC needs a unit of time, as 'month'");
  return begin_of_unit(context, std::move(arguments[unit_is_first ? 1 : 0]), *interval_unit(*unit));
}

constexpr RowFunctionEntry kRows[] = {
    {"weekday", "D>i", weekday},
    {"dayofweek", "D>i", dayofweek},
    {"week", "D|i>i", week},
    {"weekofyear", "D>i", weekofyear},
    {"yearweek", "D|i>i", yearweek},
    {"dayname", "D>t", dayname},
    {"monthname", "D>t", monthname},
    {"last_day", "D>D", last_day},
    {"extract_of_moment", "?tm>i", extract_of_moment},
    {"extract_of_time", "?tc>i", extract_of_time},
    {"day_number", "D>i", day_number},
    {"to_seconds", "m>i", to_seconds},
    {"from_days", "i>D", from_days},
    {"makedate", "ii>D", makedate},
    {"maketime", "iid>t", maketime},
    {"sec_to_time", "d>t", sec_to_time},
    {"time_to_sec", "c>i", time_to_sec},
    {"period_add", "ii>i", period_add},
    {"period_diff", "ii>i", period_diff},
    {"unix_timestamp", "m>i", unix_timestamp},
    {"moment_of_unixtime", "d>m", from_unixtime},
    {"datediff", "DD>i", datediff},
    {"timestampdiff", "?tmm>i", timestampdiff},
    {"difference", "mm>t", difference},
    {"difference_of_texts", "tt>t", timediff},
    {"addtime_of_texts", "tc>t", addtime<1>},
    {"subtime_of_texts", "tc>t", addtime<-1>},
    {"date_format", "mt>t", date_format},
    {"time_format", "ct>t", time_format},
    {"str_to_moment", "tt>m", str_to_moment},
    {"str_to_day", "tt>D", str_to_day},
    {"str_to_time", "tt>t", str_to_time},
    {"convert_offset", "mtt>m", convert_offset},
    {"time_of", "c>t", time_of},
    {"timestamp_of", "m|c>m", moment_and_time},
    {"moment_and_micros", "mi>m", moment_and_time},
};

constexpr BoundFunctionEntry kBound[] = {
    {"year", 1, 1, bind_part<kYear>},
    {"quarter", 1, 1, bind_part<kQuarter>},
    {"month", 1, 1, bind_part<kMonth>},
    {"day", 1, 1, bind_part<kDay>},
    {"dayofmonth", 1, 1, bind_part<kDay>},
    {"hour", 1, 1, bind_part<kHour>},
    {"minute", 1, 1, bind_part<kMinute>},
    {"second", 1, 1, bind_part<kSecond>},
    {"microsecond", 1, 1, bind_microsecond},
    {"dayofyear", 1, 1, bind_dayofyear},
    {"date_part", 2, 2, bind_date_part},
    {"str_to_date", 2, 2, bind_str_to_date},
    {"timediff", 2, 2, bind_timediff},
    {"addtime", 2, 2, bind_addtime<1>},
    {"subtime", 2, 2, bind_addtime<-1>},
    {"convert_tz", 3, 3, bind_convert_tz},
    {"from_unixtime", 1, 2, bind_from_unixtime},
    {"date_trunc", 2, 2, bind_date_trunc},
    {"date_add", 3, 3, bind_date_add},
    {"date_sub", 3, 3, bind_date_sub},
    {"interval_of", 2, 2, bind_interval},
};

}  // namespace

std::span<const RowFunctionEntry> date_row_functions() { return kRows; }
std::span<const BoundFunctionEntry> date_functions() { return kBound; }

}  // namespace freshet::query
