#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/ids.h"
#include "storage/types/schema.h"

/// How a table is cut into partitions: what PARTITION BY says, and what is stored of it.
namespace freshet {

/// The stored numbers of partition kinds and units: append only.
enum class PartitionKind : uint8_t {
  kNone = 0,  ///< one partition without a name that takes every row
  kRange = 1,
  kList = 2,
};
enum class PartitionUnit : uint8_t { kNone = 0, kHour = 1, kDay = 2, kWeek = 3, kMonth = 4, kQuarter = 5, kYear = 6 };

struct PartitionScheme {
  PartitionKind kind = PartitionKind::kNone;
  std::vector<ColumnId> columns = {};
  bool is_auto = false;                       ///< AUTO PARTITION: loads create what they need
  PartitionUnit unit = PartitionUnit::kNone;  ///< of AUTO PARTITION BY RANGE (date_trunc(column, unit))

  bool operator==(const PartitionScheme&) const = default;
};

/// One value of a bound, as text in the form of format_value().
struct BoundValue {
  enum class Kind : uint8_t { kText = 0, kNull = 1, kMax = 2 };  ///< stored: append only
  Kind kind = Kind::kText;
  std::string text = {};

  bool operator==(const BoundValue&) const = default;
};
/// A value for each partition column; bounds of ranges may leave out the last ones, which then are the smallest.
using BoundTuple = std::vector<BoundValue>;

struct PartitionBounds {
  BoundTuple low = {};                  ///< kRange: inclusive; empty = from the smallest value, NULL included
  BoundTuple high = {};                 ///< kRange: exclusive; empty = without end
  std::vector<BoundTuple> values = {};  ///< kList

  bool operator==(const PartitionBounds&) const = default;
};

/// A partition to be made.
struct PartitionDefinition {
  std::string name = {};
  PartitionBounds bounds = {};
  bool is_less_than = false;  ///< VALUES LESS THAN: `low` is where the partition below ends
  uint32_t bucket_count = 0;  ///< 0 = as the table says
};

struct TablePartitioning {
  PartitionScheme scheme = {};
  std::vector<PartitionDefinition> partitions = {};
};

struct Partition {
  PartitionId id = {};
  std::string name = {};  ///< empty in a table without partitions
  PartitionBounds bounds = {};
  std::vector<TabletId> tablets = {};  ///< one for each bucket, in order
};

/// Positions of the partition columns in `schema`. Corruption when one is missing.
Result<std::vector<size_t>> partition_columns(const TableSchema& schema, const PartitionScheme& scheme);

/// The bounds with every value in the form of format_value(). InvalidArgument when a value is none of its column's type,
/// when their number is wrong, and for an empty range.
Result<PartitionBounds> canonical_bounds(const TableSchema& schema, const PartitionScheme& scheme, PartitionBounds bounds);
/// A tuple as bytes that compare as the rows' values do: the columns as in a key, MAXVALUE above all. REQUIRES: canonical.
Result<std::string> encode_bound(const TableSchema& schema, const PartitionScheme& scheme, const BoundTuple& tuple);
/// `("2024-01-01", MAXVALUE)`, as DDL has it.
std::string bound_text(const BoundTuple& tuple);
/// `VALUES [("1"), ("5"))`, `VALUES LESS THAN ("5")` or `VALUES IN ("a", "b")`.
std::string bounds_text(const PartitionScheme& scheme, const PartitionBounds& bounds);
/// "day" and the like.
std::string_view unit_name(PartitionUnit unit);

/// The stored form (FORMAT.md, "Metadata records"), and back; false when the bytes are none.
void put_partitions(const PartitionScheme& scheme, const std::vector<Partition>& partitions, std::string& out);
bool read_partitions(ByteReader& in, PartitionScheme& scheme, std::vector<Partition>& partitions);

}  // namespace freshet
