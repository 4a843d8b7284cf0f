#include <cstring>
#include <limits>

#include "segment_fixture.h"
#include "storage/base/coding.h"
#include "storage/base/limits.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

/// How the values of a test column are drawn.
enum class Pattern { kConstant, kNarrow, kWide, kFewDistinct, kLong, kRising, kRuns, kMultiples };

struct Generator {
  std::mt19937_64& random;
  Pattern pattern;
  uint64_t row = 0;

  uint64_t number() {
    switch (pattern) {
      case Pattern::kConstant: return 42;
      case Pattern::kNarrow: return 1000 + random() % 90;
      case Pattern::kFewDistinct: return (random() % 5) << 40;
      case Pattern::kRising: return row * 5 + random() % 9;
      case Pattern::kRuns: return (row / 200) * 0x9E3779B97F4A7C15;
      case Pattern::kMultiples: return random() % 50 * 1'000'000;
      default: return random();
    }
  }
  std::string text() {
    switch (pattern) {
      case Pattern::kConstant: return "always";
      case Pattern::kFewDistinct: return "city" + std::to_string(random() % 40);
      case Pattern::kLong: return std::string(70 + random() % 100, static_cast<char>('a' + random() % 26));
      case Pattern::kRising: return std::to_string(row);
      default: return std::to_string(random() % 100000).substr(0, random() % 6);
    }
  }
  float divisor() const { return pattern == Pattern::kRising ? 100 : 7; }
  void append(Column& column) {
    switch (column.type().physical()) {
      case PhysicalType::kInt8: return column.append(static_cast<int8_t>(number()));
      case PhysicalType::kInt16: return column.append(static_cast<int16_t>(number()));
      case PhysicalType::kInt32: return column.append(static_cast<int32_t>(number()));
      case PhysicalType::kInt64: return column.append(static_cast<int64_t>(number()));
      case PhysicalType::kInt128:
        return column.append(pattern == Pattern::kWide ? static_cast<Int128>(number()) << 64 | number()
                                                       : static_cast<Int128>(number()) - 2000);
      case PhysicalType::kFloat: return column.append(static_cast<float>(number() % 100000) / divisor());
      case PhysicalType::kDouble: return column.append(static_cast<double>(number()) / divisor());
      case PhysicalType::kBytes: return column.append_bytes(text());
    }
  }
};

std::string value_of(const Column& column, size_t row) {
  if (column.is_null(row)) return "NULL";
  return column.is_bytes() ? std::string(column.bytes_at(row)) : std::string(column.raw_at(row), column.type().width());
}

const std::vector<DataType> kAllTypes = {
    {TypeKind::kBigInt},
    {TypeKind::kBoolean},
    {TypeKind::kTinyInt},
    {TypeKind::kSmallInt},
    {TypeKind::kInt},
    {TypeKind::kBigInt},
    {TypeKind::kLargeInt},
    {TypeKind::kFloat},
    {TypeKind::kDouble},
    {TypeKind::kDate},
    {TypeKind::kDecimal, 38, 10},
    {TypeKind::kDateTime, 0, 6},
    {TypeKind::kVarchar},
    {TypeKind::kString},
    {TypeKind::kJson},
};

Block make_block(const TableSchema& schema, std::mt19937_64& random, Pattern pattern, size_t rows, unsigned null_percent) {
  Block block = Block::for_schema(schema);
  Generator generator{random, pattern};
  for (size_t row = 0; row < rows; ++row) {
    block.columns[0].append(static_cast<int64_t>(row * 3));
    generator.row = row;
    for (size_t i = 1; i < block.columns.size(); ++i) {
      random() % 100 < null_percent ? block.columns[i].append_null() : generator.append(block.columns[i]);
    }
  }
  return block;
}

