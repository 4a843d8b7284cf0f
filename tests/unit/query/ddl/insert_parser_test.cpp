#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/ddl/parser.h"

namespace freshet::query {
namespace {

std::string show(const Literal& literal) {
  switch (literal.kind) {
    case LiteralKind::kNull: return "NULL";
    case LiteralKind::kDefault: return "DEFAULT";
    case LiteralKind::kNumber: return std::string(literal.text);
    case LiteralKind::kString: return "'" + std::string(literal.text) + "'";
    case LiteralKind::kPlaceholder: return "?" + std::to_string(literal.placeholder);
  }
  return "";
}

/// "table(columns): row; row", or "engine: source", or the error.
std::string summary(std::string_view text) {
  auto statement = parse_statement(text);
  if (!statement.ok()) return statement.status().message();
  const auto* insert = std::get_if<Insert>(&statement.value());
  if (insert == nullptr) return "not an insert";
  std::string out = insert->mode == InsertMode::kReplace     ? "replace "
                    : insert->mode == InsertMode::kOverwrite ? "overwrite "
                                                             : "";
  out += insert->table.to_string() + "(";
  for (const std::string& column : insert->columns) out += (out.back() == '(' ? "" : ",") + column;
  out += "):";
  if (!insert->source.empty()) out += " engine: " + std::string(insert->source);
  for (size_t i = 0; i < insert->cells.size(); ++i) {
    out += (i == 0 ? " cells: " : i % insert->width == 0 ? "; " : ", ") + std::string(insert->cells[i]);
  }
  for (size_t row = 0; !insert->needs_engine && row < insert->row_count; ++row) {
    if (row > 0) out += ";";
    for (size_t i = 0; i < insert->width; ++i) out += " " + show(insert->values[row * insert->width + i]);
  }
  for (const Assignment& assignment : insert->on_duplicate) {
    out += " | " + assignment.column + " = " + std::string(assignment.expression);
  }
  return out;
}

TEST(InsertParser, ReadsRowsOfLiterals) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"INSERT INTO t VALUES (1, 'a', NULL)", "t(): 1 'a' NULL"},
      {"insert into db.`t` (a, `b`) values (1,-2.5e3),(+3 , .5);", "db.t(a,b): 1 -2.5e3; 3 .5"},
      {"INSERT INTO t(a) VALUES(?),(?)", "t(a): ?0; ?1"},
      {"INSERT INTO t VALUES (TRUE, false, DEFAULT, x'4142', - 5, _utf8mb4'x')", "t(): 1 0 DEFAULT 'AB' -5 'x'"},
      {"INSERT INTO t VALUES ('it''s', \"a\\tb\", '')", "t(): 'it's' 'a\tb' ''"},
      {"INSERT INTO t VALUES /* c */ ( 1 /* x */ , 2 ) -- end\n , (3,4)", "t(): 1 2; 3 4"},
      {"REPLACE INTO t VALUES (1)", "replace t(): 1"},
      {"INSERT INTO t SET a = 1, b = 'x'", "t(a,b): 1 'x'"},
      {"INSERT INTO t () VALUES ()", "t():"},
      {"INSERT INTO t(a,b) VALUES (1,2) ON DUPLICATE KEY UPDATE b = VALUES(b), c = c + 1",
       "t(a,b): 1 2 | b = VALUES(b) | c = c + 1"},
      {"INSERT INTO t VALUES (1) AS n ON DUPLICATE KEY UPDATE a = n.a", "t(): 1 | a = n.a"},
      {"INSERT IGNORE INTO internal.db.t WITH LABEL l VALUES (123456789012345678901234567890)",
       "db.t(): 123456789012345678901234567890"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
}

TEST(InsertParser, LeavesExpressionsAndQueriesToTheEngine) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"INSERT INTO t VALUES (1+1, NOW())", "t(): cells: 1+1, NOW()"},
      {"INSERT INTO t VALUES (1), (2), (upper('a'));", "t(): cells: 1; 2; upper('a')"},
      {"INSERT INTO t (a) SELECT a FROM u ON DUPLICATE KEY UPDATE a = 1", "t(a): engine: SELECT a FROM u | a = 1"},
      {"INSERT INTO t SELECT * FROM u JOIN v ON u.a = v.a", "t(): engine: SELECT * FROM u JOIN v ON u.a = v.a"},
      {"INSERT INTO t (SELECT 1)", "t(): engine: (SELECT 1)"},
      {"INSERT INTO t WITH c AS (SELECT 1) SELECT * FROM c", "t(): engine: WITH c AS (SELECT 1) SELECT * FROM c"},
      {"INSERT OVERWRITE TABLE t SELECT 1", "overwrite t(): engine: SELECT 1"},
      {"INSERT INTO t VALUES ('a' 'b')", "t(): cells: 'a' 'b'"},
      {"INSERT INTO t VALUES ROW(1, f(2, (3))), ROW((SELECT a, b FROM u), DEFAULT) AS n ON DUPLICATE KEY UPDATE a = n.a",
       "t(): cells: 1, f(2, (3)); (SELECT a, b FROM u), DEFAULT | a = n.a"},
      {"INSERT INTO t SET a = 1, b = a + 1", "t(a,b): cells: 1, a + 1"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(summary(text), expected) << text;
}

