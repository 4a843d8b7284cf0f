#include "query/dml/merge_rows.h"

#include <algorithm>
#include <map>
#include <set>

#include "ingest/row_inserter.h"
#include "query/dml/typed_rows.h"
#include "query/duckdb/engine.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

/// True in every row of the table, NULL beside a source row without one.
constexpr std::string_view kPresent = "__present";

void add(SelectText& select, const Fragment& fragment) {
  for (const SelectItem& part : fragment) add_item(select, part);
}

const Fragment* value_of(const MergePlan::Action& action, size_t column) {
  const auto found =
      std::find_if(action.values.begin(), action.values.end(), [&](const auto& value) { return value.first == column; });
  return found == action.values.end() ? nullptr : &found->second;
}

/// Columns of the answer: the action, the place among the source rows of the key, then the columns that are written, then
/// the old values of those that updates change.
class MergeSelect {
 public:
  MergeSelect(const MergePlan& plan, const TableSchema& schema) : plan_(plan), schema_(schema) {
    std::set<size_t> written;
    for (size_t i = 0; i < schema.key_count; ++i) written.insert(i);
    std::set<size_t> updated;
    for (const MergePlan::Action& action : plan.actions) {
      for (const auto& [column, value] : action.values) {
        written.insert(column);
        if (action.kind == MergePlan::ActionKind::kUpdate) updated.insert(column);
      }
    }
    written_.assign(written.begin(), written.end());
    updated_.assign(updated.begin(), updated.end());
  }

  std::span<const size_t> written() const { return written_; }
  std::span<const size_t> updated() const { return updated_; }

  std::vector<TargetColumn> targets() const {
    std::vector<TargetColumn> targets = {{"action", {TypeKind::kInt}}, {"order", {TypeKind::kBigInt}}};
    for (size_t column : written_) targets.push_back(target_of(schema_.columns[column]));
    for (size_t column : updated_) targets.push_back(target_of(schema_.columns[column]));
    return targets;
  }

  /// The pairs of source rows and rows: __action, __order, __c0 ...
  Result<SelectText> pairs() const {
    FRESHET_ASSIGN_OR_RETURN(SelectText select, SelectText::begin(plan_.statement));
    add(select, plan_.with);
    select.add("SELECT CASE");
    for (size_t i = 0; i < plan_.actions.size(); ++i) {
      add_when(select, plan_.actions[i]);
      select.add(std::to_string(i));
    }
    select.add(" END AS `__action`");
    if (!plan_.order.empty()) select.add(", " + plan_.order + " AS `__order`");
    for (size_t i = 0; i < written_.size(); ++i) {
      FRESHET_RETURN_IF_ERROR(add_value(select, written_[i]));
      select.add(fmt::format(" AS `__c{}`", i));
    }
    for (size_t i = 0; i < updated_.size(); ++i) {
      select.add(fmt::format(", {} AS `__c{}`", old_value(updated_[i]), written_.size() + i));
    }
    select.add(" FROM ");
    add(select, plan_.source);
    select.add(" LEFT JOIN (SELECT *");
    const std::optional<size_t> sequence = schema_.sequence_column();
    if (sequence && *sequence >= schema_.visible_count()) select.add(", " + backquoted(schema_.columns[*sequence].name));
    select.add(fmt::format(", TRUE AS `{}` FROM {}.{}", kPresent, backquoted(plan_.database), backquoted(plan_.table)));
    if (!plan_.table_condition.empty()) {
      select.add(" WHERE ");
      add(select, plan_.table_condition);
    }
    select.add(") AS " + backquoted(plan_.alias) + " ON (");
    add(select, plan_.on);
    select.add(")");
    return select;
  }

  /// What the engine runs: the pairs that have an action, numbered within each key.
  std::string numbered(const std::string& pairs) const {
    std::string columns, keys;
    for (size_t i = 0; i < written_.size() + updated_.size(); ++i) columns += fmt::format(", __c{}", i);
    for (size_t i = 0; i < schema_.key_count; ++i) keys += fmt::format("{}__c{}", i == 0 ? "" : ", ", i);
    return fmt::format("SELECT __action, row_number() OVER (PARTITION BY {}{}){} FROM ({}\n) WHERE __action IS NOT NULL",
                       keys, plan_.order.empty() ? "" : " ORDER BY __order", columns, pairs);
  }

