#include "storage/types/row_groups.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "storage/base/limits.h"
#include "storage/types/bitmap_value.h"

namespace freshet {
namespace {

Status sum_out_of_range(const ColumnSchema& column) {
  return Status::InvalidArgument(
      "the SUM of column '{}' goes out of the range of {} for a key of this load; nothing of it was written. Widen the "
      "column (ALTER TABLE ... MODIFY COLUMN)",
      column.name, column.type.to_string());
}

/// Adds up without loss, and tells when the sum is no value of the column's type.
template <typename T>
class ExactSum {
 public:
  explicit ExactSum(const DataType& type) {
    if (type.kind == TypeKind::kDecimal) {
      for (uint8_t digit = 0; digit < type.precision; ++digit) bound_ *= 10;
      most_ = bound_ - 1;
      least_ = -most_;
    } else {
      most_ = std::numeric_limits<T>::max();
      least_ = std::numeric_limits<T>::min();
    }
  }
  void begin() {
    sum_ = 0;
    is_lost_ = false;
  }
  void add(T value) { is_lost_ |= __builtin_add_overflow(sum_, static_cast<Int128>(value), &sum_); }
  bool fits() const { return !is_lost_ && sum_ >= least_ && sum_ <= most_; }
  T value() const { return static_cast<T>(sum_); }

 private:
  Int128 bound_ = 1;
  Int128 most_;
  Int128 least_;
  Int128 sum_ = 0;
  bool is_lost_ = false;
};

template <typename T>
class FloatSum {
 public:
  explicit FloatSum(const DataType&) {}
  void begin() { sum_ = 0; }
  void add(T value) { sum_ += value; }
  bool fits() const { return true; }
  T value() const { return static_cast<T>(sum_); }

 private:
  double sum_ = 0;
};

template <typename T, typename Sum>
Status sum_groups(const ColumnSchema& column, const Column& values, const RowGroups& groups, size_t first, size_t count,
                  Column& out) {
  Sum sum(column.type);
  const std::span<const T> numbers = values.values<T>();
  for (size_t group = first; group < first + count; ++group) {
    const std::span<const uint32_t> rows = groups.rows(group);
    if (rows.size() == 1) {
      out.append_from(values, rows[0]);
      continue;
    }
    sum.begin();
    size_t added = 0;
    for (uint32_t row : rows) {
      if (values.is_null(row)) continue;
      sum.add(numbers[row]);
      ++added;
    }
    if (!sum.fits()) return sum_out_of_range(column);
    added == 0 ? out.append_null() : out.append<T>(sum.value());
  }
  return Status::OK();
}

Status sum_groups(const ColumnSchema& column, const Column& values, const RowGroups& groups, size_t first, size_t count,
                  Column& out) {
  switch (column.type.physical()) {
    case PhysicalType::kInt8: return sum_groups<int8_t, ExactSum<int8_t>>(column, values, groups, first, count, out);
    case PhysicalType::kInt16: return sum_groups<int16_t, ExactSum<int16_t>>(column, values, groups, first, count, out);
    case PhysicalType::kInt32: return sum_groups<int32_t, ExactSum<int32_t>>(column, values, groups, first, count, out);
    case PhysicalType::kInt64: return sum_groups<int64_t, ExactSum<int64_t>>(column, values, groups, first, count, out);
    case PhysicalType::kInt128: return sum_groups<Int128, ExactSum<Int128>>(column, values, groups, first, count, out);
    case PhysicalType::kFloat: return sum_groups<float, FloatSum<float>>(column, values, groups, first, count, out);
    case PhysicalType::kDouble: return sum_groups<double, FloatSum<double>>(column, values, groups, first, count, out);
    case PhysicalType::kBytes: break;
  }
  return Status::Internal("column '{}' of type {} cannot be summed", column.name, column.type.to_string());
}

/// The order of values as keys have it: NaN is above all numbers.
template <typename T>
bool is_less(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(b) ? !std::isnan(a) : a < b;
  } else {
    return a < b;
  }
}

/// The row of the smallest value, with `kMost` of the largest; of rows with NULLs only, the first.
template <bool kMost, typename At>
uint32_t pick_extreme(const Column& values, std::span<const uint32_t> rows, const At& at) {
  uint32_t best = rows[0];
  for (uint32_t row : rows.subspan(1)) {
    if (values.is_null(row)) continue;
    if (values.is_null(best) || (kMost ? is_less(at(best), at(row)) : is_less(at(row), at(best)))) best = row;
  }
  return best;
}

template <typename At>
void pick_extremes(bool most, const Column& values, const RowGroups& groups, size_t first, size_t count, const At& at,
                   std::vector<uint32_t>& picked) {
  for (size_t group = first; group < first + count; ++group) {
    picked.push_back(most ? pick_extreme<true>(values, groups.rows(group), at)
                          : pick_extreme<false>(values, groups.rows(group), at));
  }
}

void pick_extremes(bool most, const Column& values, const RowGroups& groups, size_t first, size_t count,
                   std::vector<uint32_t>& picked) {
  const auto pick_fixed = [&]<typename T>(T) {
    const std::span<const T> numbers = values.values<T>();
    pick_extremes(
        most, values, groups, first, count, [&](uint32_t row) { return numbers[row]; }, picked);
  };
  switch (values.type().physical()) {
    case PhysicalType::kInt8: return pick_fixed(int8_t{});
    case PhysicalType::kInt16: return pick_fixed(int16_t{});
    case PhysicalType::kInt32: return pick_fixed(int32_t{});
    case PhysicalType::kInt64: return pick_fixed(int64_t{});
    case PhysicalType::kInt128: return pick_fixed(Int128{});
    case PhysicalType::kFloat: return pick_fixed(float{});
    case PhysicalType::kDouble: return pick_fixed(double{});
    case PhysicalType::kBytes:
      return pick_extremes(
          most, values, groups, first, count, [&](uint32_t row) { return values.bytes_at(row); }, picked);
  }
}

uint32_t pick_last_not_null(const Column& values, std::span<const uint32_t> rows) {
  for (size_t i = rows.size(); i > 0; --i) {
    if (!values.is_null(rows[i - 1])) return rows[i - 1];
  }
  return rows.back();
}

Status unite_groups(const ColumnSchema& column, const Column& values, const RowGroups& groups, size_t first, size_t count,
                    Column& out) {
  for (size_t group = first; group < first + count; ++group) {
    const std::span<const uint32_t> rows = groups.rows(group);
    if (rows.size() == 1) {
      out.append_from(values, rows[0]);
      continue;
    }
    BitmapValue all;
    bool has_value = false;
    for (uint32_t row : rows) {
      if (values.is_null(row)) continue;
      FRESHET_RETURN_IF_ERROR(all.unite(values.bytes_at(row)).with_context("column '" + column.name + "'"));
      has_value = true;
    }
    if (!has_value) {
      out.append_null();
      continue;
    }
    const std::string bytes = all.serialize();
    if (bytes.size() > kMaxStringBytes) {
      return Status::InvalidArgument(
          "the BITMAP_UNION of column '{}' has {} numbers and {} bytes for a key of this load, at "
          "most {} bytes are stored; nothing of it was written",
          column.name, all.count(), bytes.size(), kMaxStringBytes);
    }
    out.append_bytes(bytes);
  }
  return Status::OK();
}

}  // namespace

