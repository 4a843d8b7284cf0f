#include <algorithm>
#include <iterator>

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
Result<std::string> rewrite_account(Rewriter& rewriter, TokenRange) { return duckdb_string(rewriter.session().account); }
Result<std::string> rewrite_connection_id(Rewriter& rewriter, TokenRange) {
  return std::to_string(rewriter.session().connection_id);
}
Result<std::string> rewrite_last_insert_id(Rewriter& rewriter, TokenRange arguments) {
  if (arguments.size() != 0)
    return Status::Unsupported("LAST_INSERT_ID with an argument is not offered: it sets nothing here");
  return std::to_string(rewriter.session().last_insert_id);
}
Result<std::string> rewrite_found_rows(Rewriter& rewriter, TokenRange) {
  return std::to_string(rewriter.session().found_rows);
}
Result<std::string> rewrite_row_count(Rewriter& rewriter, TokenRange) {
  return fmt::format("({})", rewriter.session().row_count);
}

// --- types ---

struct CastRule {
  std::string_view type;
  std::string_view call;  ///< `{}` is the value, `{n}` stands for digits of the type
};

/// How MySQL's CAST is called (query/duckdb/functions).
constexpr CastRule kCasts[] = {
    {"SIGNED", "cast_signed({})"},
    {"UNSIGNED", "cast_unsigned({})"},
    {"DATE", "cast_date({})"},
    {"DATEV1", "cast_date({})"},
    {"DATEV2", "cast_date({})"},
    {"DOUBLE", "cast_double({})"},
    {"REAL", "cast_double({})"},
    {"FLOAT", "cast_double({})"},
    {"BOOLEAN", "cast_boolean({})"},
    {"BOOL", "cast_boolean({})"},
    {"JSON", "cast_json({})"},
    {"JSONB", "cast_json({})"},
    {"TINYINT", "cast_small({}, 'TINYINT')"},
    {"SMALLINT", "cast_small({}, 'SMALLINT')"},
    {"INT", "cast_small({}, 'INTEGER')"},
    {"INTEGER", "cast_small({}, 'INTEGER')"},
    {"BIGINT", "cast_small({}, 'BIGINT')"},
    {"YEAR", "cast_small({}, 'INTEGER')"},
};
/// The same for types whose digits matter.
constexpr CastRule kCastsWithDigits[] = {
    {"CHAR", "cast_char"},           {"NCHAR", "cast_char"},          {"CHARACTER", "cast_char"},
    {"VARCHAR", "cast_char"},        {"STRING", "cast_char"},         {"TEXT", "cast_char"},
    {"BINARY", "cast_binary"},       {"TIME", "cast_time"},           {"DATETIME", "cast_datetime"},
    {"DATETIMEV1", "cast_datetime"}, {"DATETIMEV2", "cast_datetime"}, {"TIMESTAMP", "cast_datetime"},
};

bool is_decimal(std::string_view name) {
  for (std::string_view decimal : {"DECIMAL", "DECIMALV2", "DECIMALV3", "DEC", "NUMERIC"}) {
    if (name == decimal) return true;
  }
  return false;
}

/// The digits of `DECIMAL(10, 2)`: ", 10, 2".
std::string digits_of_type(const Rewriter& rewriter, TokenRange type) {
  std::string digits;
  for (size_t i = type.begin; i < type.end; ++i) {
    if (rewriter.token(i).kind == TokenKind::kNumber) digits += fmt::format(", {}", rewriter.token(i).text);
  }
  return digits;
}

Result<std::string> cast(Rewriter& rewriter, TokenRange value, TokenRange type) {
  if (value.size() == 0 || type.size() == 0) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string text, rewriter.render(value));
  const std::string name = to_upper(rewriter.token(type.begin).text);
  const std::string digits = digits_of_type(rewriter, type);
  if (rewriter.session().strict_casts) {
    FRESHET_ASSIGN_OR_RETURN(const std::string target, rewrite_type(rewriter, type));
    const bool is_cut = target == "VARCHAR" && !digits.empty() && name != "STRING" && name != "TEXT";
    return is_cut ? fmt::format("left(CAST({} AS VARCHAR){})", text, digits) : fmt::format("CAST({} AS {})", text, target);
  }
  for (const CastRule& rule : kCasts) {
    if (name == rule.type) return fmt::format(fmt::runtime(rule.call), text);
  }
  for (const CastRule& rule : kCastsWithDigits) {
    const std::string_view kept = digits.empty() && rule.call == "cast_datetime" ? ", 0" : std::string_view(digits);
    if (name == rule.type) return fmt::format("{}({}{})", rule.call, text, kept);
  }
  if (is_decimal(name)) {
    const bool has_scale = digits.find(',', 1) != std::string::npos;
    return fmt::format("cast_decimal({}{})", text, digits.empty() ? ", 10, 0" : has_scale ? digits : digits + ", 0");
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string target, rewrite_type(rewriter, type));
  return fmt::format("CAST({} AS {})", text, target);
}

