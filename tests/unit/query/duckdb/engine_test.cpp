#include "query/duckdb/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "snapshot_builder.h"

namespace freshet::query {
namespace {

const DataType kBigInt{.kind = TypeKind::kBigInt};
const DataType kString{.kind = TypeKind::kString};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    builder_.add_database("shop");
    builder_.add_database("other");
    schema_ = make_schema(TableModel::kUnique, {{"id", kBigInt},
                                                {"name", {.kind = TypeKind::kVarchar, .length = 20}},
                                                {"placed", {.kind = TypeKind::kDateTime, .scale = 0}},
                                                {"exact", {.kind = TypeKind::kDateTime, .scale = 3}},
                                                {"large", {.kind = TypeKind::kLargeInt}},
                                                {"price", {.kind = TypeKind::kDecimal, .precision = 10, .scale = 2}}});
    builder_.add_table("shop", "orders", schema_, 1);
    builder_.add_delta(0, schema_, orders(1, 5), {});
    builder_.add_table("other", "things", schema_, 1);
    engine_ =
        DuckEngine::open([this] { return builder_.snapshot(); }, {}, {.memory_bytes = 0, .threads = 2, .temp_directory = ""})
            .value();
    connection_ = engine_->connect();
  }

  Block orders(int64_t first, int64_t last) {
    Block block = Block::for_schema(*schema_);
    for (int64_t id = first; id <= last; ++id) {
      block.columns[0].append(id);
      block.columns[1].append_bytes("order " + std::to_string(id));
      block.columns[2].append(id * 86400000000);
      block.columns[3].append(id * 1000);
      block.columns[4].append(static_cast<Int128>(id));
      block.columns[5].append(id * 100 + 50);
    }
    return block;
  }

  Status run(const std::string& sql, TextRows& rows) { return connection_->query(sql, "shop", rows); }
  std::string one(const std::string& sql) {
    TextRows rows;
    const Status status = run(sql, rows);
    if (!status.ok()) return status.to_string();
    return rows.sorted_lines().empty() ? "" : rows.sorted_lines().front();
  }
  StatusCode code(const std::string& sql) {
    TextRows rows;
    return run(sql, rows).code();
  }

  SnapshotBuilder builder_;
  SchemaPtr schema_;
  std::unique_ptr<DuckEngine> engine_;
  std::unique_ptr<DuckConnection> connection_;
};

TEST_F(EngineTest, AnswersWithCellsOfEachType) {
  EXPECT_EQ(one("SELECT * FROM orders WHERE id = 2"), "2|order 2|1970-01-03 00:00:00|1970-01-01 00:00:00.002|2|2.50|");
  EXPECT_EQ(one("SELECT true, 1.5::FLOAT, 2.25::DOUBLE, DATE '2026-01-02', NULL, 170141183460469231731687303715884105727, "
                "'x'::BLOB, [1, 2], TIME '10:11:12', INTERVAL 3 DAY, 7::UBIGINT"),
            "1|1.5|2.25|2026-01-02|NULL|170141183460469231731687303715884105727|x|[1, 2]|10:11:12|3 days|7|");
}

TEST_F(EngineTest, RowsComePieceByPiece) {
  const std::string sql =
      "SELECT range AS r, CASE WHEN range % 3 = 0 THEN NULL ELSE 'row ' || range END, range / 4, [range], "
      "(range % 5)::VARCHAR, 7 FROM range(10000)";
  TextRows whole;
  ASSERT_TRUE(run(sql, whole).ok());
  for (const uint64_t piece : {1, 7, 2048, 3000, 20000}) {
    const auto cursor = engine_->connect();
    const auto columns = cursor->open_rows(sql, "shop", {});
    ASSERT_TRUE(columns.ok()) << columns.status().message();
    EXPECT_EQ(columns->size(), 6u);
    TextRows rows;
    ASSERT_TRUE(rows.columns(*columns).ok());
    for (bool is_over = false; !is_over;) {
      const size_t before = rows.rows().size();
      const auto fetched = cursor->next_rows(piece, rows);
      ASSERT_TRUE(fetched.ok()) << fetched.status().message();
      is_over = *fetched;
      EXPECT_EQ(rows.rows().size() - before == piece, !is_over) << piece;
    }
    EXPECT_EQ(rows.rows(), whole.rows()) << piece;
  }
}