 private:
  std::string old_value(size_t column) const {
    return backquoted(plan_.alias) + "." + backquoted(schema_.columns[column].name);
  }
  void add_when(SelectText& select, const MergePlan::Action& action) const {
    const bool is_insert = action.kind == MergePlan::ActionKind::kInsert;
    select.add(
        fmt::format(" WHEN {}.{} IS {}", backquoted(plan_.alias), backquoted(kPresent), is_insert ? "NULL" : "NOT NULL"));
    if (!action.condition.empty()) {
      select.add(" AND (");
      add(select, action.condition);
      select.add(")");
    }
    select.add(" THEN ");
  }
  /// The values of one column come from several expressions, which need one type.
  void add_cast(SelectText& select, const Fragment& value, size_t column) const {
    const CastWords cast = cast_words(schema_.columns[column].type);
    select.add(cast.before);
    add(select, value);
    select.add(cast.behind);
  }
  /// Columns that an action says nothing of stay as they are, or have their default in a new row.
  Status add_value(SelectText& select, size_t column) const {
    select.add(", CASE");
    for (const MergePlan::Action& action : plan_.actions) {
      add_when(select, action);
      if (const Fragment* value = value_of(action, column)) {
        add_cast(select, *value, column);
      } else if (action.kind == MergePlan::ActionKind::kInsert || schema_.columns[column].on_update_current_timestamp) {
        FRESHET_ASSIGN_OR_RETURN(SelectItem value, default_item(schema_.columns[column]));
        add_cast(select, {std::move(value)}, column);
      } else {
        select.add(old_value(column));
      }
    }
    select.add(" END");
    return Status::OK();
  }

  const MergePlan& plan_;
  const TableSchema& schema_;
  std::vector<size_t> written_;  ///< positions, ascending: the key columns come first
  std::vector<size_t> updated_;
};

/// Turns answers into rows of the table, and counts them.
class MergedRows {
 public:
  MergedRows(const MergePlan& plan, const MergeSelect& select, const TableSchema& schema)
      : plan_(plan), select_(select), schema_(schema), block_(Block::for_schema(schema)) {}

  Result<Block*> take(const Block& answer) {
    std::vector<uint32_t> rows;
    std::vector<uint8_t> signs;
    for (uint32_t row = 0; row < answer.row_count(); ++row) {
      if (answer.columns[1].values<int64_t>()[row] > 1) {
        if (plan_.first_row_wins) continue;
        return Status::InvalidArgument("{} (key {})", plan_.repeated, key_text(answer, row));
      }
      const auto kind = plan_.actions[static_cast<size_t>(answer.columns[0].values<int32_t>()[row])].kind;
      if (!count(kind, answer, row)) continue;
      rows.push_back(row);
      signs.push_back(kind == MergePlan::ActionKind::kDelete);
    }
    block_.clear();
    for (size_t i = 0; i < select_.written().size(); ++i) {
      block_.columns[select_.written()[i]].append_gather(answer.columns[2 + i], rows);
    }
    if (std::find(signs.begin(), signs.end(), 1) != signs.end()) block_.delete_signs = std::move(signs);
    return &block_;
  }
  const MergeCounts& counts() const { return counts_; }

 private:
  /// False when nothing has to be written.
  bool count(MergePlan::ActionKind kind, const Block& answer, uint32_t row) {
    switch (kind) {
      case MergePlan::ActionKind::kInsert: ++counts_.inserted; return true;
      case MergePlan::ActionKind::kDelete: ++counts_.deleted; return true;
      case MergePlan::ActionKind::kUpdate: break;
    }
    const size_t first_old = 2 + select_.written().size();
    for (size_t i = 0; i < select_.updated().size(); ++i) {
      const auto position = std::lower_bound(select_.written().begin(), select_.written().end(), select_.updated()[i]);
      const Column& value = answer.columns[2 + static_cast<size_t>(position - select_.written().begin())];
      if (value.has_same_value(row, answer.columns[first_old + i], row)) continue;
      ++counts_.updated;
      return true;
    }
    ++counts_.unchanged;
    return false;
  }
  std::string key_text(const Block& answer, uint32_t row) const {
    std::string text;
    for (size_t i = 0; i < schema_.key_count; ++i) {
      const Column& column = answer.columns[2 + i];
      if (i > 0) text += ", ";
      column.is_null(row) ? void(text += "NULL") : format_value(column, row, text);
    }
    return text;
  }

  const MergePlan& plan_;
  const MergeSelect& select_;
  const TableSchema& schema_;
  Block block_;
  MergeCounts counts_;
};

}  // namespace

Result<MergeCounts> merge_rows(const MergePlan& plan, const WriteContext& context, const storage::TableSnapshotPtr& table) {
  const TableSchema& schema = *table->schema;
  const MergeSelect select(plan, schema);
  FRESHET_ASSIGN_OR_RETURN(const SelectText pairs, select.pairs());
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, engine_text(context, pairs, 0));
  FRESHET_ASSIGN_OR_RETURN(const auto parameters, pairs.parameters(context.parameters));
  std::vector<std::string> columns;
  for (size_t column : select.written()) columns.push_back(schema.columns[column].name);
  FRESHET_ASSIGN_OR_RETURN(const auto inserter, ingest::RowInserter::begin(context.services.storage, table, columns, false,
                                                                           true, write_options(context, table)));
  MergedRows merged(plan, select, schema);
  FRESHET_RETURN_IF_ERROR(context.connection.stream(
      select.numbered(sql), context.session.database, parameters, select.targets(), [&](Block& answer) -> Status {
        FRESHET_ASSIGN_OR_RETURN(Block * rows, merged.take(answer));
        return rows->row_count() == 0 ? Status::OK() : inserter->append_columns(*rows);
      }));
  FRESHET_RETURN_IF_ERROR(write_rows(context, *inserter).status());
  return merged.counts();
}

}  // namespace freshet::query
