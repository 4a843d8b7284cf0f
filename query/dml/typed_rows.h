#pragma once

#include <string>
#include <vector>

#include "query/ddl/statement.h"
#include "query/dml/merge_rows.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// What stands before and behind an expression of MySQL's dialect that becomes a value of a type.
struct CastWords {
  std::string before;
  std::string behind;
};
CastWords cast_words(const DataType& type);

/// VALUES (...), (...) of Insert::cells, each cast to the type of its column: expressions of one column may be of many
/// types. DEFAULT and DEFAULT(c) are the defaults of columns. `columns`: positions. InvalidArgument for a column without a
/// default, and when rows have another number of values.
Result<Fragment> typed_rows(const Insert& insert, const TableSchema& schema, const std::vector<size_t>& columns);

}  // namespace freshet::query
