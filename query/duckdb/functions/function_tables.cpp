#include "query/duckdb/functions/function_tables.h"

#include <string>
#include <unordered_set>

#include "query/duckdb/functions/comparisons.h"
#include "query/duckdb/functions/operands.h"
#include "query/duckdb/functions/sleep_function.h"

namespace freshet::query {
namespace {

template <typename Take>
void for_each_row_function(Take take) {
  for (const auto table : {number_row_functions(), cast_row_functions(), text_row_functions(), date_row_functions(),
                           json_row_functions(), address_row_functions(), comparison_row_functions()}) {
    for (const RowFunctionEntry& entry : table) take(entry);
  }
}

template <typename Take>
void for_each_bound_function(Take take) {
  for (const auto table : {number_functions(), control_functions(), cast_functions(), text_functions(), date_functions(),
                           comparison_functions()}) {
    for (const BoundFunctionEntry& entry : table) take(entry);
  }
}

}  // namespace

bool is_mysql_function(std::string_view name) {
  static const std::unordered_set<std::string_view> kNames = [] {
    std::unordered_set<std::string_view> names = {"sleep"};
    const auto add = [&](const auto& entry) { names.insert(entry.name); };
    for_each_row_function(add);
    for_each_bound_function(add);
    return names;
  }();
  return kNames.contains(name);
}

void register_mysql_functions(duckdb::DatabaseInstance& instance) {
  duckdb::ExtensionLoader loader(instance, "freshet");
  register_conversions(loader);
  loader.RegisterFunction(sleep_function());
  for_each_row_function([&](const RowFunctionEntry& entry) { loader.RegisterFunction(make_row_function(entry)); });
  for_each_bound_function([&](const BoundFunctionEntry& entry) { loader.RegisterFunction(make_bound_function(entry)); });
}

}  // namespace freshet::query
