#include "query/ddl/parser_rules.h"
#include "storage/base/limits.h"

namespace freshet::query {
namespace {

Result<BoundValue> parse_bound_value(TokenCursor& cursor) {
  using Kind = BoundValue::Kind;
  if (cursor.accept("MAXVALUE")) return BoundValue{Kind::kMax, {}};
  if (cursor.accept("NULL")) return BoundValue{Kind::kNull, {}};
  const std::string sign = cursor.accept_operator("-") ? "-" : "";
  FRESHET_ASSIGN_OR_RETURN(std::string text, cursor.word_or_string("a partition value"));
  return BoundValue{Kind::kText, sign + text};
}

/// `("2024-01-01", 5)`.
Result<BoundTuple> parse_bound(TokenCursor& cursor) {
  BoundTuple tuple;
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  do {
    FRESHET_ASSIGN_OR_RETURN(BoundValue value, parse_bound_value(cursor));
    tuple.push_back(std::move(value));
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  return tuple;
}

/// `("a", "b")`, or `(("a", 1), ("b", 2))` with several partition columns.
Result<std::vector<BoundTuple>> parse_values(TokenCursor& cursor) {
  std::vector<BoundTuple> values;
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  do {
    BoundTuple tuple;
    if (cursor.at_operator("(")) {
      FRESHET_ASSIGN_OR_RETURN(tuple, parse_bound(cursor));
    } else {
      FRESHET_ASSIGN_OR_RETURN(BoundValue value, parse_bound_value(cursor));
      tuple.push_back(std::move(value));
    }
    values.push_back(std::move(tuple));
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  return values;
}

/// `FROM (..) TO (..) INTERVAL n unit`, or without a unit for numbers.
Status parse_steps(TokenCursor& cursor, PartitionItem& item) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("FROM"));
  FRESHET_ASSIGN_OR_RETURN(item.definition.bounds.low, parse_bound(cursor));
  FRESHET_RETURN_IF_ERROR(cursor.expect("TO"));
  FRESHET_ASSIGN_OR_RETURN(item.definition.bounds.high, parse_bound(cursor));
  FRESHET_RETURN_IF_ERROR(cursor.expect("INTERVAL"));
  FRESHET_ASSIGN_OR_RETURN(item.step, cursor.number("a number of steps"));
  if (item.step == 0) return Status::InvalidArgument("INTERVAL of partitions must be positive");
  for (std::string_view unit : {"HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}) {
    if (cursor.accept(unit)) item.step_unit = unit;
  }
  return Status::OK();
}

Status parse_range_or_values(TokenCursor& cursor, PartitionItem& item) {
  PartitionBounds& bounds = item.definition.bounds;
  FRESHET_RETURN_IF_ERROR(cursor.expect("VALUES"));
  if (cursor.accept("LESS THAN")) {
    item.definition.is_less_than = true;
    if (cursor.accept("MAXVALUE")) {
      bounds.high = {{BoundValue::Kind::kMax, {}}};
      return Status::OK();
    }
    FRESHET_ASSIGN_OR_RETURN(bounds.high, parse_bound(cursor));
    return Status::OK();
  }
  if (cursor.accept("IN")) {
    FRESHET_ASSIGN_OR_RETURN(bounds.values, parse_values(cursor));
    return Status::OK();
  }
  if (!cursor.accept_operator("[")) return cursor.error("LESS THAN (...), [(...), (...)) or IN (...)");
  FRESHET_ASSIGN_OR_RETURN(bounds.low, parse_bound(cursor));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(","));
  FRESHET_ASSIGN_OR_RETURN(bounds.high, parse_bound(cursor));
  return cursor.expect_operator(")");
}

/// `date_trunc(column, 'day')`.
Status parse_date_trunc(TokenCursor& cursor, PartitionClause& clause) {
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  FRESHET_ASSIGN_OR_RETURN(std::string column, cursor.name("a column name"));
  clause.columns.push_back(std::move(column));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(","));
  FRESHET_ASSIGN_OR_RETURN(const std::string unit, cursor.string("a unit in quotes, like 'day'"));
  clause.unit = to_upper(unit);
  return cursor.expect_operator(")");
}

Status parse_partition_columns(TokenCursor& cursor, PartitionClause& clause) {
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  do {
    if (cursor.at("DATE_TRUNC") && cursor.peek(1).is_operator("(")) {
      cursor.take();
      FRESHET_RETURN_IF_ERROR(parse_date_trunc(cursor, clause));
      continue;
    }
    if (cursor.peek(1).is_operator("(")) {
      return Status::Unsupported(
          "PARTITION BY of {}() is not supported: only date_trunc(column, 'unit') with AUTO PARTITION", cursor.peek().text);
    }
    FRESHET_ASSIGN_OR_RETURN(std::string column, cursor.name("a column name"));
    clause.columns.push_back(std::move(column));
  } while (cursor.accept_operator(","));
  return cursor.expect_operator(")");
}

}  // namespace