Result<std::string> rewrite_cast(Rewriter& rewriter, TokenRange arguments) {
  const size_t as = rewriter.find_word(arguments, "AS");
  if (as == arguments.end) return std::string();
  return cast(rewriter, {arguments.begin, as}, {as + 1, arguments.end});
}

/// `x USING utf8mb4`: all text is UTF-8.
Result<std::string> text_of(Rewriter& rewriter, TokenRange value) {
  FRESHET_ASSIGN_OR_RETURN(const std::string text, rewriter.render(value));
  return fmt::format("cast_char({})", text);
}

Result<std::string> rewrite_convert(Rewriter& rewriter, TokenRange arguments) {
  const size_t charset = rewriter.find_word(arguments, "USING");
  if (charset != arguments.end) return text_of(rewriter, {arguments.begin, charset});
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 2) return std::string();
  return cast(rewriter, parts[0], parts[1]);
}

// --- text ---

Result<std::string> rewrite_char(Rewriter& rewriter, TokenRange arguments) {
  const size_t charset = rewriter.find_word(arguments, "USING");
  FRESHET_ASSIGN_OR_RETURN(const std::string codes, rewriter.render({arguments.begin, charset}));
  return charset == arguments.end ? fmt::format("char_of({})", codes) : fmt::format("cast_char(char_of({}))", codes);
}
Result<std::string> rewrite_isnull(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "(({0}) IS NULL)");
}
Result<std::string> rewrite_rand(Rewriter&, TokenRange) { return "random()"; }

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
    value += (value.empty() ? "" : ", ") + text;
  }
  std::string order;
  if (order_at != separator_at) {
    FRESHET_ASSIGN_OR_RETURN(order, rewriter.render({order_at, separator_at}));
    order = " " + order;
  }
  const std::string text = values.size() == 1 ? fmt::format("cast_char({})", value) : fmt::format("concat({})", value);
  // What is distinct and ordered is ordered as it was, not as a text.
  if (distinct && !order.empty() && values.size() == 1) {
    return fmt::format(
        "array_to_string(list_transform(list(DISTINCT {}{}) FILTER (WHERE ({}) IS NOT NULL), lambda v: cast_char(v)), {})",
        value, order, value, separator);
  }
  return fmt::format("string_agg({}{}, {}{})", distinct ? "DISTINCT " : "", text, separator, order);
}

Result<std::string> rewrite_json_arrayagg(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "concat('[', string_agg(json_written({0}), ','), ']')");
}
Result<std::string> rewrite_json_objectagg(Rewriter& rewriter, TokenRange arguments) {
  return substitute<2>(rewriter, arguments,
                       "concat('{{', string_agg(concat(json_quote({0}), ':', json_written({1})), ', '), '}}')");
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

Result<std::string> rewrite_nvl2(Rewriter& rewriter, TokenRange arguments) {
  return substitute<3>(rewriter, arguments, "CASE WHEN ({0}) IS NOT NULL THEN {1} ELSE {2} END");
}
/// SUBSTR(x FROM 2 FOR 3); MID is the same.
Result<std::string> rewrite_substr(Rewriter& rewriter, TokenRange arguments) {
  const size_t from = rewriter.find_word(arguments, "FROM");
  if (from == arguments.end) return std::string();
  const size_t length = rewriter.find_word({from, arguments.end}, "FOR");
  FRESHET_ASSIGN_OR_RETURN(const std::string text, rewriter.render({arguments.begin, from}));
  FRESHET_ASSIGN_OR_RETURN(const std::string position, rewriter.render({from + 1, length}));
  if (length == arguments.end) return fmt::format("substr({}, {})", text, position);
  FRESHET_ASSIGN_OR_RETURN(const std::string count, rewriter.render({length + 1, arguments.end}));
  return fmt::format("substr({}, {}, {})", text, position, count);
}
/// All texts are of one kind, which compares by bytes.
Result<std::string> rewrite_charset(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "'utf8mb4'");
}
Result<std::string> rewrite_collation(Rewriter& rewriter, TokenRange arguments) {
  return substitute<1>(rewriter, arguments, "'utf8mb4_bin'");
}
Result<std::string> rewrite_current_role(Rewriter&, TokenRange) { return "NULL"; }

// --- dates ---

Result<std::string> rewrite_add_months(Rewriter& rewriter, TokenRange arguments) {
  return substitute<2>(rewriter, arguments, "date_add({0}, interval_of({1}, 'MONTH'))");
}

