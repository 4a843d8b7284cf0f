#include "storage/types/aggregation.h"

#include <array>

#include "storage/base/assert.h"

namespace freshet {
namespace {

struct NamedAggregation {
  std::string_view name;
  Aggregation aggregation;
};

constexpr std::array kAggregations = {
    NamedAggregation{"NONE", Aggregation::kNone},
    NamedAggregation{"SUM", Aggregation::kSum},
    NamedAggregation{"MIN", Aggregation::kMin},
    NamedAggregation{"MAX", Aggregation::kMax},
    NamedAggregation{"REPLACE", Aggregation::kReplace},
    NamedAggregation{"REPLACE_IF_NOT_NULL", Aggregation::kReplaceIfNotNull},
    NamedAggregation{"BITMAP_UNION", Aggregation::kBitmapUnion},
};

bool is_number(const DataType& type) {
  return type.is_integer() || type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble ||
         type.kind == TypeKind::kDecimal;
}

}  // namespace

std::string_view aggregation_name(Aggregation aggregation) {
  for (const NamedAggregation& named : kAggregations) {
    if (named.aggregation == aggregation) return named.name;
  }
  FRESHET_ASSERT(!"every aggregation has a name");
}

std::optional<Aggregation> find_aggregation(std::string_view name) {
  for (const NamedAggregation& named : kAggregations) {
    if (named.name == name) return named.aggregation;
  }
  return std::nullopt;
}

bool can_aggregate(Aggregation aggregation, const DataType& type) {
  switch (aggregation) {
    case Aggregation::kSum: return is_number(type);
    case Aggregation::kMin:
    case Aggregation::kMax:
      return type.kind != TypeKind::kBoolean && type.kind != TypeKind::kJson && type.kind != TypeKind::kBitmap;
    case Aggregation::kBitmapUnion: return type.kind == TypeKind::kBitmap;
    case Aggregation::kNone:
    case Aggregation::kReplace:
    case Aggregation::kReplaceIfNotNull: return true;
  }
  return false;
}

}  // namespace freshet
