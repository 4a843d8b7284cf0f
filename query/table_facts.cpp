#include "query/table_facts.h"

#include <algorithm>

#include "query/session_state.h"

namespace freshet::query {
namespace {

std::string type_name(const DataType& type) {
  std::string name = type.to_string();
  name.resize(std::min(name.size(), name.find('(')));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

}  // namespace

uint64_t stored_bytes(const storage::TabletSnapshot& tablet) {
  uint64_t bytes = 0;
  for (const storage::SegmentView& view : tablet.segments) bytes += view.segment->meta().file_bytes;
  return bytes;
}

uint64_t stored_bytes(const storage::TableSnapshot& table) {
  uint64_t bytes = 0;
  for (const auto& tablet : table.tablets) bytes += stored_bytes(*tablet);
  return bytes;
}

Result<TableFacts> table_facts(const storage::StorageEngine& storage, const std::string& database,
                               const std::string& table) {
  FRESHET_ASSIGN_OR_RETURN(const auto found, find_table(*storage.snapshot(), database, table));
  const TableSchema& schema = *found->schema;
  TableFacts facts;
  facts.keys_type = schema.is_aggregate() ? "AGG_KEYS" : schema.is_unique() ? "UNIQUE_KEYS" : "DUP_KEYS";
  facts.rows = found->live_rows();
  for (const ColumnSchema& column : schema.columns) {
    ColumnFacts fact{column.name, type_name(column.type), column.comment, {}, {}, {}};
    if (column.type.kind == TypeKind::kDecimal) {
      fact.precision = column.type.precision;
      fact.scale = column.type.scale;
    }
    if (schema.is_unique() && !column.is_key) {
      fact.aggregation = schema.is_aggregate() ? aggregation_name(column.aggregation) : "REPLACE";
    }
    facts.columns.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace freshet::query
