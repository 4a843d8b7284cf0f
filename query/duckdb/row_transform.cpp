#include "query/duckdb/row_transform.h"

#include <algorithm>
#include <cstring>
#include <duckdb.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/parser/column_list.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/planner/binder.hpp>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <duckdb/planner/expression_binder/check_binder.hpp>
#include <duckdb/planner/expression_iterator.hpp>

#include "query/dialect/mysql_rewrite.h"
#include "query/dialect/time_zone_functions.h"
#include "query/duckdb/error_text.h"
#include "query/duckdb/functions/row_function.h"
#include "query/duckdb/mysql_meaning.h"
#include "query/duckdb/result_bridge.h"
#include "query/duckdb/statement_guard.h"
#include "query/duckdb/types.h"
#include "query/duckdb/untyped_operands.h"
#include "storage/base/limits.h"
#include "storage/types/schema.h"

namespace freshet::query {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::Vector;
using ingest::RowTransformSpec;
using ingest::TransformedRows;
using Fate = TransformedRows::Fate;

/// Errors that one row's values cause, as opposed to a lack of memory or a defect.
bool is_of_row(const duckdb::ErrorData& error) {
  switch (error.Type()) {
    case duckdb::ExceptionType::INTERNAL:
    case duckdb::ExceptionType::FATAL:
    case duckdb::ExceptionType::OUT_OF_MEMORY:
    case duckdb::ExceptionType::INTERRUPT: return false;
    default: return true;
  }
}

/// Copies rows [first, first + count) of a column to `out`; texts point into the column.
void fill_vector(const Column& column, size_t first, size_t count, Vector& out) {
  if (column.is_bytes()) {
    auto* texts = duckdb::FlatVector::GetData<duckdb::string_t>(out);
    for (size_t row = 0; row < count; ++row) {
      const std::string_view text = column.bytes_at(first + row);
      texts[row] = duckdb::string_t(text.data(), static_cast<uint32_t>(text.size()));
    }
  } else {
    std::memcpy(duckdb::FlatVector::GetData(out), column.raw_at(first), count * column.type().width());
  }
  const std::span<const uint8_t> nulls = column.nulls();
  for (size_t row = 0; !nulls.empty() && row < count; ++row) {
    if (nulls[first + row] != 0) duckdb::FlatVector::SetNull(out, row, true);
  }
}

/// Named columns that expressions see, side by side in a chunk.
struct Scope {
  duckdb::ColumnList columns;
  std::vector<std::string> names;
  duckdb::vector<LogicalType> types;

  bool has(const std::string& name) const {
    return std::any_of(names.begin(), names.end(), [&](const std::string& known) { return same_name(known, name); });
  }
  void add(const std::string& name, const LogicalType& type) {
    columns.AddColumn(duckdb::ColumnDefinition(name, type));
    names.push_back(name);
    types.push_back(type);
  }
};

/// Words without parentheses that stand for a time; a column of the name goes before.
bool is_time_word(const std::string& name) { return same_name(name, "LOCALTIMESTAMP") || same_name(name, "CURRENT_DATE"); }

/// Sees the columns of a scope, and is_time_word().
class ScopeBinder final : public duckdb::CheckBinder {
 public:
  using CheckBinder::CheckBinder;
  bool has_found_time() const { return found_time_; }

 protected:
  duckdb::BindResult BindExpression(duckdb::unique_ptr<duckdb::ParsedExpression>& expression, idx_t depth,
                                    bool is_root) override {
    if (expression->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      const auto& column = expression->Cast<duckdb::ColumnRefExpression>();
      const bool is_time =
          !column.IsQualified() && !columns.ColumnExists(column.GetColumnName()) && is_time_word(column.GetColumnName());
      if (is_time) {
        expression = GetSQLValueFunction(column.GetColumnName());
        found_time_ = true;
      }
    }
    if (expression->GetExpressionClass() == duckdb::ExpressionClass::WINDOW) {
      return duckdb::BindResult(duckdb::BinderException("window functions cannot stand in the expressions of a load"));
    }
    return CheckBinder::BindExpression(expression, depth, is_root);
  }
  std::string UnsupportedAggregateMessage() override {
    return "aggregate functions cannot stand in the expressions of a load";
  }