void expect_page_reads_agree(const ColumnPage& page, const Column& expected, size_t first_row, std::mt19937_64& random) {
  std::vector<uint64_t> words(page.row_count() / 64 + 2);
  page.read_validity(0, page.row_count(), words.data());
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    const bool is_null = expected.is_null(first_row + row);
    ASSERT_EQ(page.is_null(row), is_null);
    ASSERT_EQ((words[row / 64] >> (row % 64)) & 1, is_null ? 0u : 1u);
    if (expected.is_bytes() && !is_null) {
      DecodedBytes decoded;
      ASSERT_EQ(page.bytes_at(row, decoded), expected.bytes_at(first_row + row));
    }
  }
  const bool has_dictionary = page.encoding() == PageEncoding::kDictionary || page.encoding() == PageEncoding::kConstant;
  if (expected.is_bytes() && has_dictionary) {
    std::vector<uint32_t> codes(page.row_count());
    page.read_codes(0, page.row_count(), codes.data());
    for (uint32_t row = 0; row < page.row_count(); ++row) {
      ASSERT_LT(codes[row], page.dictionary().size());
      if (page.is_null(row)) continue;
      ASSERT_EQ(page.dictionary()[codes[row]], expected.bytes_at(first_row + row));
    }
  }
  if (expected.is_bytes()) return;
  std::vector<uint32_t> rows;
  for (uint32_t row = random() % 3; row < page.row_count(); row += 1 + random() % 50) rows.push_back(row);
  const uint32_t width = expected.type().width();
  std::string gathered(rows.size() * width, '\0');
  page.gather_fixed(rows, gathered.data());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (page.is_null(rows[i])) continue;
    ASSERT_EQ(std::memcmp(gathered.data() + i * width, expected.raw_at(first_row + rows[i]), width), 0);
  }
}

class SegmentRoundTrip : public SegmentFixture {};

TEST_F(SegmentRoundTrip, EveryTypeInEveryPatternWithAndWithoutNulls) {
  std::mt19937_64 random(test::test_seed());
  const SchemaPtr schema = make_schema(TableModel::kUnique, 1, kAllTypes);
  for (Pattern pattern : {Pattern::kConstant, Pattern::kNarrow, Pattern::kWide, Pattern::kFewDistinct, Pattern::kLong,
                          Pattern::kRising, Pattern::kRuns, Pattern::kMultiples}) {
    for (unsigned null_percent : {0u, 20u, 100u}) {
      const size_t rows = 1 + random() % 20000;
      const Block block = make_block(*schema, random, pattern, rows, null_percent);
      const WrittenSegment written = write(schema, block);
      const auto reader = open(written.meta, *schema);
      ASSERT_EQ(reader->row_count(), rows);
      std::vector<std::string> problems;
      reader->verify(problems);
      ASSERT_TRUE(problems.empty()) << problems.front();

      for (size_t i = 0; i < block.columns.size(); ++i) {
        SCOPED_TRACE(schema->columns[i].type.to_string() + " pattern " + std::to_string(static_cast<int>(pattern)));
        const ColumnReader* column = reader->column(schema->columns[i].id);
        ASSERT_NE(column, nullptr);
        Column read(column->type());
        const auto first = static_cast<uint32_t>(random() % rows);
        ASSERT_TRUE(column->read_rows(first, static_cast<uint32_t>(rows - first), read).ok());
        ASSERT_EQ(read.size(), rows - first);
        for (size_t row = 0; row < read.size(); ++row)
          ASSERT_EQ(value_of(read, row), value_of(block.columns[i], first + row));
        for (uint32_t page = 0; page < column->page_count(); ++page) {
          const auto view = column->page(page);
          ASSERT_TRUE(view.ok()) << view.status().to_string();
          expect_page_reads_agree(**view, block.columns[i], size_t{page} * column->page_rows(), random);
        }
      }
    }
  }
}

TEST_F(SegmentRoundTrip, PiecesOfAnySizeMakeTheSamePages) {
  std::mt19937_64 random(test::test_seed());
  const SchemaPtr schema = make_schema(TableModel::kUnique, 1, kAllTypes);
  const Block block = make_block(*schema, random, Pattern::kNarrow, 30000, 10);
  const WrittenSegment whole = write(schema, block);
  auto writer = SegmentWriter::create(*files_, RowsetId(whole.meta.id.value + 1), TabletId(7), schema, {}).value();
  for (size_t i = 0; i < block.columns.size(); ++i) {
    for (size_t first = 0; first < block.row_count();) {
      const size_t count = std::min<size_t>(block.row_count() - first, 1 + random() % 12000);
      Column piece(block.columns[i].type());
      piece.append_range(block.columns[i], first, count);
      ASSERT_TRUE(writer->append_column(i, piece).ok());
      first += count;
    }
  }
  ASSERT_TRUE(writer->append_keys(whole.keys).ok());
  const auto meta = writer->finish();
  ASSERT_TRUE(meta.ok()) << meta.status().to_string();
  EXPECT_EQ(meta->file_bytes, whole.meta.file_bytes);
  const auto reader = open(*meta, *schema);
  Column read(schema->columns[5].type);
  ASSERT_TRUE(reader->column(ColumnId(6))->read_rows(0, 30000, read).ok());
  for (size_t row = 0; row < read.size(); ++row) ASSERT_EQ(value_of(read, row), value_of(block.columns[5], row));
}

