#include "storage/types/partition.h"

#include "storage/base/limits.h"
#include "storage/types/key_run.h"
#include "storage/types/value_text.h"

namespace freshet {
namespace {

/// Above the marker of any value.
constexpr char kMaxMarker = 2;

Status canonical_value(const ColumnSchema& column, PartitionKind kind, BoundValue& value) {
  switch (value.kind) {
    case BoundValue::Kind::kMax:
      if (kind == PartitionKind::kRange) return Status::OK();
      return Status::InvalidArgument("MAXVALUE is for RANGE partitions; a LIST partition names its values");
    case BoundValue::Kind::kNull:
      if (kind == PartitionKind::kRange) {
        return Status::InvalidArgument(
            "NULL is no bound of a RANGE partition: NULLs go to the lowest one that has no lower end");
      }
      if (column.nullable) return Status::OK();
      return Status::InvalidArgument("Partition column '{}' is NOT NULL, so NULL cannot be in a partition", column.name);
    case BoundValue::Kind::kText: break;
  }
  Column values(column.type);
  const TextError problem = append_text(values, value.text);
  if (problem != TextError::kNone) {
    return Status::InvalidArgument("Invalid value of partition column '{}': {}", column.name,
                                   describe(problem, column.type, value.text));
  }
  value.text.clear();
  format_value(values, 0, value.text);
  return Status::OK();
}

Status canonical_tuple(const TableSchema& schema, const PartitionScheme& scheme, const std::vector<size_t>& columns,
                       BoundTuple& tuple) {
  const bool may_be_short = scheme.kind == PartitionKind::kRange && !tuple.empty();
  if (tuple.size() > columns.size() || (!may_be_short && tuple.size() != columns.size())) {
    return Status::InvalidArgument("Partition values {} do not match the {} partition columns", bound_text(tuple),
                                   columns.size());
  }
  for (size_t i = 0; i < tuple.size(); ++i) {
    FRESHET_RETURN_IF_ERROR(canonical_value(schema.columns[columns[i]], scheme.kind, tuple[i]));
  }
  return Status::OK();
}

void put_tuple(const BoundTuple& tuple, std::string& out) {
  put_fixed<uint32_t>(out, static_cast<uint32_t>(tuple.size()));
  for (const BoundValue& value : tuple) {
    put_fixed<uint8_t>(out, static_cast<uint8_t>(value.kind));
    put_length_prefixed(out, value.text);
  }
}

bool read_tuple(ByteReader& in, BoundTuple& tuple) {
  const uint32_t count = in.fixed<uint32_t>();
  if (!in.ok() || count > kMaxPartitionColumns) return false;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t kind = in.fixed<uint8_t>();
    if (kind > static_cast<uint8_t>(BoundValue::Kind::kMax)) return false;
    tuple.push_back({static_cast<BoundValue::Kind>(kind), std::string(in.length_prefixed())});
  }
  return in.ok();
}

bool read_partition(ByteReader& in, Partition& partition) {
  partition.id = PartitionId(in.fixed<uint64_t>());
  partition.name = in.length_prefixed();
  if (!read_tuple(in, partition.bounds.low) || !read_tuple(in, partition.bounds.high)) return false;
  const uint32_t values = in.fixed<uint32_t>();
  if (!in.ok() || values > kMaxPartitionValues) return false;
  partition.bounds.values.resize(values);
  for (BoundTuple& tuple : partition.bounds.values) {
    if (!read_tuple(in, tuple)) return false;
  }
  const uint32_t tablets = in.fixed<uint32_t>();
  if (!in.ok() || tablets < 1 || tablets > kMaxBuckets) return false;
  for (uint32_t i = 0; i < tablets; ++i) partition.tablets.push_back(TabletId(in.fixed<uint64_t>()));
  return in.ok();
}

}  // namespace

Result<std::vector<size_t>> partition_columns(const TableSchema& schema, const PartitionScheme& scheme) {
  std::vector<size_t> positions;
  for (ColumnId id : scheme.columns) {
    const auto position = schema.find(id);
    if (!position) return Status::Corruption("partition column {} is no column of the table", id.value);
    positions.push_back(*position);
  }
  return positions;
}

Result<PartitionBounds> canonical_bounds(const TableSchema& schema, const PartitionScheme& scheme, PartitionBounds bounds) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> columns, partition_columns(schema, scheme));
  if (scheme.kind == PartitionKind::kList) {
    if (bounds.values.empty())
      return Status::InvalidArgument("A LIST partition has VALUES IN (...) with at least one value");
    for (BoundTuple& tuple : bounds.values) FRESHET_RETURN_IF_ERROR(canonical_tuple(schema, scheme, columns, tuple));
    return bounds;
  }
  if (!bounds.values.empty())
    return Status::InvalidArgument("VALUES IN is for LIST partitions; this table has RANGE partitions");
  for (BoundTuple* tuple : {&bounds.low, &bounds.high}) {
    if (!tuple->empty()) FRESHET_RETURN_IF_ERROR(canonical_tuple(schema, scheme, columns, *tuple));
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string low, encode_bound(schema, scheme, bounds.low));
  FRESHET_ASSIGN_OR_RETURN(const std::string high, encode_bound(schema, scheme, bounds.high));
  if (!bounds.high.empty() && low >= high) {
    return Status::InvalidArgument("The partition range [{}, {}) is empty", bound_text(bounds.low), bound_text(bounds.high));
  }
  return bounds;
}