 private:
  bool found_time_ = false;
};

/// A load's time limit is looked at between its pieces only, so none of its expressions may wait.
bool has_sleep(const duckdb::Expression& expression) {
  bool found = expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION &&
               expression.Cast<duckdb::BoundFunctionExpression>().function.name == std::string(kMysqlPrefix) + "sleep";
  duckdb::ExpressionIterator::EnumerateChildren(expression,
                                                [&](const duckdb::Expression& child) { found |= has_sleep(child); });
  return found;
}

/// Expressions over one scope that are evaluated together.
class ExpressionList {
 public:
  /// `time_zone`: RowTransformSpec's; outlives the list.
  ExpressionList(duckdb::ClientContext& context, const std::string& time_zone) : context_(context), time_zone_(time_zone) {}

  /// `what` names the expression in messages. Results that are no `type` are NULL.
  Status add(const std::string& what, const std::string& text, const Scope& scope, const IsUntyped& is_untyped,
             const LogicalType& type) {
    if (const auto function = zoned_function(text, scope)) {
      return Status::Unsupported("timezone: expressions are evaluated in UTC, '{}' is not offered with {}", time_zone_,
                                 *function);
    }
    SessionValues session;
    session.strict_casts = true;
    Result<std::string> rewritten = rewrite_for_duckdb("SELECT " + text, session);
    if (!rewritten.ok()) return rewritten.status().with_context(what);
    auto parsed = parse_expression(std::string_view(*rewritten).substr(sizeof("SELECT ") - 1));
    if (!parsed.ok()) return parsed.status().with_context(what);
    auto expression = std::move(parsed).value();
    const std::string unknown = unknown_name(*expression, scope);
    read_untyped_operands(expression, is_untyped);
    give_meaning_below(expression);
    try {
      const auto binder = duckdb::Binder::CreateBinder(context_);
      duckdb::physical_index_set_t used;
      ScopeBinder check(*binder, context_, "", scope.columns, used);
      check.target_type = LogicalType(duckdb::LogicalTypeId::INVALID);  // the constraint's would be INTEGER
      auto bound = check.Bind(expression);
      depends_on_time_ |= check.has_found_time();
      if (has_sleep(*bound)) return Status::Unsupported("{}: SLEEP is not offered in loads", what);
      expressions_.push_back(
          duckdb::BoundCastExpression::AddCastToType(context_, std::move(bound), type, /*try_cast=*/true));
      types_.push_back(type);
      return Status::OK();
    } catch (const std::exception& error) {
      if (!unknown.empty()) return Status::InvalidArgument("{}: Unknown column '{}'", what, unknown);
      return status_of(duckdb::ErrorData(error), {}).with_context(what);
    }
  }

  bool depends_on_time() const { return depends_on_time_; }
  void open() {
    if (expressions_.empty()) return;
    executor_ = std::make_unique<duckdb::ExpressionExecutor>(context_, expressions_);
    results_.Initialize(duckdb::Allocator::DefaultAllocator(), types_);
  }
  /// Throws what the expressions throw. The results stay until the next call.
  DataChunk& run(DataChunk& input) {
    results_.Reset();
    results_.SetCardinality(input);
    if (executor_ != nullptr) executor_->Execute(input, results_);
    return results_;
  }

 private:
  std::optional<std::string> zoned_function(const std::string& text, const Scope& scope) const {
    if (time_zone_.empty()) return std::nullopt;
    return function_of_time_zone(text, [&](const std::string& word) { return scope.has(word); });
  }

  /// The first name that is no column of the scope; empty when all are. It may still be a lambda's parameter.
  static std::string unknown_name(const duckdb::ParsedExpression& expression, const Scope& scope) {
    std::string unknown;
    duckdb::ParsedExpressionIterator::VisitExpression<duckdb::ColumnRefExpression>(
        expression, [&](const duckdb::ColumnRefExpression& found) {
          const bool is_known = scope.has(found.column_names.front()) || is_time_word(found.column_names.front());
          if (unknown.empty() && !is_known) unknown = found.GetColumnName();
        });
    return unknown;
  }

  duckdb::ClientContext& context_;
  const std::string& time_zone_;
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> expressions_;
  duckdb::vector<LogicalType> types_;
  bool depends_on_time_ = false;
  std::unique_ptr<duckdb::ExpressionExecutor> executor_;
  DataChunk results_;
};

/// The expressions, bound: what they say of the time stays as it was then.
class Transform {
 public:
  Transform(std::shared_ptr<duckdb::DuckDB> instance, const RowTransformSpec& spec)
      : instance_(std::move(instance)),
        connection_(*instance_),
        filter_(*connection_.context, spec.time_zone),
        computed_(*connection_.context, spec.time_zone),
        conditions_(*connection_.context, spec.time_zone),
        has_filter_(!spec.preceding_filter.empty()),
        has_where_(!spec.where.empty()),
        has_delete_(!spec.delete_condition.empty()) {}