TEST_F(EngineTest, ACursorRunsOnlyAsFarAsItIsRead) {
  const auto cursor = engine_->connect();
  const std::string endless = "SELECT a.range FROM range(1000000) a, range(1000000) b WHERE a.range + b.range >= 0";
  ASSERT_TRUE(cursor->open_rows(endless, "shop", {}).ok());
  TextRows rows;
  ASSERT_EQ(cursor->next_rows(10, rows).value(), false);
  EXPECT_EQ(rows.rows().size(), 10u);
  cursor->interrupt();
  TextRows more;
  EXPECT_EQ(cursor->next_rows(1'000'000, more).status().code(), StatusCode::kCancelled);

  const auto broken = engine_->connect();
  const auto opened = broken->open_rows("SELECT CAST('x' || range AS BIGINT) FROM range(5)", "shop", {});
  const Status failed = opened.ok() ? broken->next_rows(1, more).status() : opened.status();
  EXPECT_EQ(failed.code(), StatusCode::kInvalidArgument) << failed.message();
  EXPECT_FALSE(engine_->connect()->open_rows("SELECT nothing FROM orders", "shop", {}).ok());
}

TEST_F(EngineTest, NamesTypesAndTablesOfColumns) {
  TextRows rows;
  ASSERT_TRUE(run("SELECT id, placed, exact AS e, large, sum(id) OVER () AS s, price FROM orders", rows).ok());
  const auto& columns = rows.shown_columns();
  EXPECT_EQ(columns[0].name, "id");
  EXPECT_EQ(columns[0].type.kind, TypeKind::kBigInt);
  EXPECT_EQ(columns[0].database, "shop");
  EXPECT_EQ(columns[0].table, "orders");
  EXPECT_FALSE(columns[0].nullable);
  EXPECT_EQ(columns[1].type.scale, 0);
  EXPECT_EQ(columns[2].name, "e");
  EXPECT_EQ(columns[2].type.scale, 3);
  EXPECT_EQ(columns[3].type.kind, TypeKind::kLargeInt);
  EXPECT_EQ(columns[4].type.kind, TypeKind::kDecimal);
  EXPECT_EQ(columns[4].table, "");
  EXPECT_EQ(columns[5].type.to_string(), "decimal(10,2)");
}

TEST_F(EngineTest, ShowsFractionsOnlyWhereATimeCanHaveThem) {
  EXPECT_EQ(one("SELECT max(placed), min(exact) FROM orders"), "1970-01-06 00:00:00|1970-01-01 00:00:00.001|");
  EXPECT_EQ(one("SELECT date_trunc('hour', exact) FROM orders LIMIT 1"), "1970-01-01 00:00:00|");
  EXPECT_EQ(one("SELECT placed + INTERVAL 1 DAY FROM orders WHERE id = 1"), "1970-01-03 00:00:00|");
  EXPECT_EQ(one("SELECT x FROM (SELECT placed AS x FROM orders UNION ALL SELECT exact FROM orders) ORDER BY x LIMIT 1"),
            "1970-01-01 00:00:00.001|");
  EXPECT_EQ(one("WITH c AS (SELECT placed FROM orders) SELECT max(placed) FROM c"), "1970-01-06 00:00:00|");
  EXPECT_EQ(one("SELECT CASE WHEN id > 0 THEN placed END FROM orders WHERE id = 1"), "1970-01-02 00:00:00|");
}

