#include "query/partition_text.h"

#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

std::string key_text(const TableSchema& schema, const PartitionScheme& scheme, const BoundTuple& tuple) {
  std::string types, keys;
  for (size_t i = 0; i < tuple.size(); ++i) {
    if (i != 0) {
      types += ", ";
      keys += ", ";
    }
    types += to_upper(schema.columns[*schema.find(scheme.columns[i])].type.to_string());
    keys += tuple[i].kind == BoundValue::Kind::kText   ? tuple[i].text
            : tuple[i].kind == BoundValue::Kind::kNull ? "NULL"
                                                       : "MAXVALUE";
  }
  return fmt::format("types: [{}]; keys: [{}]; ", types, keys);
}

}  // namespace

std::string column_list(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  std::string out;
  for (ColumnId id : columns) {
    if (!out.empty()) out += ", ";
    out += schema.columns[*schema.find(id)].name;
  }
  return out;
}

std::string doris_bounds_text(const TableSchema& schema, const PartitionScheme& scheme, const PartitionBounds& bounds) {
  if (scheme.kind == PartitionKind::kNone) return "";
  std::string out;
  if (scheme.kind == PartitionKind::kList) {
    for (const BoundTuple& tuple : bounds.values) out += key_text(schema, scheme, tuple) + ",";
    if (!out.empty()) out.pop_back();
    return "[" + out + "]";
  }
  const std::string low = bounds.low.empty() ? "MINVALUE " : key_text(schema, scheme, bounds.low);
  return "[" + low + ".." + (bounds.high.empty() ? "MAXVALUE " : key_text(schema, scheme, bounds.high)) + ")";
}

}  // namespace freshet::query
