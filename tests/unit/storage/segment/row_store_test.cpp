#include <random>

#include "corruption_fixture.h"
#include "storage/base/crc32c.h"
#include "storage/types/table_options.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

constexpr size_t kHeaderVersionAt = 8;

class RowStoreTest : public CorruptionFixture {
 protected:
  SchemaPtr schema_of_all_types(std::vector<std::pair<std::string, std::string>> properties) {
    auto schema = std::make_shared<TableSchema>(*make_schema(TableModel::kUnique, 1,
                                                             {{TypeKind::kBigInt},
                                                              {TypeKind::kTinyInt},
                                                              {TypeKind::kVarchar, 0, 0, 500},
                                                              {TypeKind::kSmallInt},
                                                              {TypeKind::kLargeInt},
                                                              {TypeKind::kString},
                                                              {TypeKind::kDouble},
                                                              {TypeKind::kDate},
                                                              {TypeKind::kJson},
                                                              {TypeKind::kBoolean}}));
    schema->properties = std::move(properties);
    return schema;
  }

  /// NULLs, constants, empty and long texts, values that change from one page of a column to the next.
  Block random_block(const TableSchema& schema, size_t rows) {
    Block block = Block::for_schema(schema);
    for (size_t row = 0; row < rows; ++row) {
      block.columns[0].append(static_cast<int64_t>(row * 2));
      for (size_t i = 1; i < block.columns.size(); ++i) append_random(block.columns[i], row);
    }
    return block;
  }

  void append_random(Column& column, size_t row) {
    if (random_() % 5 == 0) return column.append_null();
    if (column.is_bytes()) {
      const size_t most = row % 1000 == 999 ? 5000 : 1 + row % 40;
      return column.append_bytes(std::string(random_() % most, static_cast<char>('a' + random_() % 26)));
    }
    Int128 value = row < 3000 ? 7 : static_cast<Int128>(random_() % 100);
    if (column.type().kind == TypeKind::kDouble) {
      const double number = static_cast<double>(random_() % 1000) / 10;
      std::memcpy(&value, &number, sizeof(number));
    }
    column.append_fixed_run(&value, nullptr, 1);
  }

  /// Every value of the row store beside that of its column.
  void expect_same(const SegmentReader& reader, const TableSchema& schema) {
    ASSERT_NE(reader.row_store(), nullptr);
    const RowStore& rows = *reader.row_store();
    const RowLayout& layout = rows.layout();
    for (size_t index = 0; index < layout.size(); ++index) {
      const RowLayout::Field& field = layout.field(index);
      Column values(schema.columns[*schema.find(field.column)].type);
      ASSERT_TRUE(reader.column(field.column)->read_rows(0, reader.row_count(), values).ok());
      for (RowOrdinal row = 0; row < reader.row_count(); ++row) {
        const RowPage page = rows.page(rows.page_of(row)).value();
        ASSERT_TRUE(page.has(row));
        const std::string_view bytes = page.row(row);
        ASSERT_EQ(RowLayout::is_null(bytes, index), values.is_null(row)) << "row " << row << ", field " << index;
        if (values.is_null(row)) continue;
        const std::string_view stored = values.is_bytes()
                                            ? layout.bytes_at(bytes, field)
                                            : std::string_view(layout.fixed_at(bytes, field), field.type.width());
        const std::string_view expected =
            values.is_bytes() ? values.bytes_at(row) : std::string_view(values.raw_at(row), field.type.width());
        ASSERT_EQ(stored, expected) << "row " << row << ", field " << index;
      }
    }
    std::vector<std::string> problems;
    reader.verify(problems);
    EXPECT_EQ(problems, std::vector<std::string>());
  }

  std::mt19937_64 random_{test::test_seed()};
};