TEST_F(EngineTest, FindsTablesByDatabaseAndNothingElse) {
  EXPECT_EQ(one("SELECT count(*) FROM shop.orders"), "5|");
  EXPECT_EQ(one("SELECT count(*) FROM other.things"), "0|");
  EXPECT_EQ(one("SELECT orders.id, shop.orders.name FROM orders WHERE orders.id = 1"), "1|order 1|");
  EXPECT_EQ(one("WITH things AS (SELECT 1 AS a) SELECT a FROM things"), "1|");
  EXPECT_EQ(
      one("SELECT (WITH things AS (SELECT 7 AS a) SELECT a FROM things) FROM other.things t RIGHT JOIN (SELECT 1) ON true"),
      "7|");
  EXPECT_EQ(one("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT sum(i) FROM n"),
            "10|");
  EXPECT_EQ(one("SELECT count(*) FROM things"), "NOT_FOUND: Unknown table 'shop.things'");
  EXPECT_EQ(one("SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) x, c"), "NOT_FOUND: Unknown table 'shop.c'");
  EXPECT_EQ(one("SELECT count(*) FROM nowhere.orders"), "NOT_FOUND: Unknown table 'nowhere.orders'");
  EXPECT_EQ(one("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop'"), "1|");
  TextRows rows;
  EXPECT_EQ(connection_->query("SELECT * FROM orders", "", rows).message(), "No database selected");
}

TEST_F(EngineTest, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(one("SELECT nam FROM orders").substr(0, 50), "INVALID_ARGUMENT: Unknown column 'nam' in 'field l");
  EXPECT_EQ(one("SELECT id FROM orders WHERE"),
            "INVALID_ARGUMENT: You have an error in your SQL syntax: syntax error at end of input");
  EXPECT_EQ(one("SELECT no_such(id) FROM orders").substr(0, 53), "INVALID_ARGUMENT: Function 'no_such' does not exist; ");
  EXPECT_EQ(code("SELECT 'x'::INT"), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(""), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("SELECT 1; SELECT 2"), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("SELECT 9223372036854775807 + id FROM orders"), StatusCode::kInvalidArgument);
  EXPECT_EQ(one("SELECT 1"), "1|") << "the connection lives";
  EXPECT_EQ(one("SELECT 1 / 0"), "NULL|");
}

TEST_F(EngineTest, RefusesEverythingButQueries) {
  for (const char* sql : {"ATTACH ':memory:' AS x",
                          "DETACH freshet",
                          "CREATE TABLE memory.main.q (a INT)",
                          "INSERT INTO orders VALUES (1)",
                          "DELETE FROM orders",
                          "UPDATE orders SET name = 'x'",
                          "DROP TABLE orders",
                          "COPY orders TO 'x.csv'",
                          "INSTALL httpfs",
                          "LOAD httpfs",
                          "PRAGMA database_list",
                          "SET threads = 1",
                          "CALL pragma_version()",
                          "EXPORT DATABASE 'x'",
                          "CHECKPOINT",
                          "BEGIN",
                          "USE memory",
                          "PREPARE p AS SELECT 1",
                          "DESCRIBE orders",
                          "SHOW TABLES",
                          "SUMMARIZE orders",
                          "VACUUM",
                          "PIVOT orders ON id USING count(*)",
                          "CREATE SECRET (TYPE s3)",
                          "CREATE MACRO f(a) AS a"}) {
    EXPECT_EQ(code(sql), StatusCode::kInvalidArgument) << sql;
  }
}

TEST_F(EngineTest, NothingOfTheHostOrOfDuckDBIsReachable) {
  const std::string file = builder_.directory() + "/secret.csv";
  std::ofstream(file) << "a\n1\n";
  const std::vector<std::string> statements = {
      "SELECT * FROM read_csv('" + file + "')",
      "SELECT * FROM read_text('" + file + "')",
      "SELECT * FROM '" + file + "'",
      "SELECT * FROM glob('/*')",
      "SELECT * FROM query('SELECT 1')",
      "SELECT * FROM query_table('orders')",
      "SELECT * FROM duckdb_settings()",
      "SELECT * FROM duckdb_tables",
      "SELECT * FROM sqlite_master",
      "SELECT * FROM system.main.duckdb_tables",
      "SELECT * FROM memory.main.x",
      "SELECT * FROM pragma_version()",
      "SELECT current_setting('temp_directory')",
      "SELECT getvariable('x')",
      "SELECT 1 WHERE EXISTS (SELECT * FROM duckdb_settings())",
      "SELECT (SELECT count(*) FROM glob('/*'))",
      "SELECT * FROM (SHOW TABLES)",
      "SELECT 1 ORDER BY (SELECT count(*) FROM glob('/*'))",
      "WITH c AS (SELECT * FROM glob('/*')) SELECT * FROM c",
      "SELECT 1 UNION SELECT count(*) FROM glob('/*')",
      "SELECT sum(1) OVER (ORDER BY (SELECT count(*) FROM glob('/*')))",
      "FROM freshet_scan()",
  };
  for (const std::string& sql : statements) {
    TextRows rows;
    const Status status = run(sql, rows);
    EXPECT_FALSE(status.ok()) << sql;
    EXPECT_NE(status.code(), StatusCode::kInternal) << sql << status.to_string();
  }
  EXPECT_EQ(one("SELECT 1"), "1|");
}

