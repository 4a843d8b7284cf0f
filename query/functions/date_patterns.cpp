#include "query/functions/date_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames = {"January",   "February", "March",    "April",
                                                          "May",       "June",     "July",     "August",
                                                          "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDayNames = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};
constexpr size_t kShortNameBytes = 3;

std::string_view expanded(std::string_view pattern) {
  if (pattern == "yyyyMMdd") return "%Y%m%d";
  if (pattern == "yyyy-MM-dd") return "%Y-%m-%d";
  if (pattern == "yyyy-MM-dd HH:mm:ss") return "%Y-%m-%d %H:%i:%s";
  return pattern;
}

std::string_view day_suffix(unsigned day) {
  if (day >= 11 && day <= 13) return "th";
  switch (day % 10) {
    case 1: return "st";
    case 2: return "nd";
    case 3: return "rd";
    default: return "th";
  }
}

/// One value of a pattern, for both kinds of formatting.
struct Formatter {
  Civil civil;
  int64_t hour = 0;
  int64_t day = 0;

  unsigned twelve() const { return static_cast<unsigned>((hour + 11) % 12 + 1); }
  std::string_view half() const { return hour % 24 < 12 ? "AM" : "PM"; }
  unsigned week(unsigned mode, int& year) const { return week_of(day, mode, year); }

  void clock(char specifier, std::string& out) const {
    const auto put = std::back_inserter(out);
    switch (specifier) {
      case 'f': fmt::format_to(put, "{:06}", civil.micros); break;
      case 'H': fmt::format_to(put, "{:02}", hour); break;
      case 'k': fmt::format_to(put, "{}", hour); break;
      case 'h':
      case 'I': fmt::format_to(put, "{:02}", twelve()); break;
      case 'l': fmt::format_to(put, "{}", twelve()); break;
      case 'i': fmt::format_to(put, "{:02}", civil.minute); break;
      case 'p': out += half(); break;
      case 'r': fmt::format_to(put, "{:02}:{:02}:{:02} {}", twelve(), civil.minute, civil.second, half()); break;
      case 'S':
      case 's': fmt::format_to(put, "{:02}", civil.second); break;
      case 'T': fmt::format_to(put, "{:02}:{:02}:{:02}", hour, civil.minute, civil.second); break;
      default: out += specifier; break;
    }
  }

  void moment(char specifier, std::string& out) const {
    const auto put = std::back_inserter(out);
    int year = 0;
    switch (specifier) {
      case 'a': out += kDayNames[weekday_of(day)].substr(0, kShortNameBytes); break;
      case 'b': out += kMonthNames[civil.month - 1].substr(0, kShortNameBytes); break;
      case 'c': fmt::format_to(put, "{}", civil.month); break;
      case 'D': fmt::format_to(put, "{}{}", civil.day, day_suffix(civil.day)); break;
      case 'd': fmt::format_to(put, "{:02}", civil.day); break;
      case 'e': fmt::format_to(put, "{}", civil.day); break;
      case 'j': fmt::format_to(put, "{:03}", day_of_year(day)); break;
      case 'M': out += kMonthNames[civil.month - 1]; break;
      case 'm': fmt::format_to(put, "{:02}", civil.month); break;
      case 'U': fmt::format_to(put, "{:02}", week(0, year)); break;
      case 'u': fmt::format_to(put, "{:02}", week(1, year)); break;
      case 'V': fmt::format_to(put, "{:02}", week(2, year)); break;
      case 'v': fmt::format_to(put, "{:02}", week(3, year)); break;
      case 'W': out += kDayNames[weekday_of(day)]; break;
      case 'w': fmt::format_to(put, "{}", (weekday_of(day) + 1) % 7); break;
      case 'X':
      case 'x':
        week(specifier == 'X' ? 2 : 3, year);
        fmt::format_to(put, "{:04}", year);
        break;
      case 'Y': fmt::format_to(put, "{:04}", civil.year); break;
      case 'y': fmt::format_to(put, "{:02}", civil.year % 100); break;
      default: clock(specifier, out); break;
    }
  }

  template <typename Put>
  static std::string run(std::string_view pattern, Put put) {
    std::string out;
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%' || i + 1 == pattern.size()) {
        out += pattern[i];
      } else {
        put(pattern[++i], out);
      }
    }
    return out;
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

/// Reads a text by a pattern.
class PatternReader {
 public:
  PatternReader(std::string_view text, std::string_view pattern) : text_(text), pattern_(pattern) {}