TEST_F(RowStoreTest, HoldsWhatTheColumnsHold) {
  for (const char* page : {"4096", "65536"}) {
    const SchemaPtr schema = schema_of_all_types({{"store_row_column", "true"}, {"row_store_page_size", page}});
    const WrittenSegment written = write(schema, random_block(*schema, 9000));
    const auto reader = open(written.meta, *schema);
    expect_same(*reader, *schema);
    EXPECT_EQ(reader->row_store()->layout().size(), schema->columns.size());
    EXPECT_GT(reader->row_store()->page_count(), 10u);
  }
}

TEST_F(RowStoreTest, HoldsTheNamedColumnsAlone) {
  const SchemaPtr schema = schema_of_all_types({{"row_store_columns", "c5, C0,c6,c5,gone"}});
  const WrittenSegment written = write(schema, random_block(*schema, 500));
  const auto reader = open(written.meta, *schema);
  expect_same(*reader, *schema);
  const RowLayout& layout = reader->row_store()->layout();
  ASSERT_EQ(layout.size(), 3u);
  EXPECT_EQ(layout.field(0).column, ColumnId(1));
  EXPECT_EQ(layout.find(ColumnId(6), 0), 1u);
  EXPECT_EQ(layout.find(ColumnId(7), 2), 2u);
  EXPECT_EQ(layout.find(ColumnId(2), 0), std::nullopt);
}

TEST_F(RowStoreTest, IsWrittenForTablesThatAskForItAlone) {
  using Properties = std::vector<std::pair<std::string, std::string>>;
  const std::pair<Properties, bool> cases[] = {{{}, false},
                                               {{{"store_row_column", "false"}}, false},
                                               {{{"store_row_column", "TRUE"}}, true},
                                               {{{"store_row_column", "false"}, {"row_store_columns", "c1"}}, false},
                                               {{{"row_store_columns", ""}}, false},
                                               {{{"row_store_columns", "c1"}}, true}};
  for (const auto& [properties, has_rows] : cases) {
    const SchemaPtr schema = schema_of_all_types(properties);
    const WrittenSegment written = write(schema, random_block(*schema, 20));
    EXPECT_EQ(open(written.meta, *schema)->row_store() != nullptr, has_rows);
    // Programs that know no row store refuse the files that have one, and read all others.
    EXPECT_EQ(read_file(written.meta.id)[kHeaderVersionAt], has_rows ? 2 : 1);
  }
  auto duplicate = std::make_shared<TableSchema>(*schema_of_all_types({{"store_row_column", "true"}}));
  duplicate->model = TableModel::kDuplicate;
  EXPECT_EQ(open(write(duplicate, random_block(*duplicate, 20)).meta, *duplicate)->row_store(), nullptr);

  const SchemaPtr schema = schema_of_all_types({{"store_row_column", "true"}});
  SegmentWriterOptions options;
  options.with_row_store = false;
  const WrittenSegment without = write(schema, random_block(*schema, 20), options);
  EXPECT_EQ(open(without.meta, *schema)->row_store(), nullptr);
}

