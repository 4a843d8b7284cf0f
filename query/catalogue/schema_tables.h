#pragma once

#include <vector>

#include "query/catalogue/catalogue_table.h"

namespace freshet::query {

/// The tables of information_schema that tell of databases, tables, columns, keys and partitions.
std::vector<CatalogueTable> schema_tables();

}  // namespace freshet::query
