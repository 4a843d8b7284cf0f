#include <algorithm>
#include <iterator>

#include "query/dialect/date_format.h"
#include "query/dialect/rewriter.h"

namespace freshet::query {
namespace {

/// The rewritten arguments of a call.
Result<std::vector<std::string>> render_all(Rewriter& rewriter, TokenRange arguments) {
  std::vector<std::string> texts;
  for (const TokenRange& argument : rewriter.split(arguments)) {
    FRESHET_ASSIGN_OR_RETURN(auto text, rewriter.render(argument));
    texts.push_back(std::move(text));
  }
  return texts;
}

/// A rule made of a pattern: `{0}` to `{2}` are the arguments. Calls with another number of arguments pass unchanged.
template <size_t kArguments>
Result<std::string> substitute(Rewriter& rewriter, TokenRange arguments, const char* pattern) {
  if (rewriter.split(arguments).size() != kArguments) return std::string();
  FRESHET_ASSIGN_OR_RETURN(auto texts, render_all(rewriter, arguments));
  texts.resize(3);
  return fmt::format(fmt::runtime(pattern), texts[0], texts[1], texts[2]);
}

// --- session ---

Result<std::string> rewrite_database(Rewriter& rewriter, TokenRange) {
  return rewriter.session().database.empty() ? "NULL" : duckdb_string(rewriter.session().database);
}
Result<std::string> rewrite_version(Rewriter& rewriter, TokenRange) { return duckdb_string(rewriter.session().version); }
Result<std::string> rewrite_user(Rewriter& rewriter, TokenRange) { return duckdb_string(rewriter.session().user); }
Result<std::string> rewrite_connection_id(Rewriter& rewriter, TokenRange) {
  return std::to_string(rewriter.session().connection_id);
}
Result<std::string> rewrite_last_insert_id(Rewriter& rewriter, TokenRange) {
  return std::to_string(rewriter.session().last_insert_id);
}

// --- types ---

bool is_text_type(std::string_view name) {
  for (std::string_view text : {"CHAR", "NCHAR", "CHARACTER", "VARCHAR", "STRING", "TEXT"}) {
    if (name == text) return true;
  }
  return false;
}

/// CAST(x AS CHAR(3)) cuts.
std::string cast_text(Rewriter& rewriter, const std::string& value, TokenRange type) {
  const bool cut = type.size() >= 4 && is_text_type(to_upper(rewriter.token(type.begin).text)) &&
                   rewriter.token(type.begin + 1).is_operator("(") &&
                   rewriter.token(type.begin + 2).kind == TokenKind::kNumber;
  if (!cut) return fmt::format("CAST({} AS VARCHAR)", value);
  return fmt::format("left(CAST({} AS VARCHAR), {})", value, rewriter.token(type.begin + 2).text);
}

Result<std::string> cast(Rewriter& rewriter, TokenRange value, TokenRange type) {
  if (value.size() == 0 || type.size() == 0) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string text, rewriter.render(value));
  FRESHET_ASSIGN_OR_RETURN(const std::string target, rewrite_type(rewriter, type));
  if (target == "VARCHAR") return cast_text(rewriter, text, type);
  return fmt::format("CAST({} AS {})", text, target);
}

Result<std::string> rewrite_cast(Rewriter& rewriter, TokenRange arguments) {
  const size_t as = rewriter.find_word(arguments, "AS");
  if (as == arguments.end) return std::string();
  return cast(rewriter, {arguments.begin, as}, {as + 1, arguments.end});
}

Result<std::string> rewrite_convert(Rewriter& rewriter, TokenRange arguments) {
  const size_t charset = rewriter.find_word(arguments, "USING");
  if (charset != arguments.end) return rewriter.render({arguments.begin, charset});
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 2) return std::string();
  return cast(rewriter, parts[0], parts[1]);
}

// --- text ---

/// NULL when an argument is NULL, which DuckDB's concat is not.
Result<std::string> rewrite_concat(Rewriter& rewriter, TokenRange arguments) {
  FRESHET_ASSIGN_OR_RETURN(const auto texts, render_all(rewriter, arguments));
  if (texts.empty()) return std::string();
  std::string out = "(''";
  for (const std::string& text : texts) out += " || (" + text + ")";
  return out + ")";
}