Result<std::string> encode_bound(const TableSchema& schema, const PartitionScheme& scheme, const BoundTuple& tuple) {
  std::string bytes;
  for (size_t i = 0; i < tuple.size(); ++i) {
    const auto position = schema.find(scheme.columns[i]);
    if (!position) return Status::Corruption("partition column {} is no column of the table", scheme.columns[i].value);
    if (tuple[i].kind == BoundValue::Kind::kMax) {
      bytes.push_back(kMaxMarker);
      continue;
    }
    Column value(schema.columns[*position].type);
    if (tuple[i].kind == BoundValue::Kind::kNull) {
      value.append_null();
    } else if (append_text(value, tuple[i].text) != TextError::kNone) {
      return Status::Corruption("partition bound '{}' is no value of column '{}'", tuple[i].text,
                                schema.columns[*position].name);
    }
    append_encoded_value(value, 0, bytes);
  }
  return bytes;
}

std::string bound_text(const BoundTuple& tuple) {
  std::string out = "(";
  for (const BoundValue& value : tuple) {
    if (out.size() > 1) out += ", ";
    if (value.kind == BoundValue::Kind::kText) {
      out += '"';
      for (char c : value.text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
    } else {
      out += value.kind == BoundValue::Kind::kNull ? "NULL" : "MAXVALUE";
    }
  }
  return out + ")";
}

std::string bounds_text(const PartitionScheme& scheme, const PartitionBounds& bounds) {
  if (scheme.kind == PartitionKind::kList) {
    std::string out = "VALUES IN (";
    for (const BoundTuple& tuple : bounds.values) {
      if (&tuple != &bounds.values.front()) out += ", ";
      const std::string text = bound_text(tuple);
      out += tuple.size() == 1 ? text.substr(1, text.size() - 2) : text;
    }
    return out + ")";
  }
  const std::string high = bounds.high.empty() ? "(MAXVALUE)" : bound_text(bounds.high);
  if (bounds.low.empty()) return "VALUES LESS THAN " + high;
  return "VALUES [" + bound_text(bounds.low) + ", " + high + ")";
}

std::string_view unit_name(PartitionUnit unit) {
  switch (unit) {
    case PartitionUnit::kNone: break;
    case PartitionUnit::kHour: return "hour";
    case PartitionUnit::kDay: return "day";
    case PartitionUnit::kWeek: return "week";
    case PartitionUnit::kMonth: return "month";
    case PartitionUnit::kQuarter: return "quarter";
    case PartitionUnit::kYear: return "year";
  }
  return "";
}

void put_partitions(const PartitionScheme& scheme, const std::vector<Partition>& partitions, std::string& out) {
  put_fixed<uint8_t>(out, static_cast<uint8_t>(scheme.kind));
  put_fixed<uint8_t>(out, scheme.is_auto ? 1 : 0);
  put_fixed<uint8_t>(out, static_cast<uint8_t>(scheme.unit));
  put_fixed<uint32_t>(out, static_cast<uint32_t>(scheme.columns.size()));
  for (ColumnId column : scheme.columns) put_fixed<uint32_t>(out, column.value);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(partitions.size()));
  for (const Partition& partition : partitions) {
    put_fixed<uint64_t>(out, partition.id.value);
    put_length_prefixed(out, partition.name);
    put_tuple(partition.bounds.low, out);
    put_tuple(partition.bounds.high, out);
    put_fixed<uint32_t>(out, static_cast<uint32_t>(partition.bounds.values.size()));
    for (const BoundTuple& tuple : partition.bounds.values) put_tuple(tuple, out);
    put_fixed<uint32_t>(out, static_cast<uint32_t>(partition.tablets.size()));
    for (TabletId tablet : partition.tablets) put_fixed<uint64_t>(out, tablet.value);
  }
}

bool read_partitions(ByteReader& in, PartitionScheme& scheme, std::vector<Partition>& partitions) {
  const uint8_t kind = in.fixed<uint8_t>(), is_auto = in.fixed<uint8_t>(), unit = in.fixed<uint8_t>();
  if (kind > static_cast<uint8_t>(PartitionKind::kList) || is_auto > 1 ||
      unit > static_cast<uint8_t>(PartitionUnit::kYear)) {
    return false;
  }
  scheme.kind = static_cast<PartitionKind>(kind);
  scheme.is_auto = is_auto != 0;
  scheme.unit = static_cast<PartitionUnit>(unit);
  const uint32_t columns = in.fixed<uint32_t>();
  if (!in.ok() || columns > kMaxPartitionColumns) return false;
  for (uint32_t i = 0; i < columns; ++i) scheme.columns.push_back(ColumnId(in.fixed<uint32_t>()));
  const uint32_t count = in.fixed<uint32_t>();
  if (!in.ok() || count > kMaxPartitions) return false;
  partitions.resize(count);
  for (Partition& partition : partitions) {
    if (!read_partition(in, partition)) return false;
  }
  return true;
}

}  // namespace freshet
