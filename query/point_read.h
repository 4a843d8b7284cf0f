#pragma once

#include <optional>
#include <span>
#include <vector>

#include "query/dialect/point_select.h"
#include "query/result_writer.h"
#include "query/value_cells.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// A point read bound to a table: equality on the whole key of a UNIQUE table. Answered from key index and filter without
/// entering the engine. Immutable; valid for the table and schema version it was bound to.
class PointRead {
 public:
  /// Nothing when the statement is no point read of this table (other columns, another model): the engine takes it then.
  static std::optional<PointRead> bind(const PointSelect& select, const storage::TableSnapshot& table);

  bool fits(const storage::TableSnapshot& table) const {
    return table.id == table_ && table.schema->version == schema_version_;
  }
  std::span<const ResultColumn> columns() const { return columns_; }
  /// Answers with no row or one. `parameters` serve the placeholders. Returns false, and writes nothing, when a value is not
  /// exactly a value of its key column's type (a fraction for an integer, a number for a string): comparing those is the
  /// engine's work.
  Result<bool> run(const storage::TableSnapshot& table, std::span<const InputValue> parameters, ResultWriter& out) const;

 private:
  struct KeyValue {
    InputValue value;
    std::string text;  ///< owns value.text
    std::optional<uint32_t> placeholder;
  };
  TableId table_;
  uint32_t schema_version_ = 0;
  std::vector<KeyValue> key_;   ///< in key order
  std::vector<size_t> output_;  ///< positions in the schema
  std::vector<ResultColumn> columns_;
};

}  // namespace freshet::query
