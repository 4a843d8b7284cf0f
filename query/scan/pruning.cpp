#include "query/scan/pruning.h"

#include <algorithm>
#include <cstring>

namespace freshet::query {
namespace {

template <typename T>
T load(std::string_view raw) {
  T value;
  std::memcpy(&value, raw.data(), sizeof(T));
  return value;
}

/// Smallest and largest value of a zone; the largest may be unknown (byte values beyond every prefix).
struct Bounds {
  ZoneValue min;
  ZoneValue max;
  bool has_max = true;
};

Bounds bounds_of(const storage::ZoneMap& zone, const DataType& type) {
  if (type.is_bytes()) return {zone.min, zone.max, zone.max_is_exact || !zone.max.empty()};
  return {zone_value(type, zone.min), zone_value(type, zone.max)};
}

/// Values of another kind than the bounds' say nothing.
bool comparable(const Bounds& bounds, const ZoneValue& value) { return bounds.min.index() == value.index(); }

bool is_below(const Bounds& bounds, const ZoneValue& value) { return value < bounds.min; }
bool is_above(const Bounds& bounds, const ZoneValue& value) { return bounds.has_max && bounds.max < value; }

bool may_equal(const Bounds& bounds, const ZoneValue& value) {
  return !comparable(bounds, value) || !(is_below(bounds, value) || is_above(bounds, value));
}

bool may_compare(const Bounds& bounds, const ZoneCondition& condition) {
  using Kind = ZoneCondition::Kind;
  if (condition.kind == Kind::kIn) {
    return std::any_of(condition.values.begin(), condition.values.end(),
                       [&](const ZoneValue& value) { return may_equal(bounds, value); });
  }
  const ZoneValue& value = condition.values.front();
  if (!comparable(bounds, value)) return true;
  switch (condition.kind) {
    case Kind::kEqual: return may_equal(bounds, value);
    case Kind::kLess: return bounds.min < value;
    case Kind::kLessOrEqual: return bounds.min <= value;
    case Kind::kGreater: return !bounds.has_max || bounds.max > value;
    case Kind::kGreaterOrEqual: return !is_above(bounds, value);
    default: return true;
  }
}

bool all_equal(const Bounds& bounds, const ZoneValue& value) {
  return comparable(bounds, value) && bounds.has_max && bounds.min == value && bounds.max == value;
}

/// Whether every value within the bounds compares so.
bool all_compare(const Bounds& bounds, const ZoneCondition& condition) {
  using Kind = ZoneCondition::Kind;
  if (condition.kind == Kind::kIn) {
    return std::any_of(condition.values.begin(), condition.values.end(),
                       [&](const ZoneValue& value) { return all_equal(bounds, value); });
  }
  const ZoneValue& value = condition.values.front();
  if (!comparable(bounds, value)) return false;
  switch (condition.kind) {
    case Kind::kEqual: return all_equal(bounds, value);
    case Kind::kLess: return bounds.has_max && bounds.max < value;
    case Kind::kLessOrEqual: return bounds.has_max && bounds.max <= value;
    case Kind::kGreater: return bounds.min > value;
    case Kind::kGreaterOrEqual: return bounds.min >= value;
    default: return false;
  }
}

}  // namespace

ZoneValue zone_value(const DataType& type, std::string_view raw) {
  switch (type.physical()) {
    case PhysicalType::kInt8: return static_cast<Int128>(load<int8_t>(raw));
    case PhysicalType::kInt16: return static_cast<Int128>(load<int16_t>(raw));
    case PhysicalType::kInt32: return static_cast<Int128>(load<int32_t>(raw));
    case PhysicalType::kInt64: return static_cast<Int128>(load<int64_t>(raw));
    case PhysicalType::kInt128: return load<Int128>(raw);
    case PhysicalType::kFloat: return static_cast<double>(load<float>(raw));
    case PhysicalType::kDouble: return load<double>(raw);
    case PhysicalType::kBytes: break;
  }
  return std::string(raw);
}

bool may_match(const storage::ZoneMap& zone, uint32_t row_count, const DataType& type, const ZoneCondition& condition) {
  using Kind = ZoneCondition::Kind;
  const auto child_may_match = [&](const ZoneCondition& child) { return may_match(zone, row_count, type, child); };
  switch (condition.kind) {
    case Kind::kUnknown: return true;
    case Kind::kIsNull: return zone.null_count != 0;
    case Kind::kIsNotNull: return zone.null_count < row_count;
    case Kind::kAnd: return std::all_of(condition.children.begin(), condition.children.end(), child_may_match);
    case Kind::kOr: return std::any_of(condition.children.begin(), condition.children.end(), child_may_match);
    default: break;
  }
  if (zone.null_count >= row_count) return false;
  return !zone.has_bounds || may_compare(bounds_of(zone, type), condition);
}

bool all_match(const storage::ZoneMap& zone, uint32_t row_count, const DataType& type, const ZoneCondition& condition) {
  using Kind = ZoneCondition::Kind;
  const auto child_matches = [&](const ZoneCondition& child) { return all_match(zone, row_count, type, child); };
  switch (condition.kind) {
    case Kind::kUnknown: return false;
    case Kind::kIsNull: return zone.null_count >= row_count;
    case Kind::kIsNotNull: return zone.null_count == 0;
    case Kind::kAnd: return std::all_of(condition.children.begin(), condition.children.end(), child_matches);
    case Kind::kOr: return std::any_of(condition.children.begin(), condition.children.end(), child_matches);
    default: break;
  }
  return zone.null_count == 0 && zone.has_bounds && all_compare(bounds_of(zone, type), condition);
}

}  // namespace freshet::query
