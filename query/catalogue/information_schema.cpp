#include <algorithm>

#include "query/catalogue/catalogue_table.h"
#include "query/catalogue/schema_tables.h"
#include "query/catalogue/server_tables.h"
#include "query/dialect/tokenizer.h"

namespace freshet::query {

const std::vector<CatalogueTable>& information_schema() {
  static const std::vector<CatalogueTable> tables = [] {
    std::vector<CatalogueTable> all = schema_tables();
    for (CatalogueTable& table : server_tables()) all.push_back(std::move(table));
    std::sort(all.begin(), all.end(), [](const CatalogueTable& a, const CatalogueTable& b) { return a.name < b.name; });
    return all;
  }();
  return tables;
}

const CatalogueTable* find_catalogue_table(std::string_view name) {
  const std::vector<CatalogueTable>& tables = information_schema();
  const std::string wanted = to_lower(name);
  const auto found =
      std::find_if(tables.begin(), tables.end(), [&](const CatalogueTable& table) { return table.name == wanted; });
  return found == tables.end() ? nullptr : &*found;
}

std::vector<CatalogueColumn> catalogue_columns(std::string_view list) {
  std::vector<CatalogueColumn> columns;
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    const std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const size_t colon = std::min(item.find(':'), item.size());
    const std::string_view type = item.substr(std::min(colon + 1, item.size()));
    const TypeKind kind = type == "int"      ? TypeKind::kBigInt
                          : type == "time"   ? TypeKind::kDateTime
                          : type == "double" ? TypeKind::kDouble
                                             : TypeKind::kString;
    columns.push_back({std::string(item.substr(0, colon)), kind});
  }
  return columns;
}

}  // namespace freshet::query
