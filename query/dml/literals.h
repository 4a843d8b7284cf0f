#pragma once

#include <span>

#include "ingest/row_inserter.h"
#include "query/dialect/literal.h"
#include "query/value_cells.h"

namespace freshet::query {

/// A literal of a statement as ingest takes it; `parameters` are the values of the placeholders. The texts are those of the
/// literal or the parameter. REQUIRES: check_parameters().
ingest::Literal to_load_value(const Literal& literal, std::span<const InputValue> parameters);

/// InvalidArgument when a statement with so many placeholders has fewer values for them.
Status check_parameters(uint32_t placeholders, std::span<const InputValue> parameters);

}  // namespace freshet::query
