#pragma once

#include <numeric>

#include "segment_fixture.h"
#include "storage/segment/column_reader.h"

namespace freshet::storage {

/// Segments that are damaged on purpose.
class CorruptionFixture : public SegmentFixture {
 protected:
  /// Opens and reads everything that a segment offers; the first error, or OK. Must survive any bytes.
  Status read_everything(const SegmentMeta& meta, const TableSchema& schema, const KeyRun& keys) {
    PageCache cache(1 << 20);
    FRESHET_ASSIGN_OR_RETURN(const auto reader, SegmentReader::open(*files_, cache, meta, schema));
    for (const ColumnSchema& column : schema.columns) {
      Column values(column.type);
      if (reader->column(column.id) == nullptr) return Status::Corruption("no column");
      FRESHET_RETURN_IF_ERROR(reader->column(column.id)->read_rows(0, meta.row_count, values));
    }
    FRESHET_RETURN_IF_ERROR(reader->lower_bound(keys.encoded_at(keys.size() / 2)).status());
    std::vector<std::string> problems;
    reader->verify(problems);
    if (schema.is_unique()) {
      KeyRun read(keys.is_fixed());
      FRESHET_RETURN_IF_ERROR(reader->read_keys(0, meta.row_count, read));
      std::vector<KeyMatch> matches;
      std::vector<uint32_t> wanted(keys.size());
      std::iota(wanted.begin(), wanted.end(), 0);
      FRESHET_RETURN_IF_ERROR(reader->find_keys(keys, wanted, matches));
      FRESHET_RETURN_IF_ERROR(reader->find_key(keys, 0).status());
    }
    return problems.empty() ? Status::OK() : Status::Corruption("{}", problems.front());
  }
};

}  // namespace freshet::storage
