#include <gtest/gtest.h>

#include <duckdb.hpp>
#include <optional>
#include <random>
#include <thread>

#include "query/duckdb/engine.h"
#include "query/duckdb/types.h"
#include "snapshot_builder.h"
#include "support/seed.h"

namespace freshet::query {
namespace {

/// The columns of the test table: every type, and shapes that the encodings tell apart.
const std::vector<std::pair<std::string, DataType>>& fact_columns() {
  static const std::vector<std::pair<std::string, DataType>> columns = {
      {"id", {.kind = TypeKind::kBigInt}},
      {"flag", {.kind = TypeKind::kBoolean}},
      {"tiny", {.kind = TypeKind::kTinyInt}},
      {"small", {.kind = TypeKind::kSmallInt}},
      {"num", {.kind = TypeKind::kInt}},
      {"big", {.kind = TypeKind::kBigInt}},
      {"large", {.kind = TypeKind::kLargeInt}},
      {"real4", {.kind = TypeKind::kFloat}},
      {"real8", {.kind = TypeKind::kDouble}},
      {"dec4", {.kind = TypeKind::kDecimal, .precision = 4, .scale = 1}},
      {"dec10", {.kind = TypeKind::kDecimal, .precision = 10, .scale = 2}},
      {"dec30", {.kind = TypeKind::kDecimal, .precision = 30, .scale = 4}},
      {"day", {.kind = TypeKind::kDate}},
      {"placed", {.kind = TypeKind::kDateTime, .scale = 6}},
      {"city", {.kind = TypeKind::kVarchar, .length = 40}},
      {"note", {.kind = TypeKind::kString}},
      {"same", {.kind = TypeKind::kString}},
      {"seven", {.kind = TypeKind::kInt}},
      {"nothing", {.kind = TypeKind::kInt}},
      {"grows", {.kind = TypeKind::kInt}},
      {"runs", {.kind = TypeKind::kInt}},
      {"gaps", {.kind = TypeKind::kSmallInt}},
      {"steady", {.kind = TypeKind::kBigInt}},
      {"level", {.kind = TypeKind::kVarchar, .length = 20}},
      {"place", {.kind = TypeKind::kVarchar, .length = 60}},
  };
  return columns;
}

/// A table of segments and delta buffers with dead rows, and the same live rows in a table of DuckDB's own.
class ScanTest : public testing::Test {
 protected:
  ScanTest() : native_(nullptr), native_connection_(native_) {
    builder_->add_database("shop");
    schema_ = make_schema(TableModel::kUnique, fact_columns());
    engine_ = DuckEngine::open([this] { return builder_->snapshot(); }, {},
                               {.memory_bytes = 0, .threads = 3, .temp_directory = ""})
                  .value();
    connection_ = engine_->connect();
    native("SET default_null_order = 'nulls_first_on_asc_last_on_desc'");
    native("SET ieee_floating_point_ops = false");
    native("CREATE SCHEMA shop");
    native("USE shop");
  }

  void native(const std::string& sql) {
    const auto result = native_connection_.Query(sql);
    ASSERT_FALSE(result->HasError()) << sql << ": " << result->GetError();
  }

  Column random_column(size_t index, int64_t first_id, size_t rows) {
    const auto& [name, type] = fact_columns()[index];
    Column column(type);
    for (size_t row = 0; row < rows; ++row) append_random(column, name, first_id + static_cast<int64_t>(row));
    return column;
  }

