#pragma once

#include <string>
#include <vector>

#include "query/functions/json_text.h"

namespace freshet::query {

/// Where the scalars of `json` are that match a LIKE pattern, as paths from `start` ("$"), in the order of the document; the
/// first alone unless `all`.
std::vector<std::string> json_paths_of(const Json& json, std::string_view pattern, char escape, bool all,
                                       std::string_view start);
/// With line breaks and two blanks for each level, as MySQL's JSON_PRETTY writes it.
std::string pretty_json_text(const Json& json);

}  // namespace freshet::query
