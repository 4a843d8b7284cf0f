#pragma once

#include "storage/types/block.h"
#include "storage/types/schema.h"

namespace freshet {

/// Appends `rows` times what a column has in rows that are older than the column: its initial default, or NULL.
void append_missing_column(const ColumnSchema& column, size_t rows, Column& out);

/// True when blocks of `a` are blocks of `b` as they are: the same columns by id, in the same order, in the same layouts.
bool have_same_layout(const TableSchema& a, const TableSchema& b);

/// Rows of schema `from` as rows of `to`, a later version of the same table: columns are matched by id, dropped ones left
/// out, widened ones converted, and new ones get their initial default. Conflict when a column's values do not fit.
Result<Block> map_block(const Block& block, const TableSchema& from, const TableSchema& to);

}  // namespace freshet
