#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"

/// Values of the metadata store (FORMAT.md, "Metadata records"). Each begins with a version byte and ends with a CRC32C;
/// decode answers Corruption for anything else.
namespace freshet::storage {

struct TableRecord {
  DatabaseId database;
  std::string name;
  std::string schema;  ///< TableSchema::serialize
  std::vector<TabletId> tablets;

  std::string encode() const;
  static Result<TableRecord> decode(std::string_view bytes);
};

/// Rows of a small commit that have no segment file yet.
struct CarriedBlockRecord {
  RowsetId buffer;
  RowOrdinal first_row = 0;
  std::string block;  ///< Block::serialize

  std::string encode() const;
  static Result<CarriedBlockRecord> decode(std::string_view bytes);
};

/// Rows that a commit replaced in one tablet; or, folded, all dead rows of a rowset.
struct DeadRowsRecord {
  struct Entry {
    RowsetId rowset;
    std::string rows;  ///< encode_rows (Roaring)
  };
  std::vector<Entry> entries;

  std::string encode() const;
  static Result<DeadRowsRecord> decode(std::string_view bytes);
};

std::string encode_number(uint64_t value);
Result<uint64_t> decode_number(std::string_view bytes);

}  // namespace freshet::storage
