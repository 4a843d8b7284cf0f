#include "query/duckdb/row_filter.h"

#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/in_filter.hpp>
#include <duckdb/planner/filter/optional_filter.hpp>
#include <duckdb/planner/table_filter_state.hpp>
#include <duckdb/storage/table/column_segment.hpp>
#include <optional>

#include "query/duckdb/scan_filter.h"
#include "query/scan/compare_values.h"

namespace freshet::query {
namespace {

using duckdb::ExpressionType;
using duckdb::idx_t;
using duckdb::PhysicalType;
using duckdb::TableFilter;
using duckdb::TableFilterType;
using storage::RowBits;

/// A comparison that runs on bits.
struct IntegerTest {
  PhysicalType type;
  Comparison comparison;
  int64_t constant;
};

std::optional<Comparison> comparison_of(ExpressionType type) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL: return Comparison::kEqual;
    case ExpressionType::COMPARE_NOTEQUAL: return Comparison::kNotEqual;
    case ExpressionType::COMPARE_LESSTHAN: return Comparison::kLess;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return Comparison::kLessOrEqual;
    case ExpressionType::COMPARE_GREATERTHAN: return Comparison::kGreater;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return Comparison::kGreaterOrEqual;
    default: return std::nullopt;
  }
}

std::optional<IntegerTest> integer_test(const duckdb::LogicalType& type, const duckdb::ConstantFilter& filter) {
  const auto comparison = comparison_of(filter.comparison_type);
  const duckdb::Value& constant = filter.constant;
  const PhysicalType physical = type.InternalType();
  if (!comparison || constant.IsNull() || constant.type().InternalType() != physical) return std::nullopt;
  switch (physical) {
    case PhysicalType::INT8: return IntegerTest{physical, *comparison, constant.GetValueUnsafe<int8_t>()};
    case PhysicalType::INT16: return IntegerTest{physical, *comparison, constant.GetValueUnsafe<int16_t>()};
    case PhysicalType::INT32: return IntegerTest{physical, *comparison, constant.GetValueUnsafe<int32_t>()};
    case PhysicalType::INT64: return IntegerTest{physical, *comparison, constant.GetValueUnsafe<int64_t>()};
    default: return std::nullopt;
  }
}

template <typename T>
RowBits compare_as(const void* values, uint32_t count, const IntegerTest& test) {
  return compare_values(static_cast<const T*>(values), count, test.comparison, static_cast<T>(test.constant));
}

RowBits run_test(const void* values, uint32_t count, const IntegerTest& test) {
  switch (test.type) {
    case PhysicalType::INT8: return compare_as<int8_t>(values, count, test);
    case PhysicalType::INT16: return compare_as<int16_t>(values, count, test);
    case PhysicalType::INT32: return compare_as<int32_t>(values, count, test);
    default: return compare_as<int64_t>(values, count, test);
  }
}

}  // namespace

struct RowFilter::Node {
  enum class Kind : uint8_t { kInteger, kIsNull, kIsNotNull, kDuckDb, kDynamic, kAnd, kOr };
  Kind kind = Kind::kDuckDb;
  std::optional<IntegerTest> integer;
  const TableFilter* filter = nullptr;
  duckdb::unique_ptr<TableFilter> owned;
  duckdb::unique_ptr<duckdb::TableFilterState> state;
  std::vector<std::unique_ptr<Node>> children;
};

/// What one run sees: a vector, or a constant one of which it sees one row.
struct RowFilter::Input {
  Input(duckdb::Vector& of, idx_t rows) : vector(of), count(rows) {}

  /// REQUIRES: a vector of fixed-width values, which is flat or constant.
  const void* values() const {
    return is_constant() ? duckdb::ConstantVector::GetData(vector) : duckdb::FlatVector::GetData(vector);
  }
  void keep_valid(RowBits& wanted) {
    const bool is_flat = vector.GetVectorType() == duckdb::VectorType::FLAT_VECTOR;
    if (is_constant()) {
      if (duckdb::ConstantVector::IsNull(vector)) wanted = RowBits::none();
    } else if (is_flat && !duckdb::FlatVector::Validity(vector).AllValid()) {
      const duckdb::validity_t* valid = duckdb::FlatVector::Validity(vector).GetData();
      for (size_t i = 0; i < (count + 63) / 64; ++i) wanted.words[i] &= valid[i];
    } else if (!is_flat) {
      const auto& rows = unified();
      for (idx_t row = 0; row < count; ++row) {
        const bool is_valid = rows.validity.RowIsValid(rows.sel->get_index(row));
        wanted.words[row / 64] &= ~(uint64_t{!is_valid} << (row % 64));
      }
    }
  }
  void keep_nulls(RowBits& wanted) {
    RowBits valid = wanted;
    keep_valid(valid);
    for (size_t i = 0; i < wanted.words.size(); ++i) wanted.words[i] &= ~valid.words[i];
  }
  duckdb::UnifiedVectorFormat& unified() {
    if (!format) vector.ToUnifiedFormat(count, format.emplace());
    return *format;
  }

  bool is_constant() const { return vector.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR; }

  duckdb::Vector& vector;
  idx_t count;
  std::optional<duckdb::UnifiedVectorFormat> format;
};

RowFilter::RowFilter(duckdb::ClientContext& context, const duckdb::LogicalType& type, const TableFilter& filter)
    : root_(compile(context, type, filter)), is_dynamic_(query::is_dynamic(filter)) {}
