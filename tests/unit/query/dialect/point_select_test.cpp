#include "query/dialect/point_select.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

/// "db.table: column=label,... | key=value,...", or "no".
std::string summary(std::string_view text) {
  const auto select = parse_point_select(text);
  if (!select) return "no";
  std::string out = (select->database.empty() ? "" : std::string(select->database) + ".") + std::string(select->table) + ":";
  if (select->star) out += " *";
  for (const auto& output : select->outputs) out += " " + std::string(output.column) + "=" + std::string(output.label);
  out += " |";
  for (const auto& equality : select->equalities) {
    out += " " + std::string(equality.column) + "=";
    out += equality.value.kind == LiteralKind::kPlaceholder ? "?" + std::to_string(equality.value.placeholder)
           : equality.value.kind == LiteralKind::kString    ? "'" + std::string(equality.value.text) + "'"
                                                            : std::string(equality.value.text);
  }
  return out;
}

TEST(PointSelect, RecognisesEqualitiesOnColumns) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT c FROM sbtest1 WHERE id=?", "sbtest1: c=c | id=?0"},
      {"select * from db.t where k1 = 5 and k2 = 'a' limit 1;", "db.t: * | k1=5 k2='a'"},
      {"SELECT `a`, t.b AS x, c y FROM `t` WHERE `k` = -7", "t: a=a b=x c=y | k=-7"},
      {"SELECT s.a FROM t AS s WHERE s.k = ?", "t: a=a | k=?0"},
      {"SELECT a FROM t WHERE (k1=? AND (k2=?))", "t: a=a | k1=?0 k2=?1"},
      {"SELECT a FROM t WHERE k='it''s \\n'", "t: a=a | k='it's \n'"},
      {"/* ApplicationName=Flink Lookup Query */  select `a` from db.t where ( `k`=? )", "db.t: a=a | k=?0"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
}

TEST(PointSelect, LeavesEverythingElseToTheEngine) {
  for (std::string_view text : {
           "SELECT 1",
           "SELECT a FROM t",
           "SELECT DISTINCT a FROM t WHERE k=1",
           "SELECT a+1 FROM t WHERE k=1",
           "SELECT count(*) FROM t WHERE k=1",
           "SELECT a FROM t WHERE k=1 OR k=2",
           "SELECT a FROM t WHERE k>1",
           "SELECT a FROM t WHERE k=1+1",
           "SELECT a FROM t WHERE k=NULL",
           "SELECT a FROM t WHERE k=b",
           "SELECT a FROM t WHERE k=1 AND k=2",
           "SELECT a FROM t, u WHERE k=1",
           "SELECT a FROM t JOIN u WHERE k=1",
           "SELECT a FROM t WHERE k=1 ORDER BY a",
           "SELECT a FROM t WHERE k=1 LIMIT 0",
           "SELECT a FROM t WHERE k=1 LIMIT 1, 2",
           "SELECT a FROM t WHERE k=1 FOR UPDATE",
           "SELECT a FROM t WHERE k=1; SELECT 2",
           "SELECT a FROM t WHERE (k=1",
           "SELECT a FROM t WHERE k=1)",
           "SELECT x.a FROM t WHERE k=1",
           "SELECT a FROM t AS s WHERE t.k=1",
           "SELECT a FROM t WHERE k=1 UNION SELECT 2",
           "SELECT a FROM t PARTITION (p) WHERE k=1",
           "SELECT a FROM t WHERE k='a' 'b'",
           "SELECT a FROM t WHERE",
           "",
       }) {
    EXPECT_EQ(summary(text), "no") << text;
  }
}

}  // namespace
}  // namespace freshet::query