/// TIMESTAMPDIFF(unit, a, b): the unit is a word, which becomes a text.
Result<std::string> with_unit(Rewriter& rewriter, TokenRange arguments, const char* pattern) {
  const auto parts = rewriter.split(arguments);
  if (parts.size() != 3 || parts[0].size() != 1) return std::string();
  const Token& unit = rewriter.token(parts[0].begin);
  if (!is_interval_unit(unit)) return rewriter.error(parts[0].begin, "a unit of time");
  FRESHET_ASSIGN_OR_RETURN(const std::string second, rewriter.render(parts[1]));
  FRESHET_ASSIGN_OR_RETURN(const std::string third, rewriter.render(parts[2]));
  return fmt::format(fmt::runtime(pattern), to_upper(unit.text), second, third);
}
Result<std::string> rewrite_timestampdiff(Rewriter& rewriter, TokenRange arguments) {
  return with_unit(rewriter, arguments, "timestampdiff('{0}', {1}, {2})");
}
Result<std::string> rewrite_timestampadd(Rewriter& rewriter, TokenRange arguments) {
  return with_unit(rewriter, arguments, "date_add({2}, interval_of({1}, '{0}'))");
}
Result<std::string> rewrite_extract(Rewriter& rewriter, TokenRange arguments) {
  const size_t from = rewriter.find_word(arguments, "FROM");
  if (from != arguments.begin + 1 || from == arguments.end) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string value, rewriter.render({from + 1, arguments.end}));
  return fmt::format("date_part('{}', {})", to_upper(rewriter.token(arguments.begin).text), value);
}
Result<std::string> rewrite_time(Rewriter& rewriter, TokenRange arguments) {
  // TIME(6) is a type with its precision.
  if (arguments.size() == 1 && rewriter.token(arguments.begin).kind == TokenKind::kNumber) return std::string();
  return substitute<1>(rewriter, arguments, "time_of({0})");
}
Result<std::string> rewrite_timestamp(Rewriter& rewriter, TokenRange arguments) {
  const bool is_type = arguments.size() == 1 && rewriter.token(arguments.begin).kind == TokenKind::kNumber;
  if (is_type || arguments.size() == 0) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string values, rewriter.render(arguments));
  return fmt::format("timestamp_of({})", values);
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
    {"CURRENT_USER", rewrite_account},
    {"CONNECTION_ID", rewrite_connection_id},
    {"LAST_INSERT_ID", rewrite_last_insert_id},
    {"FOUND_ROWS", rewrite_found_rows},
    {"ROW_COUNT", rewrite_row_count},
    {"CAST", rewrite_cast},
    {"CONVERT", rewrite_convert},
    {"CHAR", rewrite_char},
    {"ISNULL", rewrite_isnull},
    {"RAND", rewrite_rand},
    {"JSON_ARRAYAGG", rewrite_json_arrayagg},
    {"JSON_OBJECTAGG", rewrite_json_objectagg},
    {"GROUP_CONCAT", rewrite_group_concat},
    {"COUNT", rewrite_count},
    {"INTERSECT_COUNT", rewrite_intersect_count},
    {"NVL2", rewrite_nvl2},
    {"SUBSTR", rewrite_substr},
    {"SUBSTRING", rewrite_substr},
    {"MID", rewrite_substr},
    {"CHARSET", rewrite_charset},
    {"COLLATION", rewrite_collation},
    {"CURRENT_ROLE", rewrite_current_role},
    {"ADD_MONTHS", rewrite_add_months},
    {"NOW", rewrite_now_call},
    {"SYSDATE", rewrite_now_call},
    {"CURRENT_TIMESTAMP", rewrite_now_call},
    {"LOCALTIME", rewrite_now_call},
    {"LOCALTIMESTAMP", rewrite_now_call},
    {"CURDATE", rewrite_curdate},
    {"CURRENT_DATE", rewrite_curdate},
    {"UTC_DATE", rewrite_utc_date},
    {"CURTIME", rewrite_curtime},
    {"CURRENT_TIME", rewrite_curtime},
    {"UTC_TIME", rewrite_utc_time},
    {"UTC_TIMESTAMP", rewrite_utc_now_call},
    {"TIMESTAMPDIFF", rewrite_timestampdiff},
    {"TIMESTAMPADD", rewrite_timestampadd},
    {"EXTRACT", rewrite_extract},
    {"TIME", rewrite_time},
    {"TIMESTAMP", rewrite_timestamp},
    {"UNIX_TIMESTAMP", rewrite_unix_timestamp},
    {"FROM_UNIXTIME", rewrite_from_unixtime},
};

constexpr std::pair<std::string_view, std::string_view> kFunctionNames[] = {
    {"STD", "stddev_pop"},     {"STDDEV", "stddev_pop"}, {"VARIANCE", "var_pop"},  {"NDV", "approx_count_distinct"},
    {"REGEXP_LIKE", "regexp"}, {"DATE", "cast_date"},    {"TO_DATE", "cast_date"}, {"TO_DAYS", "day_number"},
    {"IFNULL", "nvl"},
};

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
