#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/ddl/statement.h"
#include "query/value_cells.h"

namespace freshet::query {

/// Another name of a column that WHERE and ORDER BY may use.
using ColumnAlias = std::pair<std::string_view, std::string_view>;

/// Leaves of `rows` what the statement's WHERE (see RowCondition), ORDER BY and LIMIT ask for. Columns are those of `names`,
/// in any case. Numbers are compared as numbers, NULL comes first. InvalidArgument names an unknown column.
Status narrow_rows(const Show& show, std::span<const std::string> names, std::span<const ColumnAlias> aliases,
                   std::vector<std::vector<TextCell>>& rows);

/// The whole answer of a SHOW: what narrow_rows() leaves.
Status write_shown(const Show& show, std::span<const std::string> names, std::vector<std::vector<TextCell>> rows,
                   ResultWriter& out, std::span<const ColumnAlias> aliases = {});

}  // namespace freshet::query