Result<std::string> rewrite_length(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "strlen(CAST({0} AS VARCHAR))");
}
Result<std::string> rewrite_locate(Rewriter& rewriter, TokenRange arguments) {
  return substitute<2>(rewriter, arguments, "instr({1}, {0})");
}
Result<std::string> rewrite_char(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "chr({0})");
}
Result<std::string> rewrite_space(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "repeat(' ', {0})");
}
Result<std::string> rewrite_find_in_set(Rewriter& rewriter, TokenRange arguments) {
  return substitute<2>(rewriter, arguments, "coalesce(list_position(string_split({1}, ','), {0}), 0)");
}
Result<std::string> rewrite_isnull(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "(({0}) IS NULL)");
}
Result<std::string> rewrite_regexp_replace(Rewriter& rewriter, TokenRange arguments) {
  return substitute<3>(rewriter, arguments, "regexp_replace({0}, {1}, {2}, 'g')");
}
Result<std::string> rewrite_json_unquote(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "(({0}) ->> '$')");
}

Result<std::string> rewrite_substring_index(Rewriter& rewriter, TokenRange arguments) {
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 3) return std::string();
  const bool last = rewriter.token(parts[2].begin).is_operator("-");
  return substitute<3>(rewriter, arguments,
                       last ? "array_to_string(string_split({0}, {1})[({2}):], {1})"
                            : "array_to_string(string_split({0}, {1})[1:({2})], {1})");
}

// --- aggregates ---

/// GROUP_CONCAT([DISTINCT] x [ORDER BY y] [SEPARATOR 's']), and Doris's GROUP_CONCAT(x, 's').
Result<std::string> rewrite_group_concat(Rewriter& rewriter, TokenRange arguments) {
  const size_t separator_at = rewriter.find_word(arguments, "SEPARATOR");
  const size_t order_at = rewriter.find_word({arguments.begin, separator_at}, "ORDER");
  size_t begin = arguments.begin;
  const bool distinct = begin < order_at && rewriter.token(begin).is_word("DISTINCT");
  if (distinct) ++begin;
  auto values = rewriter.split({begin, order_at});
  if (values.empty()) return std::string();
  std::string separator = "','";
  if (separator_at != arguments.end) {
    FRESHET_ASSIGN_OR_RETURN(separator, rewriter.render({separator_at + 1, arguments.end}));
  } else if (values.size() == 2 && rewriter.token(values[1].begin).kind == TokenKind::kString) {
    FRESHET_ASSIGN_OR_RETURN(separator, rewriter.render(values[1]));
    values.pop_back();
  }
  std::string value;
  for (const TokenRange& part : values) {
    FRESHET_ASSIGN_OR_RETURN(const std::string text, rewriter.render(part));
    value += (value.empty() ? "CAST(" : " || CAST(") + text + " AS VARCHAR)";
  }
  std::string out = fmt::format("string_agg({}{}, {}", distinct ? "DISTINCT " : "", value, separator);
  if (order_at != separator_at) {
    FRESHET_ASSIGN_OR_RETURN(const std::string order, rewriter.render({order_at, separator_at}));
    out += " " + order;
  }
  return out + ")";
}

/// COUNT(DISTINCT a, b) counts pairs without NULLs.
Result<std::string> rewrite_count(Rewriter& rewriter, TokenRange arguments) {
  if (arguments.size() == 0 || !rewriter.token(arguments.begin).is_word("DISTINCT")) return std::string();
  const TokenRange values{arguments.begin + 1, arguments.end};
  if (rewriter.split(values).size() < 2) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const auto texts, render_all(rewriter, values));
  std::string present;
  std::string all;
  for (const std::string& text : texts) {
    present += (present.empty() ? "(" : " AND (") + text + ") IS NOT NULL";
    all += (all.empty() ? "" : ", ") + text;
  }
  return fmt::format("count(DISTINCT CASE WHEN {} THEN ({}) END)", present, all);
}

/// INTERSECT_COUNT(bitmap, column, v1, v2, ...): how many numbers are in the sets of rows of every value.
Result<std::string> rewrite_intersect_count(Rewriter& rewriter, TokenRange arguments) {
  FRESHET_ASSIGN_OR_RETURN(const auto texts, render_all(rewriter, arguments));
  constexpr size_t kFirstValue = 2;
  if (texts.size() <= kFirstValue) return std::string();
  std::string sets;
  for (size_t i = kFirstValue; i < texts.size(); ++i) {
    sets +=
        fmt::format("{}bitmap_union({}) FILTER (WHERE ({}) = ({}))", sets.empty() ? "" : ", ", texts[0], texts[1], texts[i]);
  }
  return fmt::format("{}({})", texts.size() == kFirstValue + 1 ? "bitmap_count" : "bitmap_and_count", sets);
}