  Status bind(const RowTransformSpec& spec) {
    connection_.BeginTransaction();
    Scope sources;
    for (const auto& source : spec.sources) sources.add(source.name, logical_type(source.type));
    const IsUntyped is_untyped_source = [&](const std::string& name) {
      return std::any_of(spec.sources.begin(), spec.sources.end(),
                         [&](const auto& source) { return source.is_untyped && same_name(source.name, name); });
    };
    if (has_filter_) {
      FRESHET_RETURN_IF_ERROR(
          filter_.add("PRECEDING FILTER", spec.preceding_filter, sources, is_untyped_source, LogicalType::BOOLEAN));
    }
    Scope mapped;
    for (const auto& computed : spec.computed) {
      const LogicalType type = logical_type(computed.type);
      FRESHET_RETURN_IF_ERROR(
          computed_.add("column '" + computed.name + "'", computed.expression, sources, is_untyped_source, type));
      mapped.add(computed.name, type);
      targets_.push_back({computed.name, computed.type});
    }
    for (size_t i = 0; i < spec.sources.size(); ++i) {
      if (mapped.has(spec.sources[i].name)) continue;
      mapped.add(spec.sources[i].name, sources.types[i]);
      visible_sources_.push_back(i);
    }
    const IsUntyped is_untyped_mapped = [&](const std::string& name) {
      const bool is_computed =
          std::any_of(targets_.begin(), targets_.end(), [&](const auto& target) { return same_name(target.name, name); });
      return !is_computed && is_untyped_source(name);
    };
    if (has_where_) {
      FRESHET_RETURN_IF_ERROR(conditions_.add("where", spec.where, mapped, is_untyped_mapped, LogicalType::BOOLEAN));
    }
    if (has_delete_) {
      FRESHET_RETURN_IF_ERROR(
          conditions_.add("delete", spec.delete_condition, mapped, is_untyped_mapped, LogicalType::BOOLEAN));
    }
    filter_.open();
    computed_.open();
    conditions_.open();
    input_.Initialize(duckdb::Allocator::DefaultAllocator(), sources.types);
    one_.InitializeEmpty(sources.types);
    mapped_.InitializeEmpty(mapped.types);
    return Status::OK();
  }

  bool depends_on_time() const {
    return filter_.depends_on_time() || computed_.depends_on_time() || conditions_.depends_on_time();
  }

  /// RowTransform::apply.
  Status apply(const std::vector<Column>& sources, TransformedRows& out) {
    const size_t rows = sources.empty() ? 0 : sources.front().size();
    out.computed.clear();
    for (const TargetColumn& target : targets_) out.computed.emplace_back(target.type);
    out.fates.assign(rows, Fate::kKept);
    out.deletes.assign(rows, 0);
    out.failures.clear();
    for (size_t first = 0; first < rows; first += kVectorRows) {
      const size_t count = std::min<size_t>(kVectorRows, rows - first);
      input_.Reset();
      for (size_t i = 0; i < sources.size(); ++i) fill_vector(sources[i], first, count, input_.data[i]);
      input_.SetCardinality(count);
      FRESHET_RETURN_IF_ERROR(transform_vector(first, count, out));
    }
    return Status::OK();
  }

 private:
  /// All rows of the input at once, or one by one when that fails.
  Status transform_vector(size_t first, size_t count, TransformedRows& out) {
    duckdb::ErrorData error;
    FRESHET_RETURN_IF_ERROR(try_rows(input_, first, out, error));
    if (!error.HasError()) return Status::OK();
    for (size_t row = 0; row < count; ++row) {
      duckdb::SelectionVector selection(1);
      selection.set_index(0, row);
      one_.Reset();
      one_.Slice(input_, selection, 1);
      duckdb::ErrorData row_error;
      FRESHET_RETURN_IF_ERROR(try_rows(one_, first + row, out, row_error));
      if (!row_error.HasError()) continue;
      out.fates[first + row] = Fate::kFailed;
      out.deletes[first + row] = 0;
      out.failures.push_back({first + row, status_of(row_error, {}).message()});
      for (Column& column : out.computed) column.append_null();
    }
    return Status::OK();
  }

  /// An error of rows is answered in `error`, and then nothing was appended; others end the load.
  Status try_rows(DataChunk& input, size_t first, TransformedRows& out, duckdb::ErrorData& error) {
    try {
      return evaluate(input, first, out);
    } catch (const std::exception& thrown) {
      error = duckdb::ErrorData(thrown);
      return is_of_row(error) ? Status::OK() : status_of(error, {});
    }
  }

