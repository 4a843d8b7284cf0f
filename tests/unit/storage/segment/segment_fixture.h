#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "storage/io/local_file_store.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment/segment_writer.h"
#include "support/temp_dir.h"

namespace freshet::storage {

/// A file store in a directory of its own, a page cache, and short ways to write and open segments in them.
class SegmentFixture : public testing::Test {
 protected:
  SegmentFixture() : files_(open_local_file_store(directory_.path("segments")).value()), cache_(64 << 20) {}

  static SchemaPtr make_schema(TableModel model, size_t key_count, const std::vector<DataType>& types) {
    auto schema = std::make_shared<TableSchema>();
    schema->model = model;
    schema->key_count = key_count;
    for (size_t i = 0; i < types.size(); ++i) {
      ColumnSchema column;
      column.id = ColumnId(static_cast<uint32_t>(i + 1));
      column.name = "c" + std::to_string(i);
      column.type = types[i];
      column.is_key = i < key_count;
      column.nullable = i >= key_count;
      schema->columns.push_back(column);
    }
    return schema;
  }

  WrittenSegment write(const SchemaPtr& schema, const Block& block, const SegmentWriterOptions& options = {}) {
    auto written = write_sorted_segment(*files_, next_id_, TabletId(7), schema, block, options);
    next_id_ = next_id_.next();
    EXPECT_TRUE(written.ok()) << written.status().to_string();
    return std::move(written).value();
  }

  std::shared_ptr<const SegmentReader> open(const SegmentMeta& meta, const TableSchema& schema) {
    auto reader = SegmentReader::open(*files_, cache_, meta, schema);
    EXPECT_TRUE(reader.ok()) << reader.status().to_string();
    return std::move(reader).value();
  }

  std::string path(RowsetId id) const { return directory_.path("segments") + "/" + segment_file_name(id); }
  std::string read_file(RowsetId id) const {
    std::ifstream in(path(id), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_file(RowsetId id, std::string_view bytes) const {
    std::ofstream out(path(id), std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void write_byte(RowsetId id, size_t at, char byte) const {
    std::fstream file(path(id), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at)).put(byte);
  }

  test::TempDir directory_;
  std::unique_ptr<FileStore> files_;
  PageCache cache_;
  RowsetId next_id_{17};
};

}  // namespace freshet::storage
