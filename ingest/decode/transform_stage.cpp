#include "ingest/decode/transform_stage.h"

#include <algorithm>

#include "ingest/trim.h"
#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

using Fate = TransformedRows::Fate;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Whether `text` has `name` in it, in any case: when not, no expression of it can read the column.
bool mentions(std::string_view text, std::string_view name) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::search(text.begin(), text.end(), name.begin(), name.end(), same) != text.end();
}

/// All expressions and conditions of a load in one text.
std::string all_expressions(const LoadRequest& request, const ColumnMapping& mapping) {
  std::string text = request.preceding_filter + "\n" + request.where + "\n" + mapping.delete_condition;
  for (const ComputedColumn& computed : mapping.computed) text += "\n" + computed.expression;
  return text;
}

/// A type without the bound on the length of its texts.
DataType unbounded(DataType type) {
  const bool is_text = type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar;
  return is_text ? DataType{.kind = TypeKind::kString} : type;
}

}  // namespace

bool TransformStage::is_needed(const LoadRequest& request) {
  return !request.expressions.empty() || !request.where.empty() || !request.preceding_filter.empty() ||
         !request.delete_condition.empty();
}

Result<std::unique_ptr<TransformStage>> TransformStage::create(const LoadRequest& request, DecodeTarget target) {
  if (target.transforms == nullptr) return Status::Unsupported("expressions and conditions are not offered here");
  FRESHET_ASSIGN_OR_RETURN(ColumnMapping mapping, map_columns(request, *target.table->schema));
  FRESHET_ASSIGN_OR_RETURN(BlockBuilder builder,
                           BlockBuilder::create(target.storage, target.table, mapping.given, mapping.all_deletes,
                                                request.partial_columns, mapping.sequence_source));
  std::unique_ptr<TransformStage> stage(
      new TransformStage(request, std::move(mapping), std::move(builder), std::move(target)));
  FRESHET_RETURN_IF_ERROR(stage->bind(request));
  // The first rows of a stream may come long after this.
  stage->begin_batch();
  return stage;
}

TransformStage::TransformStage(const LoadRequest& request, ColumnMapping mapping, BlockBuilder builder, DecodeTarget target)
    : mapping_(std::move(mapping)), builder_(std::move(builder)), target_(std::move(target)), source_request_(request) {
  prepare_sources();
}

/// The source schema: columns of the table with their rules, where rows can be deletes without NOT NULL for their values.
void TransformStage::prepare_sources() {
  const std::string expressions = all_expressions(source_request_, mapping_);
  const bool has_deletes = mapping_.all_deletes || !mapping_.delete_condition.empty() ||
                           std::any_of(mapping_.sources.begin(), mapping_.sources.end(), [](const SourceColumn& source) {
                             return source.use == SourceColumn::Use::kDeleteSign;
                           });
  source_request_.columns.clear();
  const bool is_key_passed = std::none_of(mapping_.computed.begin(), mapping_.computed.end(),
                                          [&](const ComputedColumn& each) { return each.column < schema().key_count; });
  for (const SourceColumn& source : mapping_.sources) {
    source_request_.columns.push_back(source.name);
    ColumnSchema column;
    if (source.use == SourceColumn::Use::kColumn) {
      column = schema().columns[source.column];
      passed_.push_back({source_schema_.columns.size(), source.column});
      // The stage numbers what is NULL.
      column.nullable |= column.auto_increment || (has_deletes && !column.is_key);
      column.auto_increment = false;
    } else if (source.use == SourceColumn::Use::kDeleteSign || mentions(expressions, source.name)) {
      if (source.use == SourceColumn::Use::kDeleteSign) sign_source_ = source_schema_.columns.size();
      column.type = DataType{.kind = TypeKind::kString};
    } else {
      continue;
    }
    column.name = source.name;
    column.is_key &= is_key_passed;
    column.is_sequence = column.hidden = false;
    source_schema_.columns.push_back(std::move(column));
  }
  if (source_schema_.columns.empty() && !mapping_.sources.empty()) {
    // Without any column a block would not know its rows.
    source_schema_.columns.push_back({.name = mapping_.sources.front().name, .type = {.kind = TypeKind::kString}});
  }
  source_schema_.model = TableModel::kDuplicate;
  source_request_.hidden_columns.clear();
  source_request_.expressions.clear();
  source_request_.preceding_filter.clear();
  source_request_.where.clear();
  source_request_.delete_condition.clear();
  source_request_.merge_type = MergeType::kAppend;
  source_request_.partial_columns = false;
  source_request_.sequence_column.clear();
}

