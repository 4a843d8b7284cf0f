#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/load_request.h"

namespace freshet::ingest {

/// Reads a list like "k1, tmp, `v 1` = tmp * 2": source columns in order, and expressions that fill columns. `header` names
/// the property in messages. InvalidArgument for empty names and quotes or parentheses that are not closed.
Status parse_column_list(std::string_view header, std::string_view text, std::vector<std::string>& names,
                         std::vector<ColumnExpression>& expressions);

/// The same for a list of names alone.
Status parse_names(std::string_view header, std::string_view text, std::vector<std::string>& names);

}  // namespace freshet::ingest