  void append_random(Column& column, const std::string& name, int64_t id) {
    if (name == "id") return column.append<int64_t>(id);
    if (name == "same") return column.append_bytes("always the same text");
    if (name == "seven") return column.append<int32_t>(7);
    if (name == "grows") return column.append<int32_t>(static_cast<int32_t>(id / 3));
    if (name == "runs") return column.append<int32_t>(static_cast<int32_t>(id / 300 * 7919 % 20));
    if (name == "gaps" && id / 300 % 4 != 0) return column.append<int16_t>(static_cast<int16_t>(id / 300 * 7919 % 20));
    if (name == "gaps") return column.append_null();
    if (name == "steady") return column.append<int64_t>(id / 20000);
    if (name == "level") return column.append_bytes("level " + std::to_string(id % 5));
    // As many as a dictionary may have, and NULL.
    if (name == "place" && id % 10 != 0) return column.append_bytes("a place of many, " + std::to_string(id * 7919 % 2048));
    if (name == "place") return column.append_null();
    if (name == "nothing" || random_() % 10 == 0) return column.append_null();
    const int64_t number = static_cast<int64_t>(random_() % 20001) - 10000;
    switch (column.type().physical()) {
      case PhysicalType::kInt8:
        return column.append<int8_t>(column.type().kind == TypeKind::kBoolean ? number & 1 : number % 100);
      case PhysicalType::kInt16: return column.append<int16_t>(number % 1000);
      case PhysicalType::kInt32: return column.append<int32_t>(number);
      case PhysicalType::kInt64: return column.append<int64_t>(number * 1234567);
      case PhysicalType::kInt128: return column.append<Int128>(static_cast<Int128>(number) * 1000000000000 * 1000000);
      case PhysicalType::kFloat: return column.append<float>(number / 8.0f);
      case PhysicalType::kDouble: return column.append<double>(number / 8.0);
      case PhysicalType::kBytes: break;
    }
    if (name == "city") return column.append_bytes("city " + std::to_string(number % 17));
    column.append_bytes("note " + std::to_string(random_()) + std::string(random_() % 30, 'x'));
  }

  Block random_block(size_t rows) {
    Block block;
    for (size_t i = 0; i < fact_columns().size(); ++i) block.columns.push_back(random_column(i, next_id_, rows));
    next_id_ += static_cast<int64_t>(rows);
    return block;
  }

  /// Dead rows: none, some everywhere, or whole stretches.
  std::vector<RowOrdinal> random_dead(size_t rows) {
    std::vector<RowOrdinal> dead;
    const uint64_t shape = random_() % 4;
    for (RowOrdinal row = 0; row < rows; ++row) {
      const bool dies = shape == 0   ? false
                        : shape == 1 ? random_() % 3 == 0
                        : shape == 2 ? row / 5000 % 2 == 0
                                     : random_() % 50 == 0;
      if (dies) dead.push_back(row);
    }
    return dead;
  }

  void add_native(const Block& block, const std::vector<RowOrdinal>& dead) {
    const auto is_dead = storage::DeadRows().with(dead);
    duckdb::Appender appender(native_connection_, "shop", "facts");
    for (uint32_t row = 0; row < block.row_count(); ++row) {
      if (is_dead.contains(row)) continue;
      appender.BeginRow();
      for (const Column& column : block.columns) appender.Append(stored_value(column, row));
      appender.EndRow();
    }
    appender.Close();
  }

  void add_facts(const std::vector<size_t>& segments, const std::vector<size_t>& deltas, size_t tablets) {
    std::string columns;
    for (const auto& [name, type] : fact_columns()) {
      columns += (columns.empty() ? "" : ", ") + name + " " + logical_type(type).ToString();
    }
    native("CREATE TABLE shop.facts (" + columns + ")");
    builder_->add_table("shop", "facts", schema_, tablets);
    for (size_t i = 0; i < segments.size() + deltas.size(); ++i) {
      const bool is_delta = i >= segments.size();
      const Block block = random_block(is_delta ? deltas[i - segments.size()] : segments[i]);
      const auto dead = random_dead(block.row_count());
      add_native(block, dead);
      is_delta ? builder_->add_delta(i % tablets, schema_, block, dead)
               : builder_->add_segment(i % tablets, schema_, block, dead);
    }
  }

