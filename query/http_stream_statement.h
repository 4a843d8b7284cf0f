#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/load_request.h"
#include "storage/base/result.h"

namespace freshet::query {

/// The names of a table's columns, in their order; NotFound when there is no such table.
using ColumnNamesOf = std::function<Result<std::vector<std::string>>(const std::string& database, const std::string& table)>;

/// What Doris's `_http_stream` is told by its header `sql`, as the load that it means:
///
///     INSERT INTO db.t [WITH LABEL l] [(columns)] SELECT items FROM http_stream("format" = "csv", ...) [WHERE condition]
///
/// Of CSV rows the fields are c1, c2, ..., in items and condition any expressions over them that a load may have; fields
/// behind the last one that is named are not looked at. Of JSON rows items are names of fields. `*` are as many fields as
/// there are columns. `properties` are those of the request's headers, which http_stream(...) adds to.
/// InvalidArgument or Unsupported says what is wrong or not offered: other formats, other tables, joins, groups.
Result<ingest::LoadRequest> parse_http_stream(std::string_view sql,
                                              std::vector<std::pair<std::string, std::string>> properties,
                                              const ColumnNamesOf& columns_of);

}  // namespace freshet::query