// --- numbers ---

Result<std::string> rewrite_log(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "ln({0})");
}

// --- dates ---

Result<std::string> rewrite_now_call(Rewriter& rewriter, TokenRange arguments) {
  const bool whole_seconds = arguments.size() == 0 || rewriter.token(arguments.begin).text == "0";
  return whole_seconds ? "date_trunc('second', LOCALTIMESTAMP)" : "LOCALTIMESTAMP";
}
Result<std::string> rewrite_curdate(Rewriter&, TokenRange) { return "CURRENT_DATE"; }
Result<std::string> rewrite_curtime(Rewriter&, TokenRange) { return "CAST(date_trunc('second', LOCALTIMESTAMP) AS TIME)"; }
Result<std::string> rewrite_utc_timestamp(Rewriter&, TokenRange) {
  return "make_timestamp(epoch_us(date_trunc('second', get_current_timestamp())))";
}

Result<std::string> rewrite_dayofweek(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "(dayofweek({0}) + 1)");
}
Result<std::string> rewrite_weekday(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "(isodow({0}) - 1)");
}
Result<std::string> rewrite_datediff(Rewriter& rewriter, TokenRange arguments) {
  return substitute<2>(rewriter, arguments, "date_diff('day', CAST({1} AS DATE), CAST({0} AS DATE))");
}
Result<std::string> rewrite_timestampdiff(Rewriter& rewriter, TokenRange arguments) {
  return substitute<3>(rewriter, arguments, "date_sub('{0}', CAST({1} AS TIMESTAMP), CAST({2} AS TIMESTAMP))");
}
Result<std::string> rewrite_timestampadd(Rewriter& rewriter, TokenRange arguments) {
  return substitute<3>(rewriter, arguments, "(CAST({2} AS TIMESTAMP) + INTERVAL ({1}) {0})");
}
Result<std::string> rewrite_timestamp(Rewriter& rewriter, TokenRange arguments) {
  // TIMESTAMP(6) is a type with its precision.
  if (arguments.size() == 1 && rewriter.token(arguments.begin).kind == TokenKind::kNumber) return std::string();
  return substitute<1>(rewriter, arguments, "CAST({0} AS TIMESTAMP)");
}
Result<std::string> rewrite_to_date(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "CAST({0} AS DATE)");
}

Result<std::string> rewrite_unix_timestamp(Rewriter& rewriter, TokenRange arguments) {
  if (arguments.size() == 0) return "CAST(floor(epoch(LOCALTIMESTAMP)) AS BIGINT)";
  return substitute<1>(rewriter, arguments, "CAST(floor(epoch(CAST({0} AS TIMESTAMP))) AS BIGINT)");
}

/// A literal pattern in DuckDB's terms; empty when it is no literal or has no counterpart.
std::string literal_format(const Rewriter& rewriter, TokenRange pattern) {
  if (pattern.size() != 1 || rewriter.token(pattern.begin).kind != TokenKind::kString) return {};
  const auto translated = translate_date_format(unquote(rewriter.token(pattern.begin)));
  return translated ? duckdb_string(*translated) : std::string();
}

Result<std::string> rewrite_formatted(Rewriter& rewriter, TokenRange arguments, const char* pattern) {
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 2) return std::string();
  const std::string format = literal_format(rewriter, parts[1]);
  if (format.empty())
    return Status::Unsupported("The date format {} is not supported: give a literal", rewriter.source(parts[1]));
  FRESHET_ASSIGN_OR_RETURN(const std::string value, rewriter.render(parts[0]));
  return fmt::format(fmt::runtime(pattern), value, format);
}

