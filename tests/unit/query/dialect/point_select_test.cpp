#include "query/dialect/point_select.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

std::string shown(const Literal& value) {
  switch (value.kind) {
    case LiteralKind::kPlaceholder: return "?" + std::to_string(value.placeholder);
    case LiteralKind::kString: return "'" + std::string(value.text) + "'";
    case LiteralKind::kNull: return "NULL";
    default: return std::string(value.text);
  }
}

/// "db.table: column=label,... | key=value,...", or "no".
std::string summary(std::string_view text) {
  const auto select = parse_point_select(text);
  if (!select) return "no";
  std::string out = (select->database.empty() ? "" : std::string(select->database) + ".") + std::string(select->table) + ":";
  if (select->star) out += " *";
  for (const auto& output : select->outputs) out += " " + std::string(output.column) + "=" + std::string(output.label);
  out += " |";
  for (const auto& equality : select->equalities) out += " " + std::string(equality.column) + "=" + shown(equality.value);
  if (!select->list.column.empty()) {
    out += " " + std::string(select->list.column) + " in";
    for (const Literal& value : select->list.values) out += " " + shown(value);
  }
  const PointRange& range = select->range;
  if (!range.column.empty()) out += " " + shown(range.low) + "<=" + std::string(range.column) + "<=" + shown(range.high);
  if (select->is_distinct) out += " distinct";
  for (const PointSelect::Order& order : select->order) {
    out += " by " + std::string(order.column) + (order.is_descending ? " desc" : "");
  }
  if (select->limit != UINT64_MAX) out += " limit " + std::to_string(select->limit);
  return out;
}

TEST(PointSelect, RecognisesEqualitiesOnColumns) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT c FROM sbtest1 WHERE id=?", "sbtest1: c=c | id=?0"},
      {"select * from db.t where k1 = 5 and k2 = 'a' limit 1;", "db.t: * | k1=5 k2='a' limit 1"},
      {"SELECT `a`, t.b AS x, c y FROM `t` WHERE `k` = -7", "t: a=a b=x c=y | k=-7"},
      {"SELECT s.a FROM t AS s WHERE s.k = ?", "t: a=a | k=?0"},
      {"SELECT a FROM t WHERE (k1=? AND (k2=?))", "t: a=a | k1=?0 k2=?1"},
      {"SELECT a FROM t WHERE k='it''s \\n'", "t: a=a | k='it's \n'"},
      {"/* ApplicationName=Flink Lookup Query */  select `a` from db.t where ( `k`=? )", "db.t: a=a | k=?0"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
}

TEST(PointSelect, RecognisesListsAndRanges) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT c FROM t WHERE id IN (?, 7, -1, NULL, 'x')", "t: c=c | id in ?0 7 -1 NULL 'x'"},
      {"SELECT c FROM t WHERE a = 1 AND (t.id IN (5)) AND b = ? LIMIT 20", "t: c=c | a=1 b=?0 id in 5 limit 20"},
      {"SELECT c FROM sbtest1 WHERE id BETWEEN ? AND ?", "sbtest1: c=c | ?0<=id<=?1"},
      {"SELECT * FROM t WHERE d BETWEEN '2026-01-01' AND '2026-02-01' AND a = 2",
       "t: * | a=2 '2026-01-01'<=d<='2026-02-01'"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
  EXPECT_EQ(summary("SELECT DISTINCT c FROM t WHERE id BETWEEN 1 AND 5 ORDER BY t.c, id DESC LIMIT 3"),
            "t: c=c | 1<=id<=5 distinct by c by id desc limit 3");
  std::string many = "SELECT c FROM t WHERE id IN (0";
  for (size_t i = 1; i < kMaxPointKeys; ++i) many += "," + std::to_string(i);
  EXPECT_NE(summary(many + ")"), "no");
  EXPECT_EQ(summary(many + ",1)"), "no");
}

TEST(PointSelect, LeavesEverythingElseToTheEngine) {
  for (std::string_view text : {
           "SELECT 1",
           "SELECT a FROM t",
           "SELECT DISTINCTROW a FROM t WHERE k=1",
           "SELECT a FROM t WHERE k=1 ORDER BY 1",
           "SELECT a FROM t WHERE k=1 ORDER BY a + 1",
           "SELECT a FROM t WHERE k=1 ORDER a",
           "SELECT a FROM t WHERE k=1 ORDER BY u.a",
           "SELECT a+1 FROM t WHERE k=1",
           "SELECT count(*) FROM t WHERE k=1",
           "SELECT a FROM t WHERE k=1 OR k=2",
           "SELECT a FROM t WHERE k>1",
           "SELECT a FROM t WHERE k=1+1",
           "SELECT a FROM t WHERE k=NULL",
           "SELECT a FROM t WHERE k=b",
           "SELECT a FROM t WHERE k=1 AND k=2",
           "SELECT a FROM t WHERE k IN ()",
           "SELECT a FROM t WHERE k IN (1, 2",
           "SELECT a FROM t WHERE k IN (1 + 1)",
           "SELECT a FROM t WHERE k IN (SELECT 1)",
           "SELECT a FROM t WHERE k NOT IN (1)",
           "SELECT a FROM t WHERE k=1 AND k IN (1)",
           "SELECT a FROM t WHERE k IN (1) AND k2 IN (2)",
           "SELECT a FROM t WHERE k IN (1) AND k2 BETWEEN 1 AND 2",
           "SELECT a FROM t WHERE k BETWEEN 1 AND NULL",
           "SELECT a FROM t WHERE k BETWEEN 1 AND 2 + 3",
           "SELECT a FROM t WHERE k BETWEEN 1",
           "SELECT a FROM t WHERE k NOT BETWEEN 1 AND 2",
           "SELECT a FROM t, u WHERE k=1",
           "SELECT a FROM t JOIN u WHERE k=1",
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
