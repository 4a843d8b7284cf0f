#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace freshet {

/// A number that cannot be mixed with a number of another kind. `Tag` is never defined.
template <typename Tag, typename Number = uint64_t>
struct StrongId {
  Number value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Number number) : value(number) {}
  constexpr auto operator<=>(const StrongId&) const = default;
  constexpr StrongId next() const { return StrongId(value + 1); }
};

using DatabaseId = StrongId<struct DatabaseIdTag>;
using TableId = StrongId<struct TableIdTag>;
/// One partition of one table; from the same sequence as tablets.
using PartitionId = StrongId<struct PartitionIdTag>;
/// One hash bucket of one partition: the unit of writing and compaction. Never reused.
using TabletId = StrongId<struct TabletIdTag>;
/// A home of rows: a segment file or a delta buffer. From one server-wide sequence, never reused.
using RowsetId = StrongId<struct RowsetIdTag>;
using ColumnId = StrongId<struct ColumnIdTag, uint32_t>;
using TransactionId = StrongId<struct TransactionIdTag>;
using JobId = StrongId<struct JobIdTag>;
/// Position in the server-wide order of commits; 0 is the empty server.
using CommitNumber = StrongId<struct CommitNumberTag>;
/// Position of a row inside its rowset, 0-based; in a segment it is the position in key order.
using RowOrdinal = uint32_t;

}  // namespace freshet

template <typename Tag, typename Number>
struct std::hash<freshet::StrongId<Tag, Number>> {
  size_t operator()(const freshet::StrongId<Tag, Number>& id) const noexcept { return std::hash<Number>()(id.value); }
};
