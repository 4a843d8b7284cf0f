#include "corruption_fixture.h"
#include "storage/encoding/compression.h"
#include "storage/segment/column_page.h"
#include "storage/segment/page_encoder.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

class Corruption : public CorruptionFixture {
 protected:
  static Block make_block(const TableSchema& schema, int rows) {
    Block block = Block::for_schema(schema);
    for (int row = 0; row < rows; ++row) {
      for (Column& column : block.columns) {
        if (column.is_bytes()) {
          column.append_bytes(std::string(static_cast<size_t>(row % 5), 'q') + std::to_string(row));
        } else if (row % 7 == 3 && &column != &block.columns.front()) {
          column.append_null();
        } else {
          column.append(static_cast<int64_t>(row) * 11);
        }
      }
    }
    return block;
  }

  void expect_every_flip_is_found(const SchemaPtr& schema) {
    const WrittenSegment written = write(schema, make_block(*schema, 150));
    ASSERT_TRUE(read_everything(written.meta, *schema, written.keys).ok());
    const std::string original = read_file(written.meta.id);
    for (size_t at = 0; at < original.size(); ++at) {
      write_byte(written.meta.id, at, static_cast<char>(original[at] ^ (1 << (at % 8))));
      const Status status = read_everything(written.meta, *schema, written.keys);
      ASSERT_EQ(status.code(), StatusCode::kCorruption) << "byte " << at << ": " << status.to_string();
      ASSERT_NE(status.message().find(segment_file_name(written.meta.id)), std::string::npos) << status.message();
      static_cast<void>(dump_segment(*files_, segment_file_name(written.meta.id)).ok());
      write_byte(written.meta.id, at, original[at]);
    }
  }
};

TEST_F(Corruption, EveryFlippedByteIsFoundWithFixedKeys) {
  expect_every_flip_is_found(
      make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}, {TypeKind::kBigInt}, {TypeKind::kString}}));
}

TEST_F(Corruption, EveryFlippedByteIsFoundWithByteKeys) {
  expect_every_flip_is_found(
      make_schema(TableModel::kUnique, 2, {{TypeKind::kBigInt}, {TypeKind::kVarchar}, {TypeKind::kBigInt}}));
}

TEST_F(Corruption, EveryFlippedByteIsFoundWithDuplicateKeys) {
  expect_every_flip_is_found(make_schema(TableModel::kDuplicate, 1, {{TypeKind::kBigInt}, {TypeKind::kString}}));
}

TEST_F(Corruption, AnotherSegmentUnderTheNameIsFound) {
  const SchemaPtr schema = make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}, {TypeKind::kString}});
  const WrittenSegment first = write(schema, make_block(*schema, 100));
  const WrittenSegment second = write(schema, make_block(*schema, 100));
  write_file(first.meta.id, read_file(second.meta.id));
  EXPECT_EQ(read_everything(first.meta, *schema, first.keys).code(), StatusCode::kCorruption);
}

TEST_F(Corruption, PagesOfTheSameSizeCannotBeSwapped) {
  const SchemaPtr schema = make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}, {TypeKind::kBigInt}});
  Block block = Block::for_schema(*schema);
  for (int64_t row = 0; row < 100; ++row) {
    block.columns[0].append(row);
    block.columns[1].append(row);
  }
  const WrittenSegment written = write(schema, block);
  std::string bytes = read_file(written.meta.id);
  constexpr size_t kHeader = 24;
  const size_t page = 32 + 24 + packed_bytes(100, 7);
  std::swap_ranges(bytes.begin() + kHeader, bytes.begin() + static_cast<ptrdiff_t>(kHeader + page),
                   bytes.begin() + static_cast<ptrdiff_t>(kHeader + page));
  write_file(written.meta.id, bytes);
  const Status status = read_everything(written.meta, *schema, written.keys);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("column 'c0', page 0"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("offset 24"), std::string::npos) << status.message();
}

/// Reads every row of a page in every way.
void read_whole_page(const std::string& bytes) {
  const auto page = make_column_page(std::make_shared<const std::string>(bytes));
  const uint32_t rows = page->row_count();
  std::vector<uint64_t> words(rows / 64 + 1);
  page->read_validity(0, rows, words.data());
  if (page_header(bytes).physical != PhysicalType::kBytes) {
    std::vector<Int128> values(rows);
    return page->read_fixed(0, rows, values.data());
  }
  std::vector<std::string_view> values(rows);
  DecodedBytes decoded;
  page->read_bytes(0, rows, values.data(), decoded);
  size_t total = 0;
  for (std::string_view value : values) {
    for (char letter : value) total += static_cast<unsigned char>(letter);
  }
  EXPECT_LT(total, size_t{1} << 40);
}

TEST(CorruptPage, WithARightChecksumIsRefusedOrReadInBounds) {
  std::mt19937_64 random(test::test_seed());
  PageEncoder encoder{PageCompression::kLz4};
  for (const DataType& type : {DataType{TypeKind::kInt}, DataType{TypeKind::kLargeInt}, DataType{TypeKind::kString}}) {
    for (int shape = 0; shape < 4; ++shape) {
      Column column(type);
      for (int row = 0; row < 300; ++row) {
        if (row % 9 == 0) {
          column.append_null();
        } else if (type.is_bytes()) {
          const std::string number = std::to_string(shape == 1 ? row % 20 : row);
          column.append_bytes(shape == 0 ? "same" : shape == 3 ? "/orders/" + number + "?page=" + number : number);
        } else if (type.width() == 4) {
          column.append(static_cast<int32_t>(shape == 0 ? 1 : shape == 1 ? row : shape == 2 ? random() : row / 40 * 999));
        } else {
          column.append(static_cast<Int128>(shape == 0   ? 1
                                            : shape == 3 ? random() % 99 * 1000
                                                         : random())
                        << (shape == 2 ? 60 : 0));
        }
      }
      ZoneMap zone;
      PageHeader header = encoder.encode(column, 0, column.size(), zone);
      std::string page(kPageHeaderBytes, '\0');
      page[1] = static_cast<char>(header.encoding);
      page[0] = static_cast<char>(PageKind::kColumn);
      page[3] = static_cast<char>(header.physical);
      page.replace(4, 4, reinterpret_cast<const char*>(&header.row_count), 4);
      page.replace(8, 4, reinterpret_cast<const char*>(&header.null_count), 4);
      page.append(encoder.payload());
      ASSERT_EQ(find_column_page_fault(page, type.physical()), "");
      for (int round = 0; round < 3000; ++round) {
        std::string broken = page;
        for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
          const size_t at = random() % 3 == 0 ? random() % 12 : random() % broken.size();
          broken[at] = static_cast<char>(random());
        }
        if (random() % 8 == 0) broken.resize(kPageHeaderBytes + random() % (broken.size() - kPageHeaderBytes));
        if (page_header(broken).row_count > 100000) continue;
        if (find_column_page_fault(broken, type.physical()).empty()) read_whole_page(broken);
      }
    }
  }
}

}  // namespace
}  // namespace freshet::storage
