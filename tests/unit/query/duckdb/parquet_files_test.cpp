#include "query/duckdb/parquet_files.h"

#include <gtest/gtest.h>

#include <duckdb.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "support/seed.h"
#include "support/temp_dir.h"

namespace freshet::query {
namespace {

using ingest::Cell;
using test::TempDir;
using test::test_seed;
using Rows = std::vector<std::string>;

constexpr DataType kText{.kind = TypeKind::kString};
constexpr DataType kNumber{.kind = TypeKind::kBigInt};

class ParquetFilesTest : public testing::Test {
 protected:
  /// Writes the rows of a query in DuckDB's dialect, and answers the path.
  std::string write(const std::string& query, const std::string& options = "") {
    duckdb::DuckDB database(nullptr);
    duckdb::Connection connection(database);
    std::string path = folder_.path() + "/body";
    const auto result = connection.Query("COPY (" + query + ") TO '" + path + "' (FORMAT parquet" + options + ")");
    EXPECT_FALSE(result->HasError()) << result->GetError();
    return path;
  }

  /// All rows of all columns, each filling `target`, fields between '|'.
  Status read(const std::string& path, const DataType& target, Rows& rows) {
    FRESHET_ASSIGN_OR_RETURN(const auto file, files_->open_parquet(path));
    std::vector<ingest::ColumnUse> uses;
    for (size_t i = 0; i < file->names().size(); ++i) uses.push_back({i, target});
    FRESHET_RETURN_IF_ERROR(file->select(uses));
    ingest::CellColumns columns;
    for (;;) {
      FRESHET_ASSIGN_OR_RETURN(const size_t count, file->next(columns));
      if (count == 0) return Status::OK();
      for (size_t row = 0; row < count; ++row) {
        std::string text;
        for (const auto& cells : columns) {
          text +=
              (text.empty() ? "" : "|") + (cells[row].kind == Cell::Kind::kNull ? "NULL" : std::string(cells[row].text()));
        }
        rows.push_back(std::move(text));
      }
    }
  }

  TempDir folder_;
  std::unique_ptr<ingest::ColumnFiles> files_ = make_parquet_files({64ull << 20, folder_.path()});
};

TEST_F(ParquetFilesTest, ValuesAreTexts) {
  const std::string path = write(
      "SELECT 7::TINYINT, true, 1.50::DECIMAL(9,2), 0.1::FLOAT, DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05.25', "
      "TIMESTAMPTZ '2026-01-02 03:04:05+02', 'é', '\\xFF'::BLOB, [1, NULL], {'a': 'x'}, NULL::INT, UUID "
      "'11111111-2222-3333-4444-555555555555', TIMESTAMP_NS '2026-01-02 03:04:05'");
  Rows rows;
  ASSERT_TRUE(read(path, kText, rows).ok());
  EXPECT_EQ(rows,
            (Rows{"7|true|1.50|0.1|2026-01-02|2026-01-02 03:04:05.25|2026-01-02 01:04:05|é|\xFF|[1,null]|{\"a\":\"x\"}|"
                  "NULL|11111111-2222-3333-4444-555555555555|2026-01-02 03:04:05"}));
}

TEST_F(ParquetFilesTest, NumbersThatFillIntegersAreCut) {
  Rows rows;
  ASSERT_TRUE(read(write("SELECT * FROM (VALUES (3.0::DOUBLE, -2.7::FLOAT, 12.99::DECIMAL(9,2), true, 5::UBIGINT), ('inf', "
                         "1e10, NULL, false, NULL))"),
                   kNumber, rows)
                  .ok());
  EXPECT_EQ(rows, (Rows{"3|-2|12|1|5", "inf|10000000000|NULL|0|NULL"}));
}

TEST_F(ParquetFilesTest, ListsFillOnlyTexts) {
  Rows rows;
  const Status status = read(write("SELECT [1, 2] AS many"), kNumber, rows);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("column 'many' of the body is a INTEGER[], which cannot be loaded as"), std::string::npos)
      << status.message();
}

TEST_F(ParquetFilesTest, RowsComeInTheOrderOfTheFile) {
  Rows rows;
  ASSERT_TRUE(read(write("SELECT i FROM range(300000) t(i)", ", ROW_GROUP_SIZE 10000"), kNumber, rows).ok());
  ASSERT_EQ(rows.size(), 300000u);
  for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], std::to_string(i));
}

TEST_F(ParquetFilesTest, OnlyItsFolderCanBeRead) {
  TempDir other;
  const std::string path = write("SELECT 1 AS a");
  std::filesystem::copy_file(path, other.path() + "/body");
  Rows rows;
  EXPECT_TRUE(read(path, kText, rows).ok());
  EXPECT_FALSE(read(other.path() + "/body", kText, rows).ok());
  EXPECT_FALSE(read("/etc/passwd", kText, rows).ok());
}

TEST_F(ParquetFilesTest, TooLittleMemoryIsTold) {
  files_ = make_parquet_files({1ull << 20, folder_.path()});
  Rows rows;
  const Status status = read(write("SELECT repeat('x' || i, 2000) AS text FROM range(2000) t(i)"), kText, rows);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.to_string();
  EXPECT_NE(status.message().find("ingest.parquet_memory_bytes"), std::string::npos) << status.message();
}

/// Cut at any place and with any byte changed, a file is refused or read, and the next one is read.
TEST_F(ParquetFilesTest, DamagedFilesAreRefused) {
  const std::string path = write("SELECT i, 'text ' || (i % 7) AS s, i / 3 AS d, [i] AS l FROM range(1000) t(i)");
  std::ifstream file(path, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  const auto read_bytes = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    Rows rows;
    return read(path, kText, rows);
  };
  for (size_t length = 0; length < good.size(); length += 1 + good.size() / 100) {
    const Status status = read_bytes(good.substr(0, length));
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << length << ": " << status.to_string();
    EXPECT_EQ(status.message().find(folder_.path()), std::string::npos) << status.message();
  }
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 500; ++i) {
    std::string bytes = good;
    for (int change = 0; change < 1 + i % 3; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
    static_cast<void>(read_bytes(bytes));
  }
  const Status status = read_bytes(good);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

}  // namespace
}  // namespace freshet::query
