#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/routine_load.h"
#include "query/accounts/users.h"
#include "query/connection_admin.h"
#include "query/value_cells.h"
#include "query/views.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// What the tables of information_schema are made of beside a snapshot. Each may be empty, then its table is. Any thread.
struct CatalogueSources {
  std::function<std::vector<ConnectionInfo>()> connections;
  std::function<std::vector<ingest::RoutineLoadStatus>()> routine_loads;
  std::function<std::string()> metrics;  ///< as /metrics answers
  std::function<std::vector<View>()> views = nullptr;
  std::function<std::vector<std::vector<TextCell>>()> workload_groups = nullptr;
  std::function<std::vector<GivenPrivileges>()> privileges = nullptr;
  std::function<std::vector<ResultColumn>(const View&)> view_columns = nullptr;
};

struct CatalogueColumn {
  std::string name;
  TypeKind kind = TypeKind::kString;  ///< or kBigInt, kDouble, kDateTime
};
using CatalogueRow = std::vector<TextCell>;

/// One table of information_schema. Its rows are made anew for each query, from that query's snapshot.
struct CatalogueTable {
  std::string name;
  std::vector<CatalogueColumn> columns;
  std::function<std::vector<CatalogueRow>(const storage::ServerSnapshot&, const CatalogueSources&)> rows;
};

inline constexpr std::string_view kInformationSchema = "information_schema";

/// All tables of information_schema.
const std::vector<CatalogueTable>& information_schema();
/// Null for an unknown name. Names in any case.
const CatalogueTable* find_catalogue_table(std::string_view name);

/// "TABLE_NAME TABLE_ROWS:int CREATE_TIME:time SHARE:double": columns, of text when nothing is said.
std::vector<CatalogueColumn> catalogue_columns(std::string_view list);

}  // namespace freshet::query
