#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/data_type.h"

namespace freshet::query {

struct ResultColumn {
  std::string name;
  DataType type;
  bool nullable = true;
  std::string database;  ///< empty for computed columns
  std::string table;
  // What MySQL tells of a computed column and DataType does not know.
  bool is_binary = false;    ///< bytes that are no text; `type` is kString
  bool is_unsigned = false;  ///< integers up to 2^64 - 1, given by cell_text(); `type` is kDecimal
};

/// What a statement without rows answers.
struct OkResult {
  uint64_t affected_rows = 0;
  /// For clients that count rows as found, not as changed (CLIENT_FOUND_ROWS); nothing: the same.
  std::optional<uint64_t> found_rows = std::nullopt;
  uint64_t last_insert_id = 0;
  uint16_t warnings = 0;
  std::string info;
  std::string database;  ///< that is the current one from now on; empty = it stays
};

/// Takes the answer of one statement: either ok(), or columns() and then rows cell by cell, and rows_end(). Implemented by
/// the MySQL connector (text and binary rows) and by tests. When a call fails (client gone) the statement ends.
class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual Status ok(const OkResult& result) = 0;
  virtual Status columns(std::span<const ResultColumn> columns) = 0;

  /// A row is begin_row(), one of the cell calls for each column in order, end_row().
  virtual void begin_row() = 0;
  virtual void cell_null() = 0;
  virtual void cell_int64(int64_t value) = 0;  ///< BOOLEAN, TINYINT .. BIGINT
  virtual void cell_float(float value) = 0;
  virtual void cell_double(double value) = 0;
  virtual void cell_date(int32_t days) = 0;
  virtual void cell_datetime(int64_t micros) = 0;     ///< printed with the column's scale
  virtual void cell_text(std::string_view text) = 0;  ///< strings, and LARGEINT and DECIMAL as their text
  virtual Status end_row() = 0;

  virtual Status rows_end(uint16_t warnings) = 0;

  /// Rows of the answer so far.
  virtual uint64_t row_count() const = 0;
  /// The number of changed rows that ok() told the client; -1 for an answer with rows, and where no client is told.
  virtual int64_t told_changes() const { return -1; }
};

}  // namespace freshet::query