TEST(InsertParser, SaysWhatIsWrong) {
  EXPECT_EQ(summary("INSERT INTO t VALUES (1,2),(3)"), "Column count doesn't match value count at row 2");
  EXPECT_EQ(summary("INSERT INTO t VALUES (1+1,2),(3)"), "Column count doesn't match value count at row 2");
  EXPECT_EQ(summary("INSERT INTO t(a) VALUES ()"), "Column count doesn't match value count at row 1");
  EXPECT_EQ(summary("INSERT INTO t(a) VALUES (1,2)"), "Column count doesn't match value count at row 1");
  EXPECT_EQ(summary("INSERT INTO t VALUES (1) 5"),
            "You have an error in your SQL syntax: expected ',' and a row, or the end of the statement near '5' at line 1, "
            "column 26");
  EXPECT_EQ(summary("INSERT INTO t VALUES (1, 'abc"),
            "You have an error in your SQL syntax: expected a closing quote near ''abc' at line 1, column 26");
  EXPECT_NE(summary("INSERT INTO t VALUES (1").find("expected ',' or ')'"), std::string::npos);
  EXPECT_NE(summary("INSERT INTO t").find("expected VALUES, SET or SELECT"), std::string::npos);
  EXPECT_NE(summary("INSERT INTO t (a VALUES (1)").find("expected ',' or ')' near 'VALUES"), std::string::npos);
}

TEST(InsertParser, LiteralsOutliveAMoveOfTheStatement) {
  const std::string text = "INSERT INTO t VALUES ('a\\nb')";
  auto parsed = parse_statement(text);
  ASSERT_TRUE(parsed.ok());
  Statement moved = std::move(parsed.value());
  const Statement copy = moved;
  moved = Statement(Sync{});
  EXPECT_EQ(std::get<Insert>(copy).values[0].text, "a\nb");
}

TEST(InsertParser, ReadsAThousandRows) {
  std::string text = "INSERT INTO t VALUES ";
  for (int row = 0; row < 1000; ++row) {
    text +=
        (row > 0 ? "," : "") + fmt::format("({},'name of row {}',{}.25,-{},'2026-01-02 03:04:05',NULL)", row, row, row, row);
  }
  const auto statement = parse_statement(text);
  ASSERT_TRUE(statement.ok());
  const Insert& insert = std::get<Insert>(statement.value());
  ASSERT_EQ(insert.row_count, 1000u);
  EXPECT_EQ(insert.values[999 * 6 + 1].text, "name of row 999");
}

}  // namespace
}  // namespace freshet::query