  std::optional<int64_t> run() {
    if (!read(pattern_)) return std::nullopt;
    if (is_twelve_) {
      if (civil_.hour < 1 || civil_.hour > 12) return std::nullopt;
      civil_.hour = civil_.hour % 12 + (is_afternoon_ ? 12 : 0);
    }
    if (civil_.hour > 23 || civil_.minute > 59 || civil_.second > 59) return std::nullopt;
    if (!has_day_) {
      return civil_.hour * kMicrosPerHour + civil_.minute * kMicrosPerMinute + civil_.second * kMicrosPerSecond +
             civil_.micros;
    }
    if (day_of_year_ != 0) {
      const auto first = micros_of({civil_.year, 1, 1, 0, 0, 0, 0});
      if (!first) return std::nullopt;
      const Civil day = civil_of(*first + (day_of_year_ - 1) * kMicrosPerDay);
      civil_.year = day.year;
      civil_.month = day.month;
      civil_.day = day.day;
    }
    if (week_ && weekday_ != 0 && !find_day_of_week()) return std::nullopt;
    return micros_of(civil_);
  }

 private:
  bool read(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == ' ') {
        skip_blanks();
      } else if (c == '%' && i + 1 < pattern.size()) {
        const char specifier = pattern[++i];
        if (specifier != '%') skip_blanks();
        // A text that ends before its pattern is what was read, if that is enough.
        if (at_ == text_.size()) return true;
        if (!read_value(specifier)) return false;
      } else {
        skip_blanks();
        if (at_ == text_.size()) return true;
        if (text_[at_] != c) return false;
        ++at_;
      }
    }
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  bool take(size_t most, unsigned& value) {
    size_t count = 0;
    value = 0;
    for (; count < most && at_ < text_.size() && is_digit(text_[at_]); ++count)
      value = value * 10 + static_cast<unsigned>(text_[at_++] - '0');
    return count > 0;
  }

  template <size_t N>
  bool take_name(const std::array<std::string_view, N>& names, size_t bytes, unsigned& position) {
    for (size_t i = 0; i < N; ++i) {
      const std::string_view name = names[i].substr(0, bytes);
      if (!starts_with_ignoring_case(text_.substr(at_), name)) continue;
      at_ += name.size();
      position = static_cast<unsigned>(i) + 1;
      return true;
    }
    return false;
  }

  bool read_day(char specifier) {
    has_day_ = true;
    unsigned value = 0;
    switch (specifier) {
      case 'Y': {
        const size_t before = at_;
        if (!take(4, value)) return false;
        civil_.year = static_cast<int>(at_ - before <= 2 ? short_year(value) : value);
        return true;
      }
      case 'y':
        if (!take(2, value)) return false;
        civil_.year = static_cast<int>(short_year(value));
        return true;
      case 'm':
      case 'c': return take(2, civil_.month);
      case 'M': return take_name(kMonthNames, std::string_view::npos, civil_.month);
      case 'b': return take_name(kMonthNames, kShortNameBytes, civil_.month);
      case 'd':
      case 'e': return take(2, civil_.day);
      case 'D':
        if (!take(2, civil_.day)) return false;
        at_ = std::min(at_ + 2, text_.size());
        return true;
      case 'j': return take(3, day_of_year_) && day_of_year_ >= 1 && day_of_year_ <= 366;
      case 'W': return take_name(kDayNames, std::string_view::npos, weekday_);
      case 'a': return take_name(kDayNames, kShortNameBytes, weekday_);
      case 'w':
        if (!take(1, value) || value > 6) return false;
        weekday_ = value == 0 ? 7 : value;
        return true;
      case 'U':
      case 'u':
      case 'V':
      case 'v': return read_week(specifier);
      case 'X':
      case 'x':
        if (!take(4, value)) return false;
        week_year_ = static_cast<int>(value);
        is_week_year_from_sunday_ = specifier == 'X';
        return true;
      default: return false;
    }
  }

  /// A week of a year: %U and %u count from week 0 and go with %Y, %V and %v from week 1, and go with %X and %x.
  bool read_week(char specifier) {
    unsigned value = 0;
    is_week_strict_ = specifier == 'V' || specifier == 'v';
    is_week_from_sunday_ = specifier == 'U' || specifier == 'V';
    if (!take(2, value) || value > 53 || (is_week_strict_ && value == 0)) return false;
    week_ = value;
    return true;
  }

  /// The day from the week and the day in it. False when the week has no year of its kind.
  bool find_day_of_week() {
    if (is_week_strict_ != week_year_.has_value()) return false;
    if (is_week_strict_ && is_week_year_from_sunday_ != is_week_from_sunday_) return false;
    const auto first = micros_of({week_year_.value_or(civil_.year), 1, 1, 0, 0, 0, 0});
    if (!first) return false;
    // Days since the Sunday or Monday that the first of January is or follows.
    const int64_t begun = (weekday_of(day_of(*first)) + (is_week_from_sunday_ ? 1 : 0)) % 7;
    // The first week is the first whole one from Sunday on, or that with most of its days in the year from Monday on.
    const int64_t first_week = (begun <= (is_week_from_sunday_ ? 0 : 3) ? 0 : 7) - begun;
    const int64_t in_week = is_week_from_sunday_ ? weekday_ % 7 : weekday_ - 1;
    const Civil day = civil_of(*first + (first_week + (static_cast<int64_t>(*week_) - 1) * 7 + in_week) * kMicrosPerDay);
    civil_.year = day.year;
    civil_.month = day.month;
    civil_.day = day.day;
    return true;
  }

  static unsigned short_year(unsigned year) { return year < 70 ? year + 2000 : year + 1900; }

  bool read_half() {
    const std::string_view rest = text_.substr(at_);
    is_afternoon_ = starts_with_ignoring_case(rest, "PM");
    if (!is_afternoon_ && !starts_with_ignoring_case(rest, "AM")) return false;
    at_ += 2;
    return true;
  }

  bool read_fraction() {
    civil_.micros = 0;
    const size_t begin = at_;
    for (unsigned unit = 100'000; at_ < text_.size() && is_digit(text_[at_]) && unit > 0; unit /= 10)
      civil_.micros += static_cast<unsigned>(text_[at_++] - '0') * unit;
    return at_ > begin;
  }

  bool read_value(char specifier) {
    switch (specifier) {
      case 'h':
      case 'I':
      case 'l': is_twelve_ = true; return take(2, civil_.hour);
      case 'H':
      case 'k': return take(2, civil_.hour);
      case 'i': return take(2, civil_.minute);
      case 'S':
      case 's': return take(2, civil_.second);
      case 'f': return read_fraction();
      case 'p': return read_half();
      case 'T': return read("%H:%i:%S");
      case 'r': return read("%I:%i:%S %p");
      case '%':
        if (text_[at_] != '%') return false;
        ++at_;
        return true;
      default: return read_day(specifier);
    }
  }

  std::string_view text_;
  std::string_view pattern_;
  size_t at_ = 0;
  Civil civil_{0, 0, 0, 0, 0, 0, 0};
  unsigned day_of_year_ = 0;
  std::optional<unsigned> week_;
  std::optional<int> week_year_;
  bool is_week_strict_ = false;
  bool is_week_from_sunday_ = false;
  bool is_week_year_from_sunday_ = false;
  unsigned weekday_ = 0;  ///< 1 is Monday; 0: not given
  bool has_day_ = false;
  bool is_twelve_ = false;
  bool is_afternoon_ = false;
};

}  // namespace