Status TransformStage::bind(const LoadRequest& request) {
  RowTransformSpec spec;
  for (const ColumnSchema& column : source_schema_.columns) {
    const auto is_same = [&](const RowTransformSpec::Source& other) { return same_name(other.name, column.name); };
    if (std::any_of(spec.sources.begin(), spec.sources.end(), is_same)) {
      return Status::InvalidArgument("columns: '{}' is named twice", column.name);
    }
    const bool is_passed = std::any_of(passed_.begin(), passed_.end(), [&](const PassThrough& passed) {
      return &source_schema_.columns[passed.source] == &column;
    });
    spec.sources.push_back({column.name, column.type, !is_passed});
  }
  for (const ComputedColumn& computed : mapping_.computed) {
    const ColumnSchema& column = schema().columns[computed.column];
    spec.computed.push_back({column.name, unbounded(column.type), computed.expression});
  }
  spec.preceding_filter = request.preceding_filter;
  spec.where = request.where;
  spec.delete_condition = mapping_.delete_condition;
  spec.time_zone = request.time_zone;
  FRESHET_ASSIGN_OR_RETURN(transform_, target_.transforms->make(spec));
  return Status::OK();
}

DecodeTarget TransformStage::source_target() {
  auto table = std::make_shared<storage::TableSnapshot>();
  table->id = target_.table->id;
  table->database = target_.table->database;
  table->database_name = target_.table->database_name;
  table->name = target_.table->name;
  table->schema = std::make_shared<const TableSchema>(source_schema_);
  DecodeTarget target = target_;
  target.table = std::move(table);
  target.sink = [this](const Block& sources) { return take(sources); };
  return target;
}

void TransformStage::reject(const Block& sources, size_t row, const std::string& reason) {
  rows_.fates[row] = Fate::kFailed;
  target_.errors.add(reason, row_text(sources, row));
}

void TransformStage::read_delete_signs(const Block& sources) {
  if (mapping_.all_deletes) std::fill(rows_.deletes.begin(), rows_.deletes.end(), 1);
  if (!sign_source_) return;
  const Column& signs = sources.columns[*sign_source_];
  for (size_t row = 0; row < signs.size(); ++row) {
    if (signs.is_null(row) || rows_.fates[row] != Fate::kKept) continue;
    if (!parse_delete_sign(trim(signs.bytes_at(row)), rows_.deletes[row])) {
      reject(sources, row, fmt::format("{} must be 0 or 1", kDeleteSignColumn));
    }
  }
}

/// Why the value cannot be stored; empty when it can.
std::string TransformStage::problem_of(const Column& values, size_t row, const ColumnSchema& column) const {
  if (values.is_null(row)) {
    if (column.nullable || column.auto_increment) return {};
    return fmt::format("column_name[{}], null value for not null column, type={}", column.name, column.type.to_string());
  }
  if (!values.is_bytes()) return {};
  const size_t most =
      column.type.kind != TypeKind::kString && column.type.length != 0 ? column.type.length : kMaxStringBytes;
  const std::string_view text = values.bytes_at(row);
  if (text.size() <= most) return {};
  return fmt::format("column_name[{}], {}", column.name, describe(TextError::kTooLong, column.type, text));
}

