#pragma once

#include "storage/types/block.h"
#include "storage/types/column.h"
#include "storage/types/schema.h"

/// Sequence columns: of the rows of a key the one with the largest sequence stays, deletes included, whatever the order in
/// which they come; of equal ones the later. NULL is the smallest.
///
/// A delete of a table with a sequence column is stored as a row, its time in the hidden column kDeleteTimeColumn (a
/// *tombstone*): no scan sees it, since it is dead from the start, but lookups of later loads compare with its sequence.
namespace freshet {

/// Integers, DATE and DATETIME.
bool may_be_sequence(const DataType& type);

/// Negative, zero or positive as sequence `row` of `a` is below, equal to or above sequence `other` of `b`. REQUIRES: both
/// have the same type.
int compare_sequences(const Column& a, size_t row, const Column& b, size_t other);

/// What kDeleteTimeColumn holds for rows that were deleted or written now: the time for those with a delete sign, else NULL.
Column delete_times(const Block& rows);
int64_t unix_seconds_now();

/// Adds a hidden column, which may be NULL.
void add_hidden_column(TableSchema& schema, std::string_view name, const DataType& type);

/// Makes `position` the sequence column, or (nothing) adds a hidden one of `type`; adds kDeleteTimeColumn. The caller
/// gives the columns their ids. REQUIRES: kUnique, no sequence column yet.
void add_sequence(TableSchema& schema, std::optional<size_t> position, const DataType& type);

}  // namespace freshet