TEST_F(EngineTest, BindsParametersAsValues) {
  TextRows rows;
  const std::vector<Parameter> parameters = {int64_t{2}, std::string("order 4"), ParameterDateTime{"1970-01-06"}};
  ASSERT_TRUE(connection_
                  ->query_with_parameters("SELECT id FROM orders WHERE id = ? OR name = ? OR placed = ? ORDER BY id", "shop",
                                          parameters, rows)
                  .ok());
  EXPECT_EQ(rows.sorted_lines(), (std::vector<std::string>{"2|", "4|", "5|"}));
  TextRows again;
  const std::vector<Parameter> mixed = {ParameterNull{}, uint64_t{18446744073709551615u}, 1.5, int64_t{2}};
  const Status status = connection_->query_with_parameters("SELECT ?, ?, ? FROM orders LIMIT ?", "shop", mixed, again);
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(again.sorted_lines(),
            (std::vector<std::string>{"NULL|18446744073709551615|1.5|", "NULL|18446744073709551615|1.5|"}));
  EXPECT_EQ(connection_->query_with_parameters("SELECT ?", "shop", {}, again).code(), StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, DescribesWithoutRunning) {
  auto shape = connection_->describe("SELECT id, placed FROM orders WHERE id = ? AND name = ?", "shop");
  ASSERT_TRUE(shape.ok()) << shape.status().to_string();
  EXPECT_EQ(shape.value().parameter_count, 2);
  ASSERT_EQ(shape.value().columns.size(), 2u);
  EXPECT_EQ(shape.value().columns[1].name, "placed");
  shape = connection_->describe("SELECT ? + ?, id FROM orders", "shop");
  ASSERT_TRUE(shape.ok()) << shape.status().to_string();
  EXPECT_EQ(shape.value().columns.size(), 2u);
  EXPECT_EQ(connection_->describe("SELECT x FROM orders", "shop").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, StreamsBlocksOfTheTypesAskedFor) {
  const std::vector<TargetColumn> targets = {{"id", {.kind = TypeKind::kInt}},
                                             {"name", {.kind = TypeKind::kVarchar, .length = 20}},
                                             {"at", {.kind = TypeKind::kDateTime, .scale = 0}},
                                             {"price", {.kind = TypeKind::kDecimal, .precision = 20, .scale = 3}},
                                             {"large", {.kind = TypeKind::kBoolean}}};
  std::vector<std::string> lines;
  const Status status =
      connection_->stream("SELECT id, name, TIMESTAMP '2026-01-02 03:04:05.6', price, id > 3 FROM orders ORDER BY id",
                          "shop", {}, targets, [&](Block& block) {
                            for (size_t row = 0; row < block.row_count(); ++row) {
                              std::string line;
                              for (const Column& column : block.columns) {
                                format_value(column, row, line);
                                line += '|';
                              }
                              lines.push_back(line);
                            }
                            return Status::OK();
                          });
  ASSERT_TRUE(status.ok()) << status.to_string();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[4], "5|order 5|2026-01-02 03:04:06|5.500|1|");

  const auto ignore = [](Block&) { return Status::OK(); };
  const std::vector<TargetColumn> one_target = {{"name", {.kind = TypeKind::kVarchar, .length = 3}}};
  EXPECT_EQ(connection_->stream("SELECT 1, 2", "shop", {}, one_target, ignore).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(connection_->stream("SELECT 'abcd'", "shop", {}, one_target, ignore).code(), StatusCode::kInvalidArgument);
  const std::vector<TargetColumn> tiny = {{"small", {.kind = TypeKind::kTinyInt}}};
  EXPECT_EQ(connection_->stream("SELECT 1000", "shop", {}, tiny, ignore).message(),
            "Column 'small': '1000' is out of range for tinyint");
  EXPECT_EQ(connection_->stream("SELECT * FROM (VALUES (NULL), ('7'), ('x'))", "shop", {}, tiny, ignore).message(),
            "Column 'small': 'x' is not a valid tinyint");
  EXPECT_EQ(connection_->stream("SELECT 1", "shop", {}, tiny, [](Block&) { return Status::Conflict("no"); }).code(),
            StatusCode::kConflict);
}

TEST_F(EngineTest, EachQuerySeesTheNewestSnapshot) {
  EXPECT_EQ(one("SELECT count(*), max(id) FROM orders"), "5|5|");
  builder_.add_table("shop", "more", schema_, 1);
  builder_.add_delta(0, schema_, orders(10, 12), {1});
  EXPECT_EQ(one("SELECT count(*), max(id) FROM more"), "2|12|");
}

TEST_F(EngineTest, InterruptEndsTheQuery) {
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    connection_->interrupt();
  });
  TextRows rows;
  const Status status =
      run("SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range % 7 = b.range % 11", rows);
  killer.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status.to_string();
  connection_->forget_interrupt();
  EXPECT_EQ(one("SELECT 1"), "1|");
}