std::string formatted_moment(int64_t moment, std::string_view pattern) {
  const Civil civil = civil_of(moment);
  const Formatter formatter{civil, civil.hour, day_of(moment)};
  return Formatter::run(expanded(pattern), [&](char specifier, std::string& out) { formatter.moment(specifier, out); });
}

std::string formatted_time(int64_t time, std::string_view pattern) {
  const Formatter formatter{civil_of(std::abs(time)), std::abs(time) / kMicrosPerHour, 0};
  std::string out = time < 0 ? "-" : "";
  return out + Formatter::run(pattern, [&](char specifier, std::string& text) { formatter.clock(specifier, text); });
}

PatternParts parts_of_pattern(std::string_view pattern) {
  pattern = expanded(pattern);
  bool has_day = false;
  bool has_clock = false;
  PatternParts parts;
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char specifier = pattern[++i];
    if (specifier == '%') continue;
    const bool is_clock = std::string_view("fHhIiklpSsTr").find(specifier) != std::string_view::npos;
    (is_clock ? has_clock : has_day) = true;
    parts.has_fraction |= specifier == 'f';
  }
  parts.kind = !has_clock ? PatternKind::kDate : has_day ? PatternKind::kMoment : PatternKind::kTime;
  return parts;
}

std::optional<int64_t> parse_by_pattern(std::string_view text, std::string_view pattern) {
  return PatternReader(text, expanded(pattern)).run();
}

}  // namespace freshet::query