  std::vector<std::string> native_lines(const std::string& sql) {
    const auto result = native_connection_.Query(sql);
    EXPECT_FALSE(result->HasError()) << sql << ": " << result->GetError();
    std::vector<std::string> lines;
    for (size_t row = 0; row < result->RowCount(); ++row) {
      std::string line;
      for (size_t column = 0; column < result->ColumnCount(); ++column)
        line += result->GetValue(column, row).ToString() + "|";
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  /// The same answer from both. Types whose texts differ between MySQL and DuckDB are cast in the query.
  void same(const std::string& sql) {
    TextRows rows;
    const Status status = connection_->query(sql, "shop", rows);
    ASSERT_TRUE(status.ok()) << sql << ": " << status.to_string();
    const auto expected = native_lines(sql);
    const auto lines = rows.sorted_lines();
    ASSERT_EQ(lines.size(), expected.size()) << sql;
    for (size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(lines[i], expected[i]) << sql << " in line " << i;
  }

  std::string random_filter() {
    const auto number = [&](int64_t limit) { return std::to_string(static_cast<int64_t>(random_() % (2 * limit)) - limit); };
    static const std::vector<std::string> kComparisons = {" = ", " < ", " <= ", " > ", " >= ", " <> "};
    const auto comparison = [&] { return kComparisons[random_() % kComparisons.size()]; };
    switch (random_() % 22) {
      case 0: return "id" + comparison() + std::to_string(random_() % (next_id_ + 10));
      case 1: return "num" + comparison() + number(10000);
      case 2: return "tiny" + comparison() + number(100) + " AND small" + comparison() + number(1000);
      case 3: return "num IN (" + number(10000) + ", " + number(10000) + ", " + number(10000) + ")";
      case 4: return "city" + comparison() + "'city " + number(17) + "'";
      case 5: return "note" + comparison() + "'note " + number(10) + "'";
      case 6: return "dec10" + comparison() + number(100) + ".5";
      case 7: return "real8" + comparison() + number(1000) + ".25";
      case 8: return "(" + random_filter() + " OR " + random_filter() + ")";
      case 9: return random_filter() + " AND " + random_filter();
      case 10: return "grows BETWEEN " + std::to_string(random_() % 20000) + " AND " + std::to_string(random_() % 40000);
      case 11: return "NOT (" + random_filter() + ")";
      case 12: return random_() % 2 == 0 ? "big IS NULL" : "flag IS NOT NULL";
      case 13: return "runs" + comparison() + std::to_string(random_() % 20);
      case 14: return random_() % 4 == 0 ? "gaps IS NULL" : "gaps" + comparison() + std::to_string(random_() % 20);
      case 15: return "steady" + comparison() + std::to_string(random_() % 3);
      case 16: return "level" + comparison() + "'level " + std::to_string(random_() % 6) + "'";
      case 17: return "runs IN (1, 3, 4) AND level IN ('level 1', 'level 4', 'none')";
      case 18: return "num BETWEEN 1 AND 300 AND note > 'note 5' AND big <> 7 AND city <> 'city 2'";
      case 19: return "placed > TIMESTAMP '1970-01-01 00:30:00' AND day < DATE '1975-01-01' AND dec4 <= " + number(90);
      case 20: return "place" + comparison() + "'a place of many, " + std::to_string(random_() % 2100) + "'";
      default: return "num % 7 = " + std::to_string(random_() % 7);
    }
  }

  std::string explain(const std::string& sql, bool analyze = false) {
    const auto text = connection_->explain(sql, "shop", analyze);
    return text.ok() ? text.value() : text.status().to_string();
  }

  std::mt19937_64 random_{test::test_seed()};
  std::optional<SnapshotBuilder> builder_{std::in_place};
  SchemaPtr schema_;
  std::unique_ptr<DuckEngine> engine_;
  std::unique_ptr<DuckConnection> connection_;
  duckdb::DuckDB native_;
  duckdb::Connection native_connection_;
  int64_t next_id_ = 0;
};

/// All columns as texts that both sides write alike.
std::string every_column() {
  std::string list;
  for (const auto& [name, type] : fact_columns()) list += (list.empty() ? "" : ", ") + ("CAST(" + name + " AS VARCHAR)");
  return list;
}

TEST_F(ScanTest, GivesTheRowsOfANativeTable) {
  add_facts({70000, 9000, 100, 8192, 2048, 1}, {3000, 50, 2048, 1}, 3);
  for (const std::string& sql : {
           "SELECT " + every_column() + " FROM facts",
           "SELECT " + every_column() + " FROM facts WHERE num > 9000",
           "SELECT " + every_column() + " FROM facts WHERE id % 1000 = 7 AND note LIKE '%1%'",
           std::string("SELECT count(*) FROM facts"),
           std::string("SELECT count(*), count(num), count(nothing), min(id), max(id), sum(big) FROM facts"),
           std::string("SELECT count(*) FROM facts WHERE num < 0"),
           std::string("SELECT count(*) FROM facts WHERE num IS NULL"),
           std::string("SELECT count(*) FROM facts WHERE nothing IS NOT NULL"),
           std::string("SELECT sum(id) FROM facts WHERE nothing IS NULL"),
           std::string("SELECT sum(id) FROM facts WHERE id = 5000"),
           std::string("SELECT id FROM facts WHERE id BETWEEN 69990 AND 70010"),
           std::string("SELECT id FROM facts WHERE id IN (1, 5, 70001, 79001, 99999999)"),
           std::string("SELECT count(*) FROM facts WHERE city IN ('city 3', 'city 4', 'nowhere')"),
           std::string("SELECT sum(id) FROM facts WHERE city = 'city 3'"),
           std::string("SELECT sum(id) FROM facts WHERE city >= 'city 5' AND city < 'city 7'"),
           std::string("SELECT sum(id) FROM facts WHERE city <> 'city 5'"),
           std::string("SELECT sum(id) FROM facts WHERE num = 3 OR num = 5 OR num > 9990"),
           std::string("SELECT sum(id) FROM facts WHERE num < -9990 OR num IS NULL"),
           std::string("SELECT sum(id) FROM facts WHERE num > 9990 OR small > 990"),
           std::string("SELECT sum(id) FROM facts WHERE flag"),
           std::string("SELECT sum(id) FROM facts WHERE NOT flag AND tiny > 50"),
           std::string("SELECT sum(id) FROM facts WHERE dec4 > 50.5 AND dec10 < 99.99 AND dec30 > 0"),
           std::string("SELECT sum(id) FROM facts WHERE large > 5000000000000000000000"),
           std::string("SELECT sum(id) FROM facts WHERE real4 > 100.5 AND real8 < -3"),
           std::string(
               "SELECT sum(id) FROM facts WHERE day > DATE '1980-01-01' AND placed > TIMESTAMP '1970-01-01 01:00:00'"),
           std::string("SELECT sum(id) FROM facts WHERE seven = 7"),
           std::string("SELECT sum(id) FROM facts WHERE seven = 8"),
           std::string("SELECT count(*) FROM facts WHERE same = 'always the same text' AND grows > 20000"),
           std::string("SELECT city, count(*), sum(num) FROM facts GROUP BY city"),
           std::string("SELECT same, seven, nothing, count(*) FROM facts GROUP BY ALL"),
           std::string("SELECT city, flag::INT, max(note) FROM facts WHERE small > 0 GROUP BY city, flag"),
           std::string("SELECT id, note FROM facts ORDER BY id LIMIT 20"),
           std::string("SELECT id, note, city FROM facts ORDER BY id DESC LIMIT 20"),
           std::string("SELECT num, id FROM facts WHERE num IS NOT NULL ORDER BY num DESC, id LIMIT 30"),
           std::string("SELECT num, id FROM facts ORDER BY num, id LIMIT 5"),
           std::string("SELECT note FROM facts ORDER BY note DESC LIMIT 5"),
           std::string("SELECT a.id, b.note FROM facts a JOIN facts b ON a.id = b.num WHERE a.small > 900"),
           std::string("SELECT count(*) FROM facts a JOIN facts b ON a.grows = b.id"),
           std::string("SELECT count(*) FROM facts WHERE id IN (SELECT grows FROM facts WHERE tiny = 3)"),
           std::string("SELECT count(*) FROM facts a WHERE EXISTS (SELECT 1 FROM facts b WHERE b.id = a.num AND b.flag)"),
           std::string("SELECT a.city, count(*) FROM facts a LEFT JOIN facts b ON a.num = b.id GROUP BY a.city"),
           std::string("SELECT sum(n) FROM (SELECT row_number() OVER (PARTITION BY city ORDER BY id) AS n FROM facts)"),
           std::string("SELECT count(DISTINCT city), count(DISTINCT note) FROM facts"),
           std::string("SELECT length(note), count(*) FROM facts WHERE note IS NOT NULL GROUP BY 1"),
           std::string("SELECT id FROM facts WHERE id = 3 UNION ALL SELECT grows FROM facts WHERE id = 4"),
           std::string("SELECT count(*) FROM facts WHERE note > 'note 5' AND city LIKE 'city 1%'"),
           std::string("SELECT count(*) FROM facts WHERE note IS NULL AND city IS NOT NULL"),
           std::string("SELECT count(*) FROM (SELECT id FROM facts LIMIT 100)"),
           std::string(
               "SELECT max(id) - min(id) FROM facts WHERE grows BETWEEN 100 AND 200 OR grows BETWEEN 22000 AND 22050"),
       }) {
    same(sql);
  }
}

TEST_F(ScanTest, RandomTablesAndFiltersAgree) {
  for (int round = 0; round < 3; ++round) {
    if (round != 0) native("DROP TABLE shop.facts");
    builder_.emplace();
    builder_->add_database("shop");
    std::vector<size_t> segments, deltas;
    for (size_t i = random_() % 5; i > 0; --i) segments.push_back(1 + random_() % 30000);
    for (size_t i = random_() % 4; i > 0; --i) deltas.push_back(1 + random_() % 5000);
    add_facts(segments, deltas, 1 + random_() % 4);
    for (int query = 0; query < 60; ++query) {
      const std::string filter = random_filter();
      same("SELECT count(*), sum(id) FROM facts WHERE " + filter);
      same("SELECT sum(hash(" + every_column() + ")) FROM facts WHERE " + filter);
    }
  }
}

TEST_F(ScanTest, ExplainShowsWhatIsPruned) {
  add_facts({20000, 20000, 20000, 20000}, {100}, 2);
  const std::string plan = explain("SELECT max(note) FROM facts WHERE id BETWEEN 21000 AND 22000");
  EXPECT_NE(plan.find("1 of 4 (3 pruned"), std::string::npos) << plan;
  EXPECT_NE(plan.find("1 of 12 (11 pruned"), std::string::npos) << plan;
  const std::string run = explain("SELECT max(note) FROM facts WHERE id BETWEEN 21000 AND 22000", true);
  EXPECT_NE(run.find("1 of 4 (3 pruned"), std::string::npos) << run;
  const std::string all = explain("SELECT max(note) FROM facts");
  EXPECT_NE(all.find("4 of 4 (0 pruned"), std::string::npos) << all;
  const std::string none = explain("SELECT max(note) FROM facts WHERE seven > 7 AND note IS NOT NULL");
  EXPECT_NE(none.find("EMPTY_RESULT"), std::string::npos) << none;
}

TEST_F(ScanTest, CountComesFromMetadata) {
  add_facts({20000, 9000}, {100}, 2);
  const std::string plan = explain("SELECT count(*) FROM facts");
  EXPECT_EQ(plan.find("FRESHET_SCAN"), std::string::npos) << plan;
}

TEST_F(ScanTest, TopNSkipsPagesOnceItHasItsRows) {
  add_facts({60000, 60000, 60000, 60000}, {}, 1);
  const std::string run = explain("SELECT id, note FROM facts ORDER BY id LIMIT 10", true);
  EXPECT_NE(run.find("Pages skipped at run time"), std::string::npos) << run;
}

TEST_F(ScanTest, ColumnsAddedLaterHaveTheirDefault) {
  auto older = make_schema(TableModel::kUnique, {{"id", {.kind = TypeKind::kBigInt}}, {"a", {.kind = TypeKind::kInt}}});
  auto newer = std::make_shared<TableSchema>(*older);
  newer->version = 2;
  ColumnSchema added;
  added.id = ColumnId(9);
  added.name = "b";
  added.type = {.kind = TypeKind::kDecimal, .precision = 10, .scale = 2};
  added.initial_default = "1.25";
  added.default_value = "7";
  newer->columns.push_back(added);
  ColumnSchema open = added;
  open.id = ColumnId(10);
  open.name = "c";
  open.type = {.kind = TypeKind::kString};
  open.initial_default.reset();
  open.default_value.reset();
  newer->columns.push_back(open);
  builder_->add_table("shop", "grown", newer, 1);
  Block block = Block::for_schema(*older);
  for (int64_t id = 0; id < 3000; ++id) {
    block.columns[0].append(id);
    block.columns[1].append(static_cast<int32_t>(id % 10));
  }
  builder_->add_segment(0, older, block, {1, 2});
  Block late = Block::for_schema(*newer);
  late.columns[0].append<int64_t>(5000);
  late.columns[1].append<int32_t>(1);
  late.columns[2].append<int64_t>(999);
  late.columns[3].append_bytes("set");
  builder_->add_delta(0, newer, late, {});
  for (const auto& [sql, expected] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT count(*), sum(b), count(c), max(c) FROM grown", "2999|3757.49|1|set|"},
           {"SELECT count(*) FROM grown WHERE b = 1.25 AND a = 3", "300|"},
           {"SELECT count(*) FROM grown WHERE b > 5", "1|"},
           {"SELECT count(*) FROM grown WHERE c IS NULL", "2998|"},
           {"SELECT id, b, c FROM grown WHERE c = 'set'", "5000|9.99|set|"},
       }) {
    TextRows rows;
    const Status status = connection_->query(sql, "shop", rows);
    ASSERT_TRUE(status.ok()) << status.to_string();
    EXPECT_EQ(rows.sorted_lines(), std::vector<std::string>{expected}) << sql;
  }
}

TEST_F(ScanTest, ADefectOfDuckDBCostsOneQuery) {
  bool fails = false;
  auto engine = DuckEngine::open(
                    [&] {
                      if (fails) throw duckdb::InternalException("a defect");
                      return builder_->snapshot();
                    },
                    {}, {.memory_bytes = 0, .threads = 1, .temp_directory = ""})
                    .value();
  add_facts({100}, {}, 1);
  auto connection = engine->connect();
  auto other = engine->connect();
  TextRows rows;
  ASSERT_TRUE(other->query("SELECT count(*) FROM facts", "shop", rows).ok());
  fails = true;
  EXPECT_EQ(connection->query("SELECT count(*) FROM facts", "shop", rows).code(), StatusCode::kInternal);
  fails = false;
  for (DuckConnection* each : {connection.get(), other.get()}) {
    TextRows after;
    const Status status = each->query("SELECT count(*) FROM facts", "shop", after);
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
}

TEST_F(ScanTest, NanAndInfinityCompareAsInDuckDB) {
  auto schema = make_schema(TableModel::kUnique, {{"id", {.kind = TypeKind::kBigInt}}, {"d", {.kind = TypeKind::kDouble}}});
  builder_->add_table("shop", "reals", schema, 1);
  native("CREATE TABLE shop.reals (id BIGINT, d DOUBLE)");
  Block block = Block::for_schema(*schema);
  const double specials[] = {0.0,
                             -0.0,
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN(),
                             1.5};
  duckdb::Appender appender(native_connection_, "shop", "reals");
  for (int64_t id = 0; id < 20000; ++id) {
    const double value = id < 9000 ? static_cast<double>(id) : specials[id % 6];
    block.columns[0].append(id);
    block.columns[1].append(value);
    appender.AppendRow(id, value);
  }
  appender.Close();
  builder_->add_segment(0, schema, block, {});
  for (const char* filter : {"d > 8000", "d = 'nan'::DOUBLE", "d < 'nan'::DOUBLE", "d >= 'inf'::DOUBLE", "d = 0", "d <= -1",
                             "d > 'inf'::DOUBLE", "d IN (1, 2, 'nan'::DOUBLE)"}) {
    same(std::string("SELECT count(*), sum(id) FROM reals WHERE ") + filter);
  }
}

TEST_F(ScanTest, InterruptReachesAScanThatFindsNothing) {
  add_facts({60000, 60000}, {}, 1);
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    connection_->interrupt();
  });
  TextRows rows;
  const Status status = connection_->query(
      "SELECT count(*) FROM facts a, facts b, facts c WHERE a.num + b.num * c.num = 123456789012", "shop", rows);
  killer.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status.to_string();
  connection_->forget_interrupt();
  same("SELECT count(*) FROM facts");
}

}  // namespace
}  // namespace freshet::query
