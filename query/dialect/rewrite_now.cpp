#include "query/dialect/rewriter.h"

/// The moment of the statement, and moments counted from 1970: the engine's clock is UTC, these are in the session's zone.
namespace freshet::query {
namespace {

constexpr std::string_view kUtcNow = "LOCALTIMESTAMP";

const std::string& zone_of(const Rewriter& rewriter) { return rewriter.session().time_zone; }

std::string to_zone(const Rewriter& rewriter, std::string_view utc) {
  return zone_of(rewriter).empty() ? std::string(utc)
                                   : fmt::format("convert_tz({}, '+00:00', {})", utc, duckdb_string(zone_of(rewriter)));
}

/// With as many digits as NOW(n) has.
Result<std::string> now_with_digits(Rewriter& rewriter, TokenRange arguments, const std::string& now) {
  const bool whole_seconds = arguments.size() == 0 || rewriter.token(arguments.begin).text == "0";
  if (whole_seconds) return fmt::format("date_trunc('second', {})", now);
  FRESHET_ASSIGN_OR_RETURN(const std::string digits, rewriter.render(arguments));
  return fmt::format("cast_datetime({}, {})", now, digits);
}

std::string time_with_digits(const Rewriter& rewriter, TokenRange arguments, std::string_view now) {
  return fmt::format("cast_time({}, {})", now, arguments.size() == 1 ? rewriter.token(arguments.begin).text : "0");
}

}  // namespace

Result<std::string> rewrite_now_call(Rewriter& rewriter, TokenRange arguments) {
  return now_with_digits(rewriter, arguments, to_zone(rewriter, kUtcNow));
}
Result<std::string> rewrite_utc_now_call(Rewriter& rewriter, TokenRange arguments) {
  return now_with_digits(rewriter, arguments, std::string(kUtcNow));
}
Result<std::string> rewrite_curdate(Rewriter& rewriter, TokenRange) {
  return zone_of(rewriter).empty() ? "CURRENT_DATE" : fmt::format("cast_date({})", to_zone(rewriter, kUtcNow));
}
Result<std::string> rewrite_utc_date(Rewriter&, TokenRange) { return "CURRENT_DATE"; }
Result<std::string> rewrite_curtime(Rewriter& rewriter, TokenRange arguments) {
  return time_with_digits(rewriter, arguments, to_zone(rewriter, kUtcNow));
}
Result<std::string> rewrite_utc_time(Rewriter& rewriter, TokenRange arguments) {
  return time_with_digits(rewriter, arguments, kUtcNow);
}

Result<std::string> rewrite_unix_timestamp(Rewriter& rewriter, TokenRange arguments) {
  if (arguments.size() == 0) return fmt::format("CAST(floor(epoch({})) AS BIGINT)", kUtcNow);
  if (zone_of(rewriter).empty()) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string moment, rewriter.render(arguments));
  return fmt::format("unix_timestamp(convert_tz({}, {}, '+00:00'))", moment, duckdb_string(zone_of(rewriter)));
}
Result<std::string> rewrite_from_unixtime(Rewriter& rewriter, TokenRange arguments) {
  const auto parts = rewriter.split(arguments);
  if (zone_of(rewriter).empty() || parts.empty() || parts.size() > 2) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string seconds, rewriter.render(parts[0]));
  const std::string moment = to_zone(rewriter, "from_unixtime(" + seconds + ")");
  if (parts.size() == 1) return moment;
  FRESHET_ASSIGN_OR_RETURN(const std::string pattern, rewriter.render(parts[1]));
  return fmt::format("date_format({}, {})", moment, pattern);
}

}  // namespace freshet::query