Result<std::string> rewrite_date_format(Rewriter& rewriter, TokenRange arguments) {
  return rewrite_formatted(rewriter, arguments, "strftime(CAST({0} AS TIMESTAMP), {1})");
}
Result<std::string> rewrite_str_to_date(Rewriter& rewriter, TokenRange arguments) {
  return rewrite_formatted(rewriter, arguments, "try_strptime({0}, {1})");
}
Result<std::string> rewrite_from_unixtime(Rewriter& rewriter, TokenRange arguments) {
  constexpr const char* kTime = "make_timestamp(CAST(({0}) * 1000000::BIGINT AS BIGINT))";
  if (rewriter.split(arguments).size() == 2) {
    return rewrite_formatted(rewriter, arguments, "strftime(make_timestamp(CAST(({0}) * 1000000::BIGINT AS BIGINT)), {1})");
  }
  return substitute<1>(rewriter, arguments, kTime);
}

/// Doris's date_trunc(time, 'unit') has DuckDB's arguments the other way round.
Result<std::string> rewrite_date_trunc(Rewriter& rewriter, TokenRange arguments) {
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 2 || parts[1].size() != 1 || rewriter.token(parts[1].begin).kind != TokenKind::kString)
    return std::string();
  if (parts[0].size() == 1 && rewriter.token(parts[0].begin).kind == TokenKind::kString) return std::string();
  return substitute<2>(rewriter, arguments, "date_trunc({1}, {0})");
}

bool is_date_unit(const Token& unit) {
  return unit.is_word("DAY") || unit.is_word("WEEK") || unit.is_word("MONTH") || unit.is_word("QUARTER") ||
         unit.is_word("YEAR");
}

/// DATE_ADD(x, INTERVAL n unit), or a plain number of days. A literal day plus whole days stays a day.
Result<std::string> shift_date(Rewriter& rewriter, TokenRange arguments, char sign) {
  constexpr size_t kDayLiteralBytes = 12;
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 2 || parts[0].size() == 0 || parts[1].size() == 0) return std::string();
  FRESHET_ASSIGN_OR_RETURN(std::string date, rewriter.render(parts[0]));
  FRESHET_ASSIGN_OR_RETURN(std::string interval, rewriter.render(parts[1]));
  const bool days = !rewriter.token(parts[1].begin).is_word("INTERVAL");
  if (days) interval = fmt::format("INTERVAL ({}) DAY", interval);
  const Token& first = rewriter.token(parts[0].begin);
  const bool literal = parts[0].size() == 1 && first.kind == TokenKind::kString;
  if (literal) date = fmt::format("CAST({} AS TIMESTAMP)", date);
  const std::string sum = fmt::format("({} {} {})", date, sign, interval);
  const bool day =
      literal && first.text.size() == kDayLiteralBytes && (days || is_date_unit(rewriter.token(parts[1].end - 1)));
  return day ? fmt::format("CAST({} AS DATE)", sum) : sum;
}

Result<std::string> rewrite_date_add(Rewriter& rewriter, TokenRange arguments) {
  return shift_date(rewriter, arguments, '+');
}
Result<std::string> rewrite_date_sub(Rewriter& rewriter, TokenRange arguments) {
  return shift_date(rewriter, arguments, '-');
}

struct NamedFunctionRule {
  std::string_view name;
  FunctionRule rule;
};

constexpr NamedFunctionRule kFunctionRules[] = {
    {"DATABASE", rewrite_database},
    {"SCHEMA", rewrite_database},
    {"VERSION", rewrite_version},
    {"USER", rewrite_user},
    {"SESSION_USER", rewrite_user},
    {"SYSTEM_USER", rewrite_user},
    {"CURRENT_USER", rewrite_user},
    {"CONNECTION_ID", rewrite_connection_id},
    {"LAST_INSERT_ID", rewrite_last_insert_id},
    {"CAST", rewrite_cast},
    {"CONVERT", rewrite_convert},
    {"CONCAT", rewrite_concat},
    {"LENGTH", rewrite_length},
    {"OCTET_LENGTH", rewrite_length},
    {"LOCATE", rewrite_locate},
    {"CHAR", rewrite_char},
    {"SPACE", rewrite_space},
    {"FIND_IN_SET", rewrite_find_in_set},
    {"ISNULL", rewrite_isnull},
    {"REGEXP_REPLACE", rewrite_regexp_replace},
    {"JSON_UNQUOTE", rewrite_json_unquote},
    {"SUBSTRING_INDEX", rewrite_substring_index},
    {"GROUP_CONCAT", rewrite_group_concat},
    {"COUNT", rewrite_count},
    {"INTERSECT_COUNT", rewrite_intersect_count},
    {"LOG", rewrite_log},
    {"NOW", rewrite_now_call},
    {"SYSDATE", rewrite_now_call},
    {"CURRENT_TIMESTAMP", rewrite_now_call},
    {"LOCALTIME", rewrite_now_call},
    {"LOCALTIMESTAMP", rewrite_now_call},
    {"CURDATE", rewrite_curdate},
    {"CURRENT_DATE", rewrite_curdate},
    {"CURTIME", rewrite_curtime},
    {"CURRENT_TIME", rewrite_curtime},
    {"UTC_TIMESTAMP", rewrite_utc_timestamp},
    {"DAYOFWEEK", rewrite_dayofweek},
    {"WEEKDAY", rewrite_weekday},
    {"DATEDIFF", rewrite_datediff},
    {"TIMESTAMPDIFF", rewrite_timestampdiff},
    {"TIMESTAMPADD", rewrite_timestampadd},
    {"TIMESTAMP", rewrite_timestamp},
    {"TO_DATE", rewrite_to_date},
    {"UNIX_TIMESTAMP", rewrite_unix_timestamp},
    {"FROM_UNIXTIME", rewrite_from_unixtime},
    {"DATE_FORMAT", rewrite_date_format},
    {"STR_TO_DATE", rewrite_str_to_date},
    {"DATE_TRUNC", rewrite_date_trunc},
    {"DATE_ADD", rewrite_date_add},
    {"ADDDATE", rewrite_date_add},
    {"DATE_SUB", rewrite_date_sub},
    {"SUBDATE", rewrite_date_sub},
};