Result<PartitionItem> parse_partition_item(TokenCursor& cursor) {
  PartitionItem item;
  if (cursor.at("FROM")) {
    FRESHET_RETURN_IF_ERROR(parse_steps(cursor, item));
    return item;
  }
  if (!cursor.accept("PARTITION")) return cursor.error("PARTITION or FROM");
  item.if_not_exists = cursor.accept("IF NOT EXISTS");
  FRESHET_ASSIGN_OR_RETURN(item.definition.name, cursor.name("a partition name"));
  FRESHET_RETURN_IF_ERROR(parse_range_or_values(cursor, item));
  // Doris's properties of one partition: replicas and media, which do not exist here.
  if (cursor.at_operator("(")) FRESHET_RETURN_IF_ERROR(cursor.properties().status());
  return item;
}

Result<PartitionClause> parse_partition_clause(TokenCursor& cursor) {
  PartitionClause clause;
  clause.is_auto = cursor.accept("AUTO");
  FRESHET_RETURN_IF_ERROR(cursor.expect("PARTITION BY"));
  if (cursor.accept("RANGE")) {
    clause.kind = PartitionKind::kRange;
  } else if (cursor.accept("LIST")) {
    clause.kind = PartitionKind::kList;
  } else if (cursor.at("HASH") || cursor.at("KEY") || cursor.at("LINEAR")) {
    return Status::Unsupported("PARTITION BY {} is not supported: hash rows with DISTRIBUTED BY HASH(...) BUCKETS n",
                               to_upper(cursor.peek().text));
  } else {
    return cursor.error("RANGE or LIST");
  }
  cursor.accept("COLUMNS");
  FRESHET_RETURN_IF_ERROR(parse_partition_columns(cursor, clause));
  if (!cursor.accept_operator("(")) return clause;
  while (!cursor.at_operator(")")) {
    FRESHET_ASSIGN_OR_RETURN(PartitionItem item, parse_partition_item(cursor));
    clause.items.push_back(std::move(item));
    if (!cursor.accept_operator(",")) break;
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  return clause;
}

Result<std::vector<std::string>> parse_partition_names(TokenCursor& cursor) {
  if (!cursor.accept("PARTITIONS")) FRESHET_RETURN_IF_ERROR(cursor.expect("PARTITION"));
  if (cursor.at_operator("(")) return cursor.name_list("a partition name");
  std::vector<std::string> names;
  FRESHET_ASSIGN_OR_RETURN(std::string name, cursor.name("a partition name"));
  names.push_back(std::move(name));
  return names;
}

Result<bool> parse_alter_partition(TokenCursor& cursor, std::vector<AlterClause>& clauses) {
  AlterClause clause;
  if (cursor.at("ADD PARTITION") || (cursor.at("ADD PARTITIONS") && cursor.at_ahead(2, "FROM"))) {
    cursor.take();
    clause.kind = AlterKind::kAddPartition;
    cursor.accept("PARTITIONS");
    FRESHET_ASSIGN_OR_RETURN(clause.partition, parse_partition_item(cursor));
    if (cursor.accept("DISTRIBUTED BY")) {
      if (!cursor.accept("RANDOM")) {
        FRESHET_RETURN_IF_ERROR(cursor.expect("HASH"));
        FRESHET_RETURN_IF_ERROR(cursor.name_list("a column name").status());
      }
      if (cursor.accept("BUCKETS")) {
        FRESHET_ASSIGN_OR_RETURN(const uint64_t buckets, cursor.number("a number of buckets"));
        if (buckets < 1 || buckets > kMaxBuckets) {
          return Status::InvalidArgument("A partition has 1 to {} buckets, not {}", kMaxBuckets, buckets);
        }
        clause.partition.definition.bucket_count = static_cast<uint32_t>(buckets);
      }
    }
  } else if (cursor.accept("DROP PARTITION")) {
    clause.kind = AlterKind::kDropPartition;
    clause.if_exists = cursor.accept("IF EXISTS");
    FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a partition name"));
    cursor.accept("FORCE");
  } else if (cursor.accept("RENAME PARTITION")) {
    clause.kind = AlterKind::kRenamePartition;
    FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a partition name"));
    cursor.accept("TO");
    FRESHET_ASSIGN_OR_RETURN(clause.new_name, cursor.name("a new name"));
  } else if (cursor.accept("TRUNCATE PARTITION")) {
    clause.kind = AlterKind::kTruncatePartition;
    FRESHET_ASSIGN_OR_RETURN(clause.name, cursor.name("a partition name"));
  } else {
    return false;
  }
  clauses.push_back(std::move(clause));
  return true;
}

}  // namespace freshet::query
