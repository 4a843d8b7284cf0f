#pragma once

#include <optional>
#include <span>
#include <vector>

#include "query/dialect/point_select.h"
#include "query/result_writer.h"
#include "query/value_cells.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// Rows of a UNIQUE table by conditions on its key, bound to the table: equality on the whole key (one row), a list of
/// values for one of its columns (a row for each), or equality on its first columns and bounds of the next one (the rows
/// between). Answered from key index and filter without entering the engine. Immutable; valid for the table and schema
/// version it was bound to.
class PointRead {
 public:
  enum class Kind : uint8_t { kOneKey, kKeys, kRange };

  /// Nothing when the statement is no such read of this table (other columns, another model): the engine takes it then.
  static std::optional<PointRead> bind(const PointSelect& select, const storage::TableSnapshot& table);

  /// For EXPLAIN.
  std::string_view description() const;
  bool fits(const storage::TableSnapshot& table) const {
    return table.id == table_ && table.schema->version == schema_version_;
  }
  std::span<const ResultColumn> columns() const { return columns_; }
  /// Answers with the rows there are; without an order those of a list in that of their keys. `parameters` serve the
  /// placeholders. Returns false, and writes nothing, when the engine must answer: a value is not exactly a value of its key
  /// column's type (a fraction for an integer, a number for a string), or a range has more than a few rows.
  Result<bool> run(const storage::TableSnapshot& table, std::span<const InputValue> parameters, ResultWriter& out) const;

 private:
  struct KeyValue {
    InputValue value;
    std::string text;  ///< owns value.text
    std::optional<uint32_t> placeholder;
  };
  static std::optional<KeyValue> bind_value(const Literal& literal);
  bool bind_list(const PointList& list, const TableSchema& schema);
  bool bind_range(const PointSelect& select, const TableSchema& schema);
  bool bind_order(const PointSelect& select, const TableSchema& schema);
  /// Appends the value to `column`; false when it is not exactly one of its type.
  static bool append(const KeyValue& value, std::span<const InputValue> parameters, Column& column);
  bool append_list(std::span<const InputValue> parameters, Column& column) const;
  Result<bool> run_one(const storage::TableSnapshot& table, std::span<const InputValue> parameters, ResultWriter& out) const;
  Result<bool> run_keys(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                        ResultWriter& out) const;
  Result<bool> run_range(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                         ResultWriter& out) const;
  /// The columns to be read, empty.
  std::vector<Column> read_columns(const TableSchema& schema) const;
  void sort_rows(std::span<const Column> values, std::vector<uint32_t>& rows) const;
  /// Writes rows of read_columns() as the statement wants them.
  Status write_rows(std::span<const Column> values, ResultWriter& out) const;

  Kind kind_ = Kind::kOneKey;
  TableId table_;
  uint32_t schema_version_ = 0;
  std::vector<KeyValue> key_;   ///< in key order: equalities; kRange: of the first columns alone
  std::vector<KeyValue> list_;  ///< kKeys: values of key column list_column_, whose place in key_ is unused
  size_t list_column_ = 0;
  std::optional<KeyValue> low_, high_;  ///< kRange: bounds of the column behind those of key_
  std::optional<size_t> range_column_;  ///< kRange with bounds
  uint64_t limit_ = UINT64_MAX;
  bool is_distinct_ = false;
  struct Order {
    size_t at;  ///< in read_
    bool is_descending;
  };
  std::vector<Order> order_;
  std::vector<size_t> read_;  ///< positions in the schema: of columns_, then those that the order needs beside them
  std::vector<ResultColumn> columns_;
};

}  // namespace freshet::query
