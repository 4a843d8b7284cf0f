#include "query/ddl/partition_definition.h"

#include <algorithm>

#include "query/dialect/tokenizer.h"
#include "storage/base/limits.h"
#include "storage/types/partition_time.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr int64_t kDayMicros = 86'400'000'000;

bool is_time(const DataType& type) { return type.kind == TypeKind::kDate || type.kind == TypeKind::kDateTime; }

bool may_partition(const DataType& type, PartitionKind kind) {
  if (type.is_integer() || is_time(type)) return true;
  if (kind == PartitionKind::kRange) return false;
  return type.kind == TypeKind::kBoolean || type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar;
}

Status check_column(const TableSchema& schema, const ColumnSchema& column, PartitionKind kind) {
  if (!may_partition(column.type, kind)) {
    return Status::InvalidArgument(
        "Column '{}' of type {} cannot be a {} partition column: use {}", column.name, column.type.to_string(),
        kind == PartitionKind::kRange ? "RANGE" : "LIST",
        kind == PartitionKind::kRange ? "an integer or date type" : "an integer, date, boolean, char or varchar type");
  }
  if (schema.is_unique() && !column.is_key) {
    return Status::InvalidArgument(
        "The partition column '{}' must be part of the UNIQUE KEY: rows of one key would lie in several partitions; add it "
        "to the key, or make the table DUPLICATE KEY",
        column.name);
  }
  return Status::OK();
}

Status check_auto(const PartitionClause& clause, const TableSchema& schema, PartitionScheme& scheme) {
  if (!clause.is_auto) {
    if (clause.unit.empty()) return Status::OK();
    return Status::InvalidArgument(
        "PARTITION BY RANGE(date_trunc(...)) needs AUTO: AUTO PARTITION BY RANGE (date_trunc(...))");
  }
  scheme.is_auto = true;
  if (clause.kind == PartitionKind::kList) {
    if (clause.unit.empty()) return Status::OK();
    return Status::InvalidArgument("AUTO PARTITION BY LIST takes columns, not date_trunc()");
  }
  if (clause.unit.empty() || clause.columns.size() != 1) {
    return Status::InvalidArgument("AUTO PARTITION BY RANGE takes date_trunc(column, 'unit') of one column");
  }
  const ColumnSchema& column = schema.columns[*schema.find(scheme.columns[0])];
  scheme.unit = partition_unit(clause.unit);
  if (scheme.unit == PartitionUnit::kNone) {
    return Status::InvalidArgument("date_trunc of AUTO PARTITION takes hour, day, week, month, quarter or year, not '{}'",
                                   clause.unit);
  }
  if (!is_time(column.type) || (column.type.kind == TypeKind::kDate && scheme.unit == PartitionUnit::kHour)) {
    return Status::InvalidArgument("Column '{}' of type {} cannot be cut by {}: use {}", column.name,
                                   column.type.to_string(), clause.unit,
                                   scheme.unit == PartitionUnit::kHour ? "DATETIME" : "DATE or DATETIME");
  }
  if (column.nullable) {
    return Status::InvalidArgument("AUTO PARTITION BY RANGE doesn't support NULL column: make '{}' NOT NULL", column.name);
  }
  return Status::OK();
}

/// The one partition column that steps go along, and its two bounds.
Result<Column> step_bounds(const PartitionItem& item, const TableSchema& schema, const PartitionScheme& scheme) {
  const PartitionBounds& bounds = item.definition.bounds;
  if (scheme.kind != PartitionKind::kRange || scheme.columns.size() != 1 || bounds.low.size() != 1 ||
      bounds.high.size() != 1) {
    return Status::InvalidArgument("FROM ... TO ... INTERVAL is for RANGE partitions of one column");
  }
  Column values(schema.columns[*schema.find(scheme.columns[0])].type);
  for (const BoundTuple* tuple : {&bounds.low, &bounds.high}) {
    const BoundValue& value = tuple->front();
    if (value.kind != BoundValue::Kind::kText || append_text(values, value.text) != TextError::kNone) {
      return Status::InvalidArgument("{} is no bound of FROM ... TO ... INTERVAL for a column of type {}",
                                     bound_text(*tuple), values.type().to_string());
    }
  }
  return values;
}

Status too_many_steps() {
  return Status::InvalidArgument("FROM ... TO ... INTERVAL makes more than {} partitions", kMaxPartitions);
}

Result<std::vector<PartitionDefinition>> number_steps(const PartitionItem& item, const Column& bounds) {
  std::string low_text, high_text;
  format_value(bounds, 0, low_text);
  format_value(bounds, 1, high_text);
  Column wide(DataType{.kind = TypeKind::kLargeInt});
  if (append_text(wide, low_text) != TextError::kNone || append_text(wide, high_text) != TextError::kNone) {
    return Status::InvalidArgument("FROM ... TO ... INTERVAL without a unit is for integer columns");
  }
  const Int128 low = wide.values<Int128>()[0], high = wide.values<Int128>()[1];
  const auto text_of = [](Int128 number) {
    std::string text;
    format_int128(number, text);
    return text;
  };
  std::vector<PartitionDefinition> made;
  for (Int128 from = low; from < high; from += static_cast<Int128>(item.step)) {
    if (made.size() == kMaxPartitions) return too_many_steps();
    PartitionDefinition partition;
    const Int128 to = high - from < static_cast<Int128>(item.step) ? high : from + static_cast<Int128>(item.step);
    partition.bounds.low = {{BoundValue::Kind::kText, text_of(from)}};
    partition.bounds.high = {{BoundValue::Kind::kText, text_of(to)}};
    partition.name = std::string(kStepPartitionPrefix) + partition.bounds.low[0].text;
    std::replace(partition.name.begin(), partition.name.end(), '-', '_');
    made.push_back(std::move(partition));
  }
  return made;
}