TEST_F(EngineTest, AnInterruptBeforeTheFirstStepIsNotLost) {
  connection_->interrupt();
  TextRows rows;
  EXPECT_EQ(run("SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range % 7 = b.range % 11", rows).code(),
            StatusCode::kCancelled);
  connection_->forget_interrupt();
  EXPECT_EQ(one("SELECT 1"), "1|");
}

TEST_F(EngineTest, AClientThatIsGoneEndsTheQuery) {
  TextRows rows;
  rows.on_row = [](size_t row) { return row == 100 ? Status::IoError("client is gone") : Status::OK(); };
  EXPECT_EQ(run("SELECT * FROM range(1000000000)", rows).code(), StatusCode::kIoError);
  EXPECT_EQ(one("SELECT 1"), "1|");
}

TEST_F(EngineTest, MemoryLimitIsAnErrorNotTheEnd) {
  auto small = DuckEngine::open([this] { return builder_.snapshot(); }, {},
                                {.memory_bytes = 32 << 20, .threads = 1, .temp_directory = ""})
                   .value();
  auto connection = small->connect();
  TextRows rows;
  const Status status =
      connection->query("SELECT count(*) FROM (SELECT DISTINCT range AS r, hash(range) FROM range(20000000))", "shop", rows);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.to_string();
  TextRows after;
  EXPECT_TRUE(connection->query("SELECT count(*) FROM orders", "shop", after).ok());
}

TEST_F(EngineTest, DamagedSegmentNamesItsFileAndHarmsNobodyElse) {
  auto damaged = make_schema(TableModel::kUnique, {{"id", kBigInt}, {"text", kString}});
  Block block = Block::for_schema(*damaged);
  for (int64_t id = 0; id < 20000; ++id) {
    block.columns[0].append(id);
    block.columns[1].append_bytes(std::to_string(id * 7919 % 100003) + " some text");
  }
  builder_.add_table("shop", "damaged", damaged, 1);
  builder_.add_segment(0, damaged, block, {});
  const auto file = std::filesystem::directory_iterator(builder_.directory())->path();
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(100);
    bytes.write("\xff\x00\xff\x00\xff\x00\xff\x00", 8);
  }
  TextRows rows;
  const Status status = run("SELECT sum(id), max(text) FROM damaged", rows);
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.to_string();
  EXPECT_NE(status.message().find(".seg"), std::string::npos) << status.message();
  EXPECT_EQ(one("SELECT count(*) FROM orders"), "5|");
}

}  // namespace
}  // namespace freshet::query
