#pragma once

#include <span>
#include <string>
#include <string_view>

#include "query/value_cells.h"
#include "storage/base/result.h"

namespace freshet::query {

/// The statement with each `?` replaced by its parameter as a literal. InvalidArgument when their numbers differ.
Result<std::string> bind_parameters(std::string_view statement, std::span<const InputValue> parameters);

}  // namespace freshet::query