TEST_F(RowStoreTest, LongRowsHavePagesOfTheirOwn) {
  const SchemaPtr schema = schema_of_all_types({{"store_row_column", "true"}});
  Block block = random_block(*schema, 40);
  block.columns[5] = Column({TypeKind::kString});
  for (size_t row = 0; row < 40; ++row) block.columns[5].append_bytes(std::string(row % 4 == 0 ? 300'000 : 10, 'x'));
  const WrittenSegment written = write(schema, block);
  const auto reader = open(written.meta, *schema);
  expect_same(*reader, *schema);
  EXPECT_GE(reader->row_store()->page_count(), 10u);
}

TEST_F(RowStoreTest, AnErrorOfTheChargeEndsTheWriting) {
  const SchemaPtr schema = schema_of_all_types({{"store_row_column", "true"}});
  const Block block = random_block(*schema, 2000);
  uint64_t charged = 0;
  SegmentWriterOptions options;
  options.charge_rows = [&](uint64_t bytes) {
    charged += bytes;
    return charged < 10'000 ? Status::OK() : Status::Cancelled("enough");
  };
  const auto written = write_sorted_segment(*files_, next_id_, TabletId(7), schema, block, options);
  EXPECT_EQ(written.status().code(), StatusCode::kCancelled);
}

TEST_F(RowStoreTest, EveryDamagedByteIsFound) {
  const SchemaPtr schema = schema_of_all_types({{"store_row_column", "true"}, {"compression", "NO_COMPRESSION"}});
  const WrittenSegment written = write(schema, random_block(*schema, 30));
  ASSERT_TRUE(read_everything(written.meta, *schema, written.keys).ok());
  const std::string original = read_file(written.meta.id);
  for (size_t at = 0; at < original.size() && !HasFatalFailure(); ++at) {
    write_byte(written.meta.id, at, static_cast<char>(original[at] ^ (1 << (at % 8))));
    const Status status = read_everything(written.meta, *schema, written.keys);
    ASSERT_EQ(status.code(), StatusCode::kCorruption) << "byte " << at;
    write_byte(written.meta.id, at, original[at]);
  }
}

TEST_F(RowStoreTest, ARowThatDiffersFromItsColumnsIsFound) {
  const SchemaPtr schema = schema_of_all_types({{"store_row_column", "true"}, {"compression", "NO_COMPRESSION"}});
  const WrittenSegment written = write(schema, random_block(*schema, 30));
  const PageLocation page = open(written.meta, *schema)->row_store()->location(0);
  std::string frame = read_file(written.meta.id).substr(page.offset, page.bytes);
  // The last byte of the key of the first row, behind the directory and the bits of NULL; the checksum is right again.
  const size_t at = kPageHeaderBytes + 31 * sizeof(uint32_t) + 2 + 7;
  frame[at] = static_cast<char>(frame[at] ^ 1);
  constexpr size_t kChecksumAt = kPageHeaderBytes - sizeof(uint32_t);
  const uint32_t checksum = crc32c(std::string_view(frame).substr(kPageHeaderBytes),
                                   segment_checksum(written.meta.id, page.offset, frame.substr(0, kChecksumAt)));
  frame.replace(kChecksumAt, sizeof(checksum), reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  for (size_t i = 0; i < frame.size(); ++i) write_byte(written.meta.id, page.offset + i, frame[i]);

  std::vector<std::string> problems;
  open(written.meta, *schema)->verify(problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("row 0 of the row store has another value in column 1 than the column"), std::string::npos)
      << problems[0];
}

TEST_F(RowStoreTest, RowsThatDoNotHoldTheirValuesAreRefused) {
  const std::pair<ColumnId, DataType> columns[] = {
      {ColumnId(1), {TypeKind::kInt}}, {ColumnId(2), {TypeKind::kString}}, {ColumnId(3), {TypeKind::kString}}};
  const RowLayout layout(columns);
  ASSERT_EQ(layout.front_bytes(), 1u + 4 + 2 * 4);
  std::string row(layout.front_bytes(), '\0');
  EXPECT_TRUE(layout.is_valid(row));
  EXPECT_FALSE(layout.is_valid(row.substr(1))) << "cut off";
  EXPECT_FALSE(layout.is_valid(row + "x")) << "bytes that no value has";
  const auto set_end = [&](uint32_t place, uint32_t end) {
    row.replace(layout.end_at(place), sizeof(end), reinterpret_cast<const char*>(&end), sizeof(end));
  };
  row += "abc";
  set_end(0, 2);
  set_end(1, 3);
  ASSERT_TRUE(layout.is_valid(row));
  EXPECT_EQ(layout.bytes_at(row, layout.field(1)), "ab");
  EXPECT_EQ(layout.bytes_at(row, layout.field(2)), "c");
  set_end(0, 4);
  EXPECT_FALSE(layout.is_valid(row)) << "a value that ends behind the next";
  set_end(0, 0);
  set_end(1, 4);
  EXPECT_FALSE(layout.is_valid(row)) << "a value that ends behind the row";
}

}  // namespace
}  // namespace freshet::storage
