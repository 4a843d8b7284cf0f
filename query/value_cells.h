#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "query/result_writer.h"
#include "query/session.h"
#include "storage/base/result.h"
#include "storage/types/column.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// A value that a statement brings, as text: a literal, or a parameter of a prepared statement.
struct InputValue {
  enum class Kind : uint8_t { kNull, kDefault, kNumber, kString };
  Kind kind = Kind::kNull;
  std::string_view text;
};

/// Parameters as input values; numbers are written into `texts`, which must outlive the values.
std::vector<InputValue> to_input_values(std::span<const Parameter> parameters, std::vector<std::string>& texts);

/// Writes one value as a cell of its column's type.
void write_cell(const Column& column, size_t row, ResultWriter& out);

/// How a table's column appears in a result.
ResultColumn result_column(const ColumnSchema& column, const std::string& label, const std::string& database,
                           const std::string& table);
/// A column of text for SHOW and the like.
ResultColumn text_column(const std::string& name);
/// A cell of a text answer: nothing = NULL.
using TextCell = std::optional<std::string>;
/// A whole answer of text cells.
Status write_text_rows(std::span<const std::string> names, const std::vector<std::vector<TextCell>>& rows,
                       ResultWriter& out);

}  // namespace freshet::query
