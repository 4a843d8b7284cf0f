#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "storage/segment/column_reader.h"
#include "storage/types/data_type.h"

namespace freshet::query {

/// A constant in the terms of zone maps: integers, BOOLEAN, DECIMAL (unscaled), DATE and DATETIME as Int128, FLOAT and
/// DOUBLE as double, byte types as their bytes.
using ZoneValue = std::variant<Int128, double, std::string>;

/// What must hold for a value of one column, as a tree. The comparisons are those of SQL: no NULL satisfies one.
struct ZoneCondition {
  enum class Kind : uint8_t {
    kEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIn,  ///< equal to one of `values`
    kIsNull,
    kIsNotNull,
    kAnd,      ///< all of `children`
    kOr,       ///< one of `children`
    kUnknown,  ///< something zone maps say nothing about
  };
  Kind kind = Kind::kUnknown;
  std::vector<ZoneValue> values;
  std::vector<ZoneCondition> children;
};

/// A condition on one column; a scan's rows satisfy all of a list of them.
struct ColumnCondition {
  ColumnId column;
  ZoneCondition condition;
};

/// False only when no row of the zone can satisfy `condition`. `row_count`: rows that the zone covers.
bool may_match(const storage::ZoneMap& zone, uint32_t row_count, const DataType& type, const ZoneCondition& condition);

/// True only when every row of the zone satisfies `condition`.
bool all_match(const storage::ZoneMap& zone, uint32_t row_count, const DataType& type, const ZoneCondition& condition);

/// The bound of a zone of a fixed-width type as a constant. REQUIRES: `raw` has the type's width.
ZoneValue zone_value(const DataType& type, std::string_view raw);

}  // namespace freshet::query