TEST_F(SegmentRoundTrip, WideValuesGetSmallPages) {
  std::mt19937_64 random(test::test_seed());
  const SchemaPtr schema = make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}, {TypeKind::kString}});
  const auto reader = open(write(schema, make_block(*schema, random, Pattern::kLong, 9000, 0)).meta, *schema);
  EXPECT_EQ(reader->column(ColumnId(1))->page_rows(), kPageRows);
  EXPECT_EQ(reader->column(ColumnId(2))->page_rows(), kWidePageRows);
}

TEST_F(SegmentRoundTrip, PagesAreEncodedByTheirValues) {
  std::mt19937_64 random(test::test_seed());
  const SchemaPtr schema =
      make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}, {TypeKind::kInt}, {TypeKind::kString}, {TypeKind::kDouble}});
  const auto encoding = [&](Pattern pattern, uint32_t column, size_t rows = 3000) {
    const auto reader = open(write(schema, make_block(*schema, random, pattern, rows, 5)).meta, *schema);
    return reader->column(ColumnId(column))->page(0).value()->encoding();
  };
  EXPECT_EQ(encoding(Pattern::kConstant, 2), PageEncoding::kConstant);
  EXPECT_EQ(encoding(Pattern::kNarrow, 2), PageEncoding::kFrameOfReference);
  EXPECT_EQ(encoding(Pattern::kWide, 2), PageEncoding::kPlain);
  EXPECT_EQ(encoding(Pattern::kConstant, 3), PageEncoding::kConstant);
  EXPECT_EQ(encoding(Pattern::kFewDistinct, 3), PageEncoding::kDictionary);
  EXPECT_NE(encoding(Pattern::kWide, 3), PageEncoding::kFsst) << "so few bytes are not worth learning symbols";
  EXPECT_EQ(encoding(Pattern::kWide, 3, 7500), PageEncoding::kFsst);
  EXPECT_EQ(encoding(Pattern::kMultiples, 2), PageEncoding::kScaledFrame);
  EXPECT_EQ(encoding(Pattern::kRising, 2), PageEncoding::kDelta);
  EXPECT_EQ(encoding(Pattern::kRuns, 2), PageEncoding::kRunLength);
  EXPECT_EQ(encoding(Pattern::kRuns, 4), PageEncoding::kRunLength);
  EXPECT_EQ(encoding(Pattern::kRising, 4), PageEncoding::kAlp);
  EXPECT_EQ(encoding(Pattern::kWide, 4), PageEncoding::kPlain);
}

TEST_F(SegmentRoundTrip, PagesAreCompressedAsTheTableAsks) {
  std::mt19937_64 random(test::test_seed());
  const auto base = make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}, {TypeKind::kString}});
  const Block block = make_block(*base, random, Pattern::kLong, 5000, 10);
  const auto dump_with = [&](std::string_view method) {
    auto schema = std::make_shared<TableSchema>(*base);
    if (!method.empty()) schema->properties.emplace_back(kCompressionProperty, method);
    const WrittenSegment written = write(schema, block);
    const auto reader = open(written.meta, *schema);
    Column read(schema->columns[1].type);
    EXPECT_TRUE(reader->column(ColumnId(2))->read_rows(0, 5000, read).ok());
    for (size_t row = 0; row < read.size(); ++row) EXPECT_EQ(value_of(read, row), value_of(block.columns[1], row));
    return dump_segment(*files_, segment_file_name(written.meta.id)).value();
  };
  EXPECT_NE(dump_with("").find(" lz4 "), std::string::npos);
  EXPECT_NE(dump_with("lz4").find(" lz4 "), std::string::npos);
  EXPECT_NE(dump_with("a name of an older server").find(" lz4 "), std::string::npos);
  EXPECT_NE(dump_with("ZSTD").find(" zstd "), std::string::npos);
  const std::string none = dump_with("NO_COMPRESSION");
  EXPECT_EQ(none.find(" lz4 "), std::string::npos);
  EXPECT_EQ(none.find(" zstd "), std::string::npos);
}