RowGroups group_rows(const KeyRun& keys, std::vector<uint32_t> order) {
  RowGroups groups;
  groups.starts.reserve(order.size() + 1);
  for (size_t i = 1; i < order.size(); ++i) {
    if (keys.compare(order[i - 1], keys, order[i]) != 0) groups.starts.push_back(static_cast<uint32_t>(i));
  }
  if (!order.empty()) groups.starts.push_back(static_cast<uint32_t>(order.size()));
  groups.order = std::move(order);
  return groups;
}

Status aggregate_groups(const ColumnSchema& column, const Column& values, const RowGroups& groups, size_t first,
                        size_t count, Column& out) {
  const uint32_t begin = groups.starts[first], end = groups.starts[first + count];
  out.reserve(out.size() + count);
  if (end - begin == count) {
    out.append_gather(values, std::span(groups.order).subspan(begin, count));
    return Status::OK();
  }
  std::vector<uint32_t> picked;
  picked.reserve(count);
  switch (column.aggregation) {
    case Aggregation::kSum: return sum_groups(column, values, groups, first, count, out);
    case Aggregation::kBitmapUnion: return unite_groups(column, values, groups, first, count, out);
    case Aggregation::kMin:
    case Aggregation::kMax:
      pick_extremes(column.aggregation == Aggregation::kMax, values, groups, first, count, picked);
      break;
    case Aggregation::kNone:
      for (size_t group = first; group < first + count; ++group) picked.push_back(groups.rows(group).front());
      break;
    case Aggregation::kReplace:
      for (size_t group = first; group < first + count; ++group) picked.push_back(groups.rows(group).back());
      break;
    case Aggregation::kReplaceIfNotNull:
      for (size_t group = first; group < first + count; ++group) {
        picked.push_back(pick_last_not_null(values, groups.rows(group)));
      }
      break;
  }
  out.append_gather(values, picked);
  return Status::OK();
}

}  // namespace freshet
