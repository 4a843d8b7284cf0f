#pragma once

#include <vector>

#include "query/catalogue/catalogue_table.h"

namespace freshet::query {

/// The tables of information_schema that tell of the server: connections, jobs, metrics, character sets, privileges; and
/// those that are empty because there is nothing of the kind (triggers, routines ...).
std::vector<CatalogueTable> server_tables();

}  // namespace freshet::query