void TransformStage::check_rows(const Block& sources) {
  const auto check = [&](const Column& values, size_t position) {
    const ColumnSchema& column = schema().columns[position];
    const bool has_rule = values.is_bytes() || (values.has_nulls() && !column.nullable && !column.auto_increment);
    // Of a delete's value columns only the sequence is read.
    const bool is_value = position >= schema().key_count && !column.is_sequence && position != mapping_.sequence_source;
    for (size_t row = 0; has_rule && row < values.size(); ++row) {
      const bool is_ignored = rows_.deletes[row] != 0 && is_value;
      if (rows_.fates[row] != Fate::kKept || is_ignored) continue;
      const std::string problem = problem_of(values, row, column);
      if (!problem.empty()) reject(sources, row, problem);
    }
  };
  for (size_t i = 0; i < mapping_.computed.size(); ++i) check(rows_.computed[i], mapping_.computed[i].column);
  for (const PassThrough& passed : passed_) check(sources.columns[passed.source], passed.column);
}

/// The kept rows of `values`; where a NOT NULL column has none, the row is a delete whose value is never read.
void TransformStage::fill(const Column& values, size_t position, Block& out) {
  const ColumnSchema& column = schema().columns[position];
  Column& target = out.columns[position];
  const bool has_holes = values.has_nulls() && !column.nullable && !column.auto_increment;
  if (!has_holes && !values.is_bytes()) return target.append_gather(values, kept_);
  for (uint32_t row : kept_) {
    if (values.is_null(row)) {
      has_holes ? append_zero(target) : target.append_null();
    } else {
      target.append_from(values, row);
    }
  }
}

void TransformStage::check_keys(const Block& sources, Block& out) {
  if (!builder_.may_have_long_keys()) return;
  std::vector<uint32_t> good;
  for (size_t i = 0; i < kept_.size(); ++i) {
    const size_t bytes = builder_.key_bytes(out, i);
    if (bytes <= kMaxKeyBytes) {
      good.push_back(static_cast<uint32_t>(i));
    } else {
      reject(sources, kept_[i], describe_long_key(bytes));
    }
  }
  if (good.size() == kept_.size()) return;
  for (size_t position : builder_.given()) {
    Column survivors(out.columns[position].type());
    survivors.append_gather(out.columns[position], good);
    out.columns[position] = std::move(survivors);
  }
  for (uint32_t& row : good) row = kept_[row];
  kept_ = std::move(good);
}

Status TransformStage::take(const Block& sources) {
  FRESHET_RETURN_IF_ERROR(transform_->apply(sources.columns, rows_));
  for (const TransformedRows::Failure& failure : rows_.failures) reject(sources, failure.row, failure.reason);
  read_delete_signs(sources);
  check_rows(sources);
  kept_.clear();
  uint64_t unselected = 0;
  for (size_t row = 0; row < rows_.fates.size(); ++row) {
    if (rows_.fates[row] == Fate::kKept) kept_.push_back(static_cast<uint32_t>(row));
    if (rows_.fates[row] == Fate::kUnselected) ++unselected;
  }
  if (target_.unselected_rows != nullptr) *target_.unselected_rows += unselected;
  Block out = Block::for_schema(schema());
  for (size_t i = 0; i < mapping_.computed.size(); ++i) fill(rows_.computed[i], mapping_.computed[i].column, out);
  for (const PassThrough& passed : passed_) fill(sources.columns[passed.source], passed.column, out);
  check_keys(sources, out);
  if (kept_.empty()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(builder_.complete(out, kept_.size()));
  for (uint32_t row : kept_) out.delete_signs.push_back(rows_.deletes[row]);
  if (std::find(out.delete_signs.begin(), out.delete_signs.end(), 1) == out.delete_signs.end()) out.delete_signs.clear();
  return target_.sink(out);
}

}  // namespace freshet::ingest