TEST_F(SegmentRoundTrip, ExtremeIntegersAndDoublesSurvive) {
  const SchemaPtr schema = make_schema(
      TableModel::kUnique, 1,
      {{TypeKind::kBigInt}, {TypeKind::kTinyInt}, {TypeKind::kBigInt}, {TypeKind::kLargeInt}, {TypeKind::kDouble}});
  Block block = Block::for_schema(*schema);
  const Int128 large = static_cast<Int128>(1) << 126;
  const std::vector<double> doubles = {0.0, -0.0, std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN()};
  for (int64_t row = 0; row < 4; ++row) {
    block.columns[0].append(row % 2 == 0 ? std::numeric_limits<int64_t>::min() + row
                                         : std::numeric_limits<int64_t>::max() - row);
    block.columns[1].append(static_cast<int8_t>(row % 2 == 0 ? -128 : 127));
    block.columns[2].append(row % 2 == 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max());
    block.columns[3].append(row % 2 == 0 ? -large - large : large + (large - 1));
    block.columns[4].append(doubles[static_cast<size_t>(row)]);
  }
  const WrittenSegment written = write(schema, block);
  const auto reader = open(written.meta, *schema);
  const std::vector<size_t> order = {0, 2, 3, 1};
  for (size_t i = 0; i < 5; ++i) {
    Column read(schema->columns[i].type);
    ASSERT_TRUE(reader->column(schema->columns[i].id)->read_rows(0, 4, read).ok());
    for (size_t row = 0; row < 4; ++row) ASSERT_EQ(value_of(read, row), value_of(block.columns[i], order[row])) << i;
  }
  EXPECT_FALSE(reader->column(ColumnId(5))->page_zone(0).has_bounds) << "a page with NaN has no bounds";
  const ZoneMap& zone = reader->column(ColumnId(2))->page_zone(0);
  EXPECT_EQ(load_fixed<int8_t>(zone.min.data()), -128);
  EXPECT_EQ(load_fixed<int8_t>(zone.max.data()), 127);
}

TEST_F(SegmentRoundTrip, LaterRowsOfAKeyWinAndDeletesAreNamed) {
  const SchemaPtr schema = make_schema(TableModel::kUnique, 1, {{TypeKind::kInt}, {TypeKind::kString}});
  Block block = Block::for_schema(*schema);
  const auto add = [&](int32_t key, std::string_view value, bool is_delete) {
    block.columns[0].append(key);
    block.columns[1].append_bytes(value);
    block.delete_signs.push_back(is_delete);
  };
  add(5, "old", false);
  add(-3, "gone", false);
  add(5, "new", false);
  add(9, "only", false);
  add(-3, "", true);
  const WrittenSegment written = write(schema, block, {.level = 2, .newest_commit = CommitNumber(88)});
  EXPECT_EQ(written.meta.row_count, 3u);
  EXPECT_EQ(written.delete_rows, std::vector<RowOrdinal>{0});
  EXPECT_EQ(written.meta.level, 2u);
  const auto reader = open(written.meta, *schema);
  EXPECT_EQ(reader->newest_commit_at_write(), CommitNumber(88));
  Column values(schema->columns[1].type);
  ASSERT_TRUE(reader->column(ColumnId(2))->read_rows(0, 3, values).ok());
  EXPECT_EQ(values.bytes_at(1), "new");
  EXPECT_EQ(values.bytes_at(2), "only");
}

TEST_F(SegmentRoundTrip, DuplicateRowsAllStayInArrivalOrder) {
  const SchemaPtr schema = make_schema(TableModel::kDuplicate, 1, {{TypeKind::kInt}, {TypeKind::kInt}});
  Block block = Block::for_schema(*schema);
  for (int32_t row = 0; row < 100; ++row) {
    block.columns[0].append(row % 3);
    block.columns[1].append(row);
  }
  const auto reader = open(write(schema, block).meta, *schema);
  ASSERT_EQ(reader->row_count(), 100u);
  Column values(schema->columns[1].type);
  ASSERT_TRUE(reader->column(ColumnId(2))->read_rows(0, 100, values).ok());
  EXPECT_EQ(values.values<int32_t>()[0], 0);
  EXPECT_EQ(values.values<int32_t>()[1], 3);
  EXPECT_EQ(values.values<int32_t>()[34], 1);
  EXPECT_EQ(reader->column(ColumnId(99)), nullptr);
}

}  // namespace
}  // namespace freshet::storage
