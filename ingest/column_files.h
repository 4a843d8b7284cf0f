#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ingest/decode/row_batch.h"
#include "storage/base/result.h"
#include "storage/types/data_type.h"

namespace freshet::ingest {

/// A column of a body that is read, and the type of what it fills.
struct ColumnUse {
  size_t column = 0;  ///< position in the body
  DataType target;
};

/// Values as loads convert them: numbers, dates and times as their texts; numbers with a fraction are cut where they fill an
/// integer; booleans are "true" or "false" where they fill a text, else "1" or "0"; times with a zone are in UTC; bytes are
/// as they are; lists, structs and maps are JSON where they fill a text, and cannot fill anything else.
using CellColumns = std::vector<std::vector<Cell>>;

inline bool target_is_text(const DataType& type) {
  return type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar || type.kind == TypeKind::kString ||
         type.kind == TypeKind::kJson;
}
inline bool target_is_integer(const DataType& type) {
  return type.kind == TypeKind::kTinyInt || type.kind == TypeKind::kSmallInt || type.kind == TypeKind::kInt ||
         type.kind == TypeKind::kBigInt || type.kind == TypeKind::kLargeInt;
}

/// A file of columns (Parquet), read from its beginning to its end. One thread.
class ColumnFile {
 public:
  virtual ~ColumnFile() = default;
  /// Its columns, in order.
  virtual const std::vector<std::string>& names() const = 0;
  /// Says which columns are read; once, before next(). Unsupported when a column cannot fill what it should.
  virtual Status select(std::span<const ColumnUse> uses) = 0;
  /// The next rows of the columns that are read, and their number; 0 at the end. Texts stay until the next call.
  /// InvalidArgument when the file is damaged, ResourceExhausted when it needs more memory than there is.
  virtual Result<size_t> next(CellColumns& columns) = 0;
};

/// Opens files of columns; something above ingest implements it. Any thread; outlives its files.
class ColumnFiles {
 public:
  virtual ~ColumnFiles() = default;
  /// The file stays where it is until the result is gone. Errors as ColumnFile::next().
  virtual Result<std::unique_ptr<ColumnFile>> open_parquet(const std::string& path) = 0;
};

}  // namespace freshet::ingest