RowFilter::~RowFilter() = default;

std::unique_ptr<RowFilter::Node> RowFilter::compile_leaf(duckdb::ClientContext& context, const duckdb::LogicalType& type,
                                                         const TableFilter& filter) {
  auto node = std::make_unique<Node>();
  node->filter = &filter;
  if (filter.filter_type == TableFilterType::CONSTANT_COMPARISON) {
    node->integer = integer_test(type, filter.Cast<duckdb::ConstantFilter>());
    if (node->integer) {
      node->kind = Node::Kind::kInteger;
      return node;
    }
  }
  node->state = duckdb::TableFilterState::Initialize(context, filter);
  return node;
}

std::unique_ptr<RowFilter::Node> RowFilter::compile(duckdb::ClientContext& context, const duckdb::LogicalType& type,
                                                    const TableFilter& filter) {
  auto node = std::make_unique<Node>();
  node->filter = &filter;
  const auto with_children = [&](const auto& children, Node::Kind kind) -> std::unique_ptr<Node> {
    node->kind = kind;
    for (const auto& child : children) {
      auto compiled = compile(context, type, *child);
      if (compiled == nullptr && kind == Node::Kind::kOr) return nullptr;
      if (compiled != nullptr) node->children.push_back(std::move(compiled));
    }
    return node->children.empty() ? nullptr : std::move(node);
  };
  switch (filter.filter_type) {
    case TableFilterType::CONJUNCTION_AND:
      return with_children(filter.Cast<duckdb::ConjunctionAndFilter>().child_filters, Node::Kind::kAnd);
    case TableFilterType::CONJUNCTION_OR:
      return with_children(filter.Cast<duckdb::ConjunctionOrFilter>().child_filters, Node::Kind::kOr);
    case TableFilterType::IS_NULL: node->kind = Node::Kind::kIsNull; return node;
    case TableFilterType::IS_NOT_NULL: node->kind = Node::Kind::kIsNotNull; return node;
    case TableFilterType::DYNAMIC_FILTER: node->kind = Node::Kind::kDynamic; return node;
    case TableFilterType::OPTIONAL_FILTER: {
      // What an optional filter leaves in is filtered again above: only the cheap kinds pay here.
      const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
      if (!child || child->filter_type == TableFilterType::IN_FILTER) return nullptr;
      return compile(context, type, *child);
    }
    case TableFilterType::IN_FILTER: {
      node->kind = Node::Kind::kOr;
      for (const duckdb::Value& value : filter.Cast<duckdb::InFilter>().values) {
        auto owned = duckdb::make_uniq<duckdb::ConstantFilter>(ExpressionType::COMPARE_EQUAL, value);
        auto equal = compile_leaf(context, type, *owned);
        equal->owned = std::move(owned);
        node->children.push_back(std::move(equal));
      }
      return node;
    }
    default: return compile_leaf(context, type, filter);
  }
}

void RowFilter::apply(duckdb::Vector& vector, idx_t count, RowBits& wanted) const {
  if (root_ == nullptr) return;
  if (vector.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR) {
    if (!passes(vector)) wanted = RowBits::none();
    return;
  }
  Input input(vector, count);
  run(*root_, input, wanted);
}

bool RowFilter::passes(duckdb::Vector& constant) const {
  if (root_ == nullptr) return true;
  Input input(constant, 1);
  RowBits only = RowBits::first(1);
  run(*root_, input, only);
  return only.contains(0);
}

void RowFilter::run(Node& node, Input& input, RowBits& wanted) {
  switch (node.kind) {
    case Node::Kind::kInteger:
      wanted &= run_test(input.values(), static_cast<uint32_t>(input.count), *node.integer);
      return input.keep_valid(wanted);
    case Node::Kind::kIsNull: return input.keep_nulls(wanted);
    case Node::Kind::kIsNotNull: return input.keep_valid(wanted);
    case Node::Kind::kDuckDb: return run_duckdb(*node.filter, *node.state, input, wanted);
    case Node::Kind::kDynamic: {
      const auto now = current_filter(node.filter->Cast<duckdb::DynamicFilter>());
      if (!now) return;
      if (const auto test = integer_test(input.vector.GetType(), *now)) {
        wanted &= run_test(input.values(), static_cast<uint32_t>(input.count), *test);
        return input.keep_valid(wanted);
      }
      duckdb::TableFilterState none;
      return run_duckdb(*now, none, input, wanted);
    }
    case Node::Kind::kAnd:
      for (const auto& child : node.children) run(*child, input, wanted);
      return;
    case Node::Kind::kOr: break;
  }
  RowBits any = RowBits::none();
  for (const auto& child : node.children) {
    RowBits candidates = wanted;
    run(*child, input, candidates);
    any |= candidates;
  }
  wanted = any;
}

void RowFilter::run_duckdb(const TableFilter& filter, duckdb::TableFilterState& state, Input& input, RowBits& wanted) {
  duckdb::SelectionVector selection(kVectorRows);
  const uint32_t candidates = wanted.list(selection.data());
  if (candidates == 0) return;
  idx_t selected = candidates;
  duckdb::ColumnSegment::FilterSelection(selection, input.vector, input.unified(), filter, state, input.count, selected);
  if (selected != candidates) wanted = storage::bits_of({selection.data(), static_cast<size_t>(selected)});
}

}  // namespace freshet::query
