#include <gtest/gtest.h>

#include "query/ddl/parser.h"

namespace freshet::query {
namespace {

std::string rows_summary(const ChangedRows& rows) {
  std::string out = rows.table.to_string();
  if (!rows.alias.empty()) out += " as " + rows.alias;
  for (const std::string& partition : rows.partitions) out += " part " + partition;
  if (!rows.with.empty()) out += " | with " + std::string(rows.with);
  if (!rows.sources.empty()) out += (rows.sources_have_table ? " | all " : " | from ") + std::string(rows.sources);
  if (!rows.where.empty()) out += " | where " + std::string(rows.where);
  if (!rows.tail.empty()) out += " | " + std::string(rows.tail);
  return out;
}

std::string assignments_summary(const std::vector<Assignment>& assignments) {
  std::string out;
  for (const Assignment& assignment : assignments) {
    out += " [" + assignment.column + " = " + std::string(assignment.expression) + "]";
  }
  return out;
}

std::string summary(std::string_view text) {
  const auto statement = parse_statement(text);
  if (!statement.ok()) return statement.status().message();
  if (const auto* update = std::get_if<Update>(&statement.value())) {
    return "update " + rows_summary(update->rows) + assignments_summary(update->assignments);
  }
  if (const auto* deleted = std::get_if<Delete>(&statement.value())) {
    return "delete " + rows_summary(deleted->rows) + (deleted->equalities ? " (by key)" : "");
  }
  if (const auto* merge = std::get_if<Merge>(&statement.value())) {
    std::string out = "merge " + merge->table.to_string() + " as " + merge->alias + " using " + std::string(merge->source) +
                      " on " + std::string(merge->on);
    for (const MergeClause& clause : merge->clauses) {
      out += clause.kind == MergeClause::Kind::kUpdate   ? " | update"
             : clause.kind == MergeClause::Kind::kDelete ? " | delete"
                                                         : " | insert";
      if (!clause.condition.empty()) out += " if " + std::string(clause.condition);
      out += assignments_summary(clause.assignments);
      for (const std::string& column : clause.columns) out += " " + column;
      for (std::string_view value : clause.values) out += " <" + std::string(value) + ">";
    }
    return out;
  }
  return "another statement";
}

TEST(DmlParser, TakesUpdatesApart) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"UPDATE t SET a = 1, `b` = t.b + f(x, 2) WHERE id = 3;", "update t | where id = 3 [a = 1] [b = t.b + f(x, 2)]"},
      {"update db.t as x set x.a = 1 from u join v on u.i = v.i where x.i = u.i",
       "update db.t as x | from u join v on u.i = v.i | where x.i = u.i [a = 1]"},
      {"UPDATE t JOIN db.u AS w ON t.i = w.i SET w.a = t.a",
       "update db.u as w | all t JOIN db.u AS w ON t.i = w.i [a = t.a]"},
      {"UPDATE t, (SELECT 1 AS i) u SET a = u.i WHERE t.i = u.i LIMIT 3",
       "update t | all t, (SELECT 1 AS i) u | where t.i = u.i | LIMIT 3 [a = u.i]"},
      {"UPDATE t PARTITION (p1, p2) SET a = DEFAULT ORDER BY b", "update t part p1 part p2 | ORDER BY b [a = DEFAULT]"},
      {"WITH c AS (SELECT 1) UPDATE t SET a = (SELECT * FROM c)",
       "update t | with WITH c AS (SELECT 1)  [a = (SELECT * FROM c)]"},
      {"UPDATE t SET t.a = 1, u.b = 2", "UPDATE changes one table: 't' and 'u' are two"},
      {"UPDATE t SET u.b = 2", "Unknown table 'u' in SET"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
}

TEST(DmlParser, TakesDeletesApart) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"DELETE FROM t WHERE id = 1 AND k = ?", "delete t | where id = 1 AND k = ? (by key)"},
      {"DELETE FROM t WHERE id = 1 LIMIT 1", "delete t | where id = 1 | LIMIT 1"},
      {"DELETE FROM t x PARTITION p WHERE x.id > 1", "delete t as x part p | where x.id > 1"},
      {"DELETE FROM t USING u, v WHERE t.i = u.i", "delete t | from u, v | where t.i = u.i"},
      {"DELETE FROM a USING db.t AS a JOIN u ON a.i = u.i", "delete db.t as a | all db.t AS a JOIN u ON a.i = u.i"},
      {"DELETE u FROM t JOIN u ON t.i = u.i WHERE t.x", "delete u | all t JOIN u ON t.i = u.i | where t.x"},
      {"WITH c AS (SELECT 1 AS i) DELETE FROM t WHERE i IN (SELECT i FROM c)",
       "delete t | with WITH c AS (SELECT 1 AS i)  | where i IN (SELECT i FROM c)"},
      {"DELETE a, b FROM a JOIN b", "DELETE from several tables is not offered: one statement for each"},
      {"DELETE c FROM a JOIN b", "Unknown table 'c' in MULTI DELETE"},
      {"WITH c AS (SELECT 1) SELECT * FROM c", "another statement"},
      {"WITH c AS (SELECT 1) (SELECT * FROM c)", "another statement"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
}

TEST(DmlParser, TakesMergesApart) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"MERGE INTO db.t AS t USING (SELECT 1 AS i) AS s ON t.i = s.i WHEN MATCHED AND s.i > 1 THEN DELETE "
       "WHEN MATCHED THEN UPDATE SET t.a = CASE WHEN s.i = 1 THEN 2 END, b = DEFAULT "
       "WHEN NOT MATCHED THEN INSERT (i, a) VALUES (s.i, f(s.i, 1))",
       "merge db.t as t using (SELECT 1 AS i) AS s on t.i = s.i | delete if s.i > 1 | update [a = CASE WHEN s.i = 1 THEN 2 "
       "END] [b = DEFAULT] | insert i a <s.i> <f(s.i, 1)>"},
      {"MERGE INTO t USING s ON t.i = s.i WHEN NOT MATCHED AND s.x THEN INSERT VALUES (1)",
       "merge t as  using s on t.i = s.i | insert if s.x <1>"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
  EXPECT_NE(summary("MERGE INTO t USING s ON t.i = s.i WHEN NOT MATCHED THEN DELETE").find("SQL syntax"), std::string::npos);
}

}  // namespace
}  // namespace freshet::query
