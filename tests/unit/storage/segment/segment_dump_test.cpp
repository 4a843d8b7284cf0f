#include <fstream>
#include <iterator>

#include "segment_fixture.h"

namespace freshet::storage {
namespace {

/// The dump is compared with a file of tests/data; FRESHET_UPDATE_GOLDEN=1 writes it anew.
class SegmentDump : public SegmentFixture {
 protected:
  void expect_dump(const SegmentMeta& meta, const std::string& golden_name) {
    const auto dump = dump_segment(*files_, segment_file_name(meta.id));
    ASSERT_TRUE(dump.ok()) << dump.status().to_string();
    const std::string golden = std::string(FRESHET_TEST_DATA) + "/" + golden_name;
    if (std::getenv("FRESHET_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << *dump;
    std::ifstream in(golden);
    EXPECT_EQ(*dump, std::string(std::istreambuf_iterator<char>(in), {}));
  }

  static Block make_block(const TableSchema& schema) {
    Block block = Block::for_schema(schema);
    for (int32_t row = 0; row < 10; ++row) {
      block.columns[0].append(100 - row);
      block.columns[1].append_bytes(row < 5 ? "Bern" : "Genève");
      row == 4 ? block.columns[2].append_null() : block.columns[2].append(int64_t{1767225600000000} + row * 1000000);
      block.columns[3].append(static_cast<int32_t>(row * 125));
      block.columns[4].append(0.5 * row);
    }
    return block;
  }

  SchemaPtr schema(TableModel model, size_t key_count) {
    return make_schema(model, key_count,
                       {{TypeKind::kInt},
                        {TypeKind::kVarchar, 0, 0, 20},
                        {TypeKind::kDateTime, 0, 0},
                        {TypeKind::kDecimal, 9, 2},
                        {TypeKind::kDouble}});
  }
};

TEST_F(SegmentDump, ShowsPagesAndIndexesOfFixedKeys) {
  const SchemaPtr unique = schema(TableModel::kUnique, 1);
  expect_dump(write(unique, make_block(*unique), {.newest_commit = CommitNumber(5)}).meta, "segment_dump_fixed.txt");
}

TEST_F(SegmentDump, ShowsPagesAndIndexesOfByteKeys) {
  const SchemaPtr unique = schema(TableModel::kUnique, 2);
  expect_dump(write(unique, make_block(*unique)).meta, "segment_dump_bytes.txt");
}

TEST_F(SegmentDump, ShowsTheRowStore) {
  TableSchema schema = *this->schema(TableModel::kUnique, 1);
  schema.properties = {{"row_store_columns", "c0,c1,c2"}};
  const auto unique = std::make_shared<const TableSchema>(schema);
  expect_dump(write(unique, make_block(*unique)).meta, "segment_dump_rows.txt");
}

TEST_F(SegmentDump, ShowsShortKeysOfDuplicateTables) {
  const SchemaPtr duplicate = schema(TableModel::kDuplicate, 1);
  expect_dump(write(duplicate, make_block(*duplicate)).meta, "segment_dump_duplicate.txt");
}

}  // namespace
}  // namespace freshet::storage
