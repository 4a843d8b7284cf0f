#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freshet::query {

/// MySQL's DATE_FORMAT pattern (and Doris's yyyy-MM-dd forms) -> DuckDB's strftime pattern. Nothing when a specifier has no
/// counterpart.
std::optional<std::string> translate_date_format(std::string_view pattern);

}  // namespace freshet::query