  Status evaluate(DataChunk& input, size_t first, TransformedRows& out) {
    const size_t count = input.size();
    if (has_filter_) {
      unselect(filter_.run(input).data[0], first, count, out);
      if (count == 1 && out.fates[first] == Fate::kUnselected) {
        for (Column& column : out.computed) column.append_null();
        return Status::OK();
      }
    }
    DataChunk& computed = computed_.run(input);
    mapped_.Reset();
    for (size_t i = 0; i < targets_.size(); ++i) mapped_.data[i].Reference(computed.data[i]);
    for (size_t i = 0; i < visible_sources_.size(); ++i) {
      mapped_.data[targets_.size() + i].Reference(input.data[visible_sources_[i]]);
    }
    mapped_.SetCardinality(count);
    DataChunk& conditions = conditions_.run(mapped_);
    if (has_where_) unselect(conditions.data[0], first, count, out);
    if (has_delete_) {
      for_each_true(conditions.data[has_where_ ? 1 : 0], count,
                    [&](size_t row, bool is_true) { out.deletes[first + row] = is_true ? 1 : 0; });
    }
    Block block;
    FRESHET_RETURN_IF_ERROR(to_block(computed, targets_, block));
    for (size_t i = 0; i < targets_.size(); ++i) out.computed[i].append_range(block.columns[i], 0, count);
    return Status::OK();
  }

  template <typename Take>
  static void for_each_true(Vector& vector, size_t count, const Take& take) {
    duckdb::UnifiedVectorFormat format;
    vector.ToUnifiedFormat(count, format);
    const bool* values = duckdb::UnifiedVectorFormat::GetData<bool>(format);
    for (size_t row = 0; row < count; ++row) {
      const idx_t index = format.sel->get_index(row);
      take(row, format.validity.RowIsValid(index) && values[index]);
    }
  }

  static void unselect(Vector& condition, size_t first, size_t count, TransformedRows& out) {
    for_each_true(condition, count, [&](size_t row, bool is_true) {
      if (!is_true) out.fates[first + row] = Fate::kUnselected;
    });
  }

  std::shared_ptr<duckdb::DuckDB> instance_;
  duckdb::Connection connection_;
  ExpressionList filter_;
  ExpressionList computed_;
  ExpressionList conditions_;
  const bool has_filter_;
  const bool has_where_;
  const bool has_delete_;
  std::vector<TargetColumn> targets_;    ///< the computed columns
  std::vector<size_t> visible_sources_;  ///< those that the conditions see
  DataChunk input_;
  DataChunk one_;     ///< a row of input_
  DataChunk mapped_;  ///< computed columns, then the visible sources
};

/// Binds the expressions anew for each batch if they ask for the time.
class BatchedTransform final : public ingest::RowTransform {
 public:
  BatchedTransform(InstanceHolder& holder, const RowTransformSpec& spec) : holder_(holder), spec_(spec) {}

  Status bind() {
    FRESHET_ASSIGN_OR_RETURN(auto instance, holder_.get());
    try {
      auto transform = std::make_unique<Transform>(std::move(instance), spec_);
      FRESHET_RETURN_IF_ERROR(transform->bind(spec_));
      transform_ = std::move(transform);
      return Status::OK();
    } catch (const std::exception& error) {
      return status_of(duckdb::ErrorData(error), {});
    }
  }
  void begin_batch() override { is_at_start_ = transform_->depends_on_time(); }
  Status apply(const std::vector<Column>& sources, TransformedRows& out) override {
    if (is_at_start_) FRESHET_RETURN_IF_ERROR(bind());
    is_at_start_ = false;
    return transform_->apply(sources, out);
  }

 private:
  InstanceHolder& holder_;
  const RowTransformSpec spec_;
  std::unique_ptr<Transform> transform_;
  bool is_at_start_ = false;  ///< of a batch, in which the time is another one
};

class Transforms final : public ingest::RowTransforms {
 public:
  explicit Transforms(InstanceHolder& holder) : holder_(holder) {}

  Result<std::unique_ptr<ingest::RowTransform>> make(const RowTransformSpec& spec) override {
    auto transform = std::make_unique<BatchedTransform>(holder_, spec);
    FRESHET_RETURN_IF_ERROR(transform->bind());
    return std::unique_ptr<ingest::RowTransform>(std::move(transform));
  }

 private:
  InstanceHolder& holder_;
};

}  // namespace

std::unique_ptr<ingest::RowTransforms> make_row_transforms(InstanceHolder& holder) {
  return std::make_unique<Transforms>(holder);
}

}  // namespace freshet::query