constexpr std::pair<std::string_view, std::string_view> kFunctionNames[] = {{"NVL", "ifnull"},
                                                                            {"MID", "substring"},
                                                                            {"RAND", "random"},
                                                                            {"TRUNCATE", "trunc"},
                                                                            {"STD", "stddev_pop"},
                                                                            {"STDDEV", "stddev_pop"},
                                                                            {"VARIANCE", "var_pop"},
                                                                            {"NDV", "approx_count_distinct"},
                                                                            {"REGEXP_LIKE", "regexp_matches"},
                                                                            {"REGEXP_SUBSTR", "regexp_extract"},
                                                                            {"JSON_LENGTH", "json_array_length"}};

struct TypeAlias {
  std::string_view name;
  std::string_view target;
};

constexpr TypeAlias kTypeAliases[] = {
    {"SIGNED", "BIGINT"},       {"UNSIGNED", "UBIGINT"},   {"CHAR", "VARCHAR"},         {"NCHAR", "VARCHAR"},
    {"CHARACTER", "VARCHAR"},   {"VARCHAR", "VARCHAR"},    {"STRING", "VARCHAR"},       {"TEXT", "VARCHAR"},
    {"BINARY", "BLOB"},         {"DATETIME", "TIMESTAMP"}, {"DATETIMEV1", "TIMESTAMP"}, {"DATETIMEV2", "TIMESTAMP"},
    {"TIMESTAMP", "TIMESTAMP"}, {"DATEV1", "DATE"},        {"DATEV2", "DATE"},          {"LARGEINT", "HUGEINT"},
    {"YEAR", "INTEGER"},        {"JSONB", "JSON"},
};

bool is_decimal(std::string_view name) {
  for (std::string_view decimal : {"DECIMAL", "DECIMALV2", "DECIMALV3", "DEC", "NUMERIC"}) {
    if (name == decimal) return true;
  }
  return false;
}

}  // namespace

Result<std::string> rewrite_type(Rewriter& rewriter, TokenRange type) {
  const std::string name = to_upper(rewriter.token(type.begin).text);
  for (const TypeAlias& alias : kTypeAliases) {
    if (name == alias.name) return std::string(alias.target);
  }
  if (!is_decimal(name)) return rewriter.render(type);
  if (type.size() == 1) return "DECIMAL(38, 9)";
  FRESHET_ASSIGN_OR_RETURN(const std::string parameters, rewriter.render({type.begin + 1, type.end}));
  return "DECIMAL" + parameters;
}

FunctionRule find_function_rule(std::string_view upper_name) {
  for (const NamedFunctionRule& named : kFunctionRules) {
    if (named.name == upper_name) return named.rule;
  }
  return nullptr;
}

std::string_view find_function_name(std::string_view upper_name) {
  for (const auto& [name, duckdb] : kFunctionNames) {
    if (name == upper_name) return duckdb;
  }
  return {};
}

}  // namespace freshet::query