Result<std::vector<PartitionDefinition>> time_steps(const PartitionItem& item, const Column& bounds) {
  const PartitionUnit unit = partition_unit(item.step_unit);
  if (!is_time(bounds.type()) || (bounds.type().kind == TypeKind::kDate && unit == PartitionUnit::kHour)) {
    return Status::InvalidArgument("INTERVAL {} does not fit a partition column of type {}", item.step_unit,
                                   bounds.type().to_string());
  }
  const bool is_date = bounds.type().kind == TypeKind::kDate;
  const auto micros_at = [&](size_t row) {
    return is_date ? bounds.values<int32_t>()[row] * kDayMicros : bounds.values<int64_t>()[row];
  };
  const int64_t low = micros_at(0), high = micros_at(1);
  std::vector<PartitionDefinition> made;
  for (int64_t from = low; from < high;) {
    if (made.size() == kMaxPartitions) return too_many_steps();
    const auto steps = static_cast<int64_t>((made.size() + 1) * std::min<uint64_t>(item.step, UINT16_MAX));
    const int64_t to = std::min(high, add_time(unit, low, steps));
    PartitionDefinition partition;
    partition.bounds = time_bounds(bounds.type(), from, to);
    partition.name = time_partition_name(kStepPartitionPrefix, unit, from);
    made.push_back(std::move(partition));
    from = to;
  }
  return made;
}

}  // namespace

PartitionUnit partition_unit(std::string_view name) {
  for (PartitionUnit unit : {PartitionUnit::kHour, PartitionUnit::kDay, PartitionUnit::kWeek, PartitionUnit::kMonth,
                             PartitionUnit::kQuarter, PartitionUnit::kYear}) {
    if (equals_word(name, to_upper(unit_name(unit)))) return unit;
  }
  return PartitionUnit::kNone;
}

Result<std::vector<PartitionDefinition>> expand_partition_item(const PartitionItem& item, const TableSchema& schema,
                                                               const PartitionScheme& scheme) {
  if (item.step == 0) return std::vector<PartitionDefinition>{item.definition};
  FRESHET_ASSIGN_OR_RETURN(const Column bounds, step_bounds(item, schema, scheme));
  auto made = item.step_unit.empty() ? number_steps(item, bounds) : time_steps(item, bounds);
  if (!made.ok()) return made;
  if (made->empty())
    return Status::InvalidArgument("FROM {} TO {} is empty", bound_text(item.definition.bounds.low),
                                   bound_text(item.definition.bounds.high));
  for (PartitionDefinition& partition : *made) partition.bucket_count = item.definition.bucket_count;
  return made;
}

Result<TablePartitioning> make_partitioning(const CreateTable& table, const TableSchema& schema) {
  TablePartitioning made;
  if (!table.partitioning) return made;
  const PartitionClause& clause = *table.partitioning;
  made.scheme.kind = clause.kind;
  if (clause.columns.empty() || clause.columns.size() > kMaxPartitionColumns) {
    return Status::InvalidArgument("A table has 1 to {} partition columns, not {}", kMaxPartitionColumns,
                                   clause.columns.size());
  }
  for (const std::string& name : clause.columns) {
    const auto position = schema.find(name);
    if (!position) return Status::InvalidArgument("Partition column '{}' doesn't exist in table", name);
    const ColumnSchema& column = schema.columns[*position];
    FRESHET_RETURN_IF_ERROR(check_column(schema, column, clause.kind));
    if (std::find(made.scheme.columns.begin(), made.scheme.columns.end(), column.id) != made.scheme.columns.end()) {
      return Status::InvalidArgument("Partition column '{}' is named twice", name);
    }
    made.scheme.columns.push_back(column.id);
  }
  FRESHET_RETURN_IF_ERROR(check_auto(clause, schema, made.scheme));
  for (const PartitionItem& item : clause.items) {
    FRESHET_ASSIGN_OR_RETURN(auto partitions, expand_partition_item(item, schema, made.scheme));
    for (PartitionDefinition& partition : partitions) made.partitions.push_back(std::move(partition));
  }
  return made;
}

std::string partition_clause(const TableSchema& schema, const PartitionMap& partitions) {
  const PartitionScheme& scheme = partitions.scheme();
  if (!partitions.is_partitioned()) return "";
  std::string columns;
  for (ColumnId id : scheme.columns) {
    if (!columns.empty()) columns += ", ";
    columns += backquoted(schema.columns[*schema.find(id)].name);
  }
  if (scheme.unit != PartitionUnit::kNone) columns = fmt::format("date_trunc({}, '{}')", columns, unit_name(scheme.unit));
  std::string out = fmt::format("{}PARTITION BY {}({})\n(", scheme.is_auto ? "AUTO " : "",
                                scheme.kind == PartitionKind::kRange ? "RANGE" : "LIST", columns);
  for (const Partition& partition : partitions.partitions()) {
    if (&partition != &partitions.partitions().front()) out += ",\n";
    out += "PARTITION " + backquoted(partition.name) + " " + bounds_text(scheme, partition.bounds);
  }
  return out + ")\n";
}

}  // namespace freshet::query
