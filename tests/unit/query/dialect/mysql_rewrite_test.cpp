#include "query/dialect/mysql_rewrite.h"

#include <gtest/gtest.h>

#include <random>

#include "support/seed.h"

namespace freshet::query {
namespace {

SessionValues session() {
  SessionValues values;
  values.database = "shop";
  values.version = "8.0.34-freshet";
  values.user = "root@127.0.0.1";
  values.account = "root@%";
  values.connection_id = 7;
  values.found_rows = 3;
  values.row_count = -1;
  values.system_variable = [](std::string_view name, bool) -> std::optional<std::string> {
    return name == "autocommit" ? std::optional<std::string>("1") : std::nullopt;
  };
  return values;
}

std::string rewritten(std::string_view sql) {
  const Result<std::string> result = rewrite_for_duckdb(sql, session());
  return result.ok() ? *result : result.status().to_string();
}

/// The rewritten text holds `part` and none of what DuckDB cannot read.
struct Case {
  std::string sql;
  std::string part;
  std::string gone = {};
};

class MysqlRewrite : public testing::TestWithParam<Case> {};

TEST_P(MysqlRewrite, SaysItInDuckDbsWords) {
  const std::string text = rewritten(GetParam().sql);
  EXPECT_NE(text.find(GetParam().part), std::string::npos) << text;
  if (!GetParam().gone.empty()) {
    EXPECT_EQ(text.find(GetParam().gone), std::string::npos) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MysqlRewrite,
    testing::Values(
        Case{"SELECT `a b` FROM `t`", "\"a b\"", "`"}, Case{"SELECT \"it's\"", "'it''s'"}, Case{"SELECT 'a\\'b'", "'a''b'"},
        Case{"SELECT a FROM t LIMIT 5, 10", "OFFSET 5", "LIMIT 5"},
        Case{"SELECT a FROM t LIMIT 5, 18446744073709551615", "LIMIT 4611686018427387904 OFFSET 5", "1844"},
        Case{"SELECT a FROM t LIMIT 18446744073709551615 OFFSET 3", "LIMIT 4611686018427387904 OFFSET 3", "1844"},
        Case{"SELECT a FROM t JOIN u WHERE a = b", "t CROSS JOIN u WHERE"},
        Case{"SELECT a FROM t INNER JOIN u", "t CROSS JOIN u", "INNER"},
        Case{"SELECT a FROM t CROSS JOIN u ON a = b", "t INNER JOIN u ON", "CROSS"},
        Case{"SELECT a FROM t JOIN u JOIN v ON a = b", "t CROSS JOIN u JOIN v ON"},
        Case{"SELECT a FROM t JOIN u JOIN v ON a = b ON b = c", "t JOIN u JOIN v ON", "CROSS"},
        Case{"SELECT a FROM t LEFT JOIN (u JOIN v) ON a = b", "LEFT JOIN (u CROSS JOIN v) ON"},
        Case{"SELECT a FROM t STRAIGHT_JOIN u USING (a)", "t JOIN u USING"},
        Case{"SELECT a FROM (t, u x) LEFT JOIN v ON a = b", "(t CROSS JOIN u x) LEFT JOIN"},
        Case{"SELECT a FROM (SELECT 1, 2) x", "(SELECT 1, 2)", "CROSS"},
        Case{"SELECT a position FROM t", "a AS \"position\""},
        Case{"SELECT d + INTERVAL 1 DAY FROM t", "AS \"d + INTERVAL 1 DAY\""}, Case{"SELECT TRUE", "AS \"TRUE\""},
        Case{"SELECT CASE WHEN 1 THEN 'b' END", "AS \"CASE WHEN 1 THEN 'b' END\""}, Case{"SELECT FOUND_ROWS()", "SELECT 3"},
        Case{"SELECT ROW_COUNT()", "SELECT (-1)"},
        Case{"SELECT a <=> b FROM t", "SELECT a IS NOT DISTINCT FROM b AS \"a <=> b\" FROM t"},
        Case{"SELECT a && b FROM t", "SELECT a AND b AS \"a && b\" FROM t"},
        Case{"SELECT 7 DIV 2", "SELECT 7 // 2 AS \"7 DIV 2\""},
        Case{"SELECT CAST(a AS SIGNED) FROM t", "SELECT cast_signed(a) AS"},
        Case{"SELECT a | b & c FROM t", "bit_or_of(a, bit_and_of(b, c))"},
        Case{"SELECT a + 1 & b << 2 FROM t", "bit_and_of((a + 1), shift_left(b, 2))"},
        Case{"SELECT a = b = c FROM t", "((a = b) = c)"}, Case{"SELECT ~a + 1 FROM t", "(bit_not_of(a) + 1)"},
        Case{"SELECT a XOR b OR c AND d FROM t", "(logical_xor(a, b) OR (c AND d))"},
        Case{"SELECT a FROM t WHERE b NOT REGEXP 'x' AND c", "((NOT regexp(b, 'x')) AND c)"},
        Case{"SELECT f(a, (b XOR c)) + 1 FROM t", "f(a, (logical_xor(b, c))) + 1"},
        Case{"SELECT a XOR b OR c OR d FROM t", "(logical_xor(a, b) OR c OR d)"}, Case{"SELECT a || b FROM t", "a OR b"},
        Case{"SELECT a->'$.b' = 1 FROM t", "(json_extract(a, '$.b') = 1)"},
        Case{"SELECT CASE WHEN a & 1 THEN b END | 2 FROM t", "bit_or_of(CASE WHEN bit_and_of(a, 1) THEN b END, 2)"},
        Case{"SELECT a + INTERVAL b + 1 DAY FROM t", "interval_of(b + 1, 'DAY')"}, Case{"SELECT DATABASE()", "'shop'"},
        Case{"SELECT VERSION()", "'8.0.34-freshet'"}, Case{"SELECT CONNECTION_ID()", "7"}, Case{"SELECT @@autocommit", "1"},
        Case{"SELECT @@session.autocommit", "1"}, Case{"SELECT 1 FROM DUAL", "SELECT 1", "FROM DUAL"},
        Case{"SELECT /*+ SET_VAR(x=1) */ a FROM t -- end", "SELECT", "SET_VAR"},
        Case{"SELECT GROUP_CONCAT(a ORDER BY a SEPARATOR ';') FROM t", "string_agg(cast_char(a), ';' ORDER BY a)"},
        Case{"SELECT a FROM t WHERE b = ? AND c = ?", "b = ? AND c = ?"}));

TEST(MysqlRewriteZones, MomentsAreTakenToTheSessionsZoneAndBack) {
  SessionValues values = session();
  const auto in_zone = [&](std::string_view sql) { return rewrite_for_duckdb(sql, values).value(); };
  EXPECT_EQ(in_zone("SELECT CURDATE() AS d"), "SELECT CURRENT_DATE AS d");
  EXPECT_EQ(in_zone("SELECT FROM_UNIXTIME(5) AS d"), "SELECT FROM_UNIXTIME(5) AS d");
  values.time_zone = "+02:00";
  EXPECT_EQ(in_zone("SELECT NOW() AS d"),
            "SELECT date_trunc('second', convert_tz(LOCALTIMESTAMP, '+00:00', '+02:00')) AS d");
  EXPECT_EQ(in_zone("SELECT CURRENT_DATE AS d"), "SELECT cast_date(convert_tz(LOCALTIMESTAMP, '+00:00', '+02:00')) AS d");
  EXPECT_EQ(in_zone("SELECT UTC_TIMESTAMP() AS d"), "SELECT date_trunc('second', LOCALTIMESTAMP) AS d");
  EXPECT_EQ(in_zone("SELECT FROM_UNIXTIME(5, '%H') AS d"),
            "SELECT date_format(convert_tz(from_unixtime(5), '+00:00', '+02:00'), '%H') AS d");
  EXPECT_EQ(in_zone("SELECT UNIX_TIMESTAMP(a) AS d FROM t"),
            "SELECT unix_timestamp(convert_tz(a, '+02:00', '+00:00')) AS d FROM t");
}

TEST(MysqlRewriteErrors, UnknownVariableIsNamed) {
  EXPECT_NE(rewritten("SELECT @@nonsense").find("nonsense"), std::string::npos);
  EXPECT_TRUE(rewritten("SELECT @@nonsense").starts_with("INVALID_ARGUMENT"));
}

TEST(MysqlRewriteErrors, RandomTextNeverCrashes) {
  std::mt19937_64 random(test::test_seed());
  const std::vector<std::string> words = {
      "SELECT", "`a`",          "'x",        "\"",       "(",        ")",   "CAST", "AS", "SIGNED", "LIMIT", ",",  "5",
      "IF",     "GROUP_CONCAT", "SEPARATOR", "INTERVAL", "DATE_ADD", "@@x", "?",    "/*", "*/",     "--",    "\\", "||"};
  for (int round = 0; round < 5000; ++round) {
    std::string sql;
    for (uint64_t i = random() % 20; i > 0; --i) sql += words[random() % words.size()] + (random() % 3 == 0 ? "" : " ");
    static_cast<void>(rewritten(sql));
  }
}

}  // namespace
}  // namespace freshet::query
