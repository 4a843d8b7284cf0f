#pragma once

#include <cstddef>

#include "storage/types/column.h"

namespace freshet {

/// True when every value of `from` is a value of `to` that looks the same, so that stored values of `from` serve a column
/// that is `to` now: wider integers, FLOAT as DOUBLE, DECIMAL with more digits at the same scale, DATETIME with more
/// fractional digits, longer CHAR and VARCHAR, and these as STRING. A type widens to itself.
bool can_widen(const DataType& from, const DataType& to);
/// The same for layouts: what widen_values() converts.
bool can_widen(PhysicalType from, PhysicalType to);

/// Converts `count` fixed-width values that lie side by side; no alignment needed. REQUIRES: can_widen(from, to), not bytes.
void widen_values(PhysicalType from, PhysicalType to, const void* values, size_t count, void* out);

/// The rows of `column` as a column of type `to`. REQUIRES: can_widen of their layouts.
Column widen_column(const Column& column, const DataType& to);

}  // namespace freshet
