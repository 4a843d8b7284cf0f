#include "query/dml/keyed_insert.h"

#include <algorithm>

#include "ingest/row_inserter.h"
#include "query/dml/merge_rows.h"
#include "query/dml/typed_rows.h"
#include "query/duckdb/engine.h"

namespace freshet::query {
namespace {

std::string new_value(size_t i) { return fmt::format("`__new`.`__n{}`", i); }

/// Positions of the columns that rows bring; those of the key are among them.
Result<std::vector<size_t>> find_columns(const Insert& insert, const storage::TableSnapshot& table) {
  const TableSchema& schema = *table.schema;
  std::vector<size_t> columns;
  for (const std::string& name : insert.columns) {
    const std::optional<size_t> column = schema.find(name);
    if (!column) return ingest::unknown_column(table, name);
    if (std::find(columns.begin(), columns.end(), *column) != columns.end()) {
      return Status::InvalidArgument("Column '{}' specified twice", name);
    }
    columns.push_back(*column);
  }
  for (size_t i = 0; insert.columns.empty() && i < schema.visible_count(); ++i) columns.push_back(i);
  for (size_t i = 0; i < schema.key_count; ++i) {
    if (std::find(columns.begin(), columns.end(), i) != columns.end()) continue;
    return Status::Unsupported("{} needs the key column '{}' among the columns",
                               insert.ignore ? "INSERT IGNORE" : "ON DUPLICATE KEY UPDATE", schema.columns[i].name);
  }
  return columns;
}

/// An expression of ON DUPLICATE KEY UPDATE with VALUES(c) and alias.c replaced by the columns of the source.
class NewValueNames {
 public:
  NewValueNames(const Insert& insert, const TableSchema& schema, const std::vector<size_t>& columns)
      : insert_(insert), schema_(schema), columns_(columns) {}

  /// Whether `expression` is the column itself, of the row that is there or of the new one: in a key both are the same.
  Result<bool> is_column_itself(std::string_view expression, size_t column, std::string_view table) const {
    const std::string& name = schema_.columns[column].name;
    FRESHET_ASSIGN_OR_RETURN(const std::vector<Token> tokens, tokenize(expression));
    const bool is_bare = tokens.size() == 2 && tokens[0].is_name();
    const bool is_qualified = tokens.size() == 4 && tokens[0].is_name() && unquote(tokens[0]) == table &&
                              tokens[1].is_operator(".") && tokens[2].is_name();
    if (is_bare || is_qualified) return same_name(unquote(tokens[is_bare ? 0 : 2]), name);
    FRESHET_ASSIGN_OR_RETURN(const Fragment value, replace(expression));
    const auto position = std::find(columns_.begin(), columns_.end(), column) - columns_.begin();
    return value.size() == 1 && value.front().words == new_value(static_cast<size_t>(position));
  }

  Result<Fragment> replace(std::string_view expression) const {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<Token> tokens, tokenize(expression));
    Fragment result;
    size_t copied = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      size_t next = i;
      FRESHET_ASSIGN_OR_RETURN(const std::optional<std::string> name, new_name(tokens, next));
      if (!name) continue;
      if (tokens[i].offset > copied) {
        result.push_back({{}, expression.substr(copied, tokens[i].offset - copied)});
      }
      result.push_back({*name, {}});
      copied = tokens[next - 1].end();
      i = next - 1;
    }
    if (copied < expression.size()) result.push_back({{}, expression.substr(copied)});
    return result;
  }

 private:
  /// The column that stands for what begins at token `next`, which is moved behind it.
  Result<std::optional<std::string>> new_name(const std::vector<Token>& tokens, size_t& next) const {
    const size_t left = tokens.size() - next;
    const bool is_behind_dot = next > 0 && tokens[next - 1].is_operator(".");
    if (left > 3 && tokens[next].is_word("VALUES") && tokens[next + 1].is_operator("(") && tokens[next + 2].is_name() &&
        tokens[next + 3].is_operator(")")) {
      const std::string column = unquote(tokens[next + 2]);
      next += 4;
      return find(column, {});
    }
    if (left > 2 && !insert_.row_alias.empty() && !is_behind_dot && tokens[next].is_name() &&
        unquote(tokens[next]) == insert_.row_alias && tokens[next + 1].is_operator(".") && tokens[next + 2].is_name()) {
      const std::string column = unquote(tokens[next + 2]);
      next += 3;
      return find(column, insert_.row_alias_columns);
    }
    return std::optional<std::string>();
  }

  Result<std::optional<std::string>> find(const std::string& column, const std::vector<std::string>& names) const {
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& name = i < names.size() ? names[i] : schema_.columns[columns_[i]].name;
      if (same_name(name, column)) return std::optional(new_value(i));
    }
    return Status::InvalidArgument("Unknown column '{}' among the inserted values", column);
  }

  const Insert& insert_;
  const TableSchema& schema_;
  const std::vector<size_t>& columns_;
};

/// Rows of literals as texts, so that those of one column have one type whatever they are.
Result<Fragment> literal_rows(const Insert& insert, const TableSchema& schema, const std::vector<size_t>& columns) {
  if (insert.width != columns.size()) return Status::InvalidArgument("Column count doesn't match value count at row 1");
  Fragment rows;
  std::string words = "VALUES ";
  for (size_t i = 0; i < insert.values.size(); ++i) {
    const Literal& value = insert.values[i];
    words += i % insert.width != 0 ? ", " : i == 0 ? "(" : "), (";
    switch (value.kind) {
      case LiteralKind::kNull: words += "NULL"; break;
      case LiteralKind::kNumber:
      case LiteralKind::kString: words += quoted(value.text); break;
      case LiteralKind::kDefault: {
        FRESHET_ASSIGN_OR_RETURN(const SelectItem word, default_item(schema.columns[columns[i % insert.width]]));
        words += "CAST(" + word.words + " AS CHAR)";
        break;
      }
      case LiteralKind::kPlaceholder:
        rows.push_back({words + "CAST(", {}});
        rows.push_back({{}, {}, value.placeholder});
        words = " AS CHAR)";
    }
  }
  rows.push_back({words + ")", {}});
  return rows;
}

/// The inserted rows as `__new`: __n0, __n1, ... in the types of their columns, and __row, their order.
Result<Fragment> source_query(const Insert& insert, const TableSchema& schema, const std::vector<size_t>& columns) {
  std::string head = "WITH `__new` AS MATERIALIZED (SELECT ";
  std::string names;
  for (size_t i = 0; i < columns.size(); ++i) {
    const CastWords cast = cast_words(schema.columns[columns[i]].type);
    head += fmt::format("{}`__a{}`{} AS `__n{}`, ", cast.before, i, cast.behind, i);
    names += fmt::format("{}`__a{}`", i == 0 ? "" : ", ", i);
  }
  head += "row_number() OVER () AS `__row` FROM (";
  Fragment query = {{head, {}}};
  if (!insert.cells.empty()) {
    FRESHET_ASSIGN_OR_RETURN(const Fragment rows, typed_rows(insert, schema, columns));
    query.insert(query.end(), rows.begin(), rows.end());
  } else if (insert.needs_engine) {
    query.push_back({{}, insert.source});
  } else {
    FRESHET_ASSIGN_OR_RETURN(const Fragment rows, literal_rows(insert, schema, columns));
    query.insert(query.end(), rows.begin(), rows.end());
  }
  query.push_back({") AS `__given`(" + names + ")) ", {}});
  return query;
}

Result<MergePlan> plan_of(const Insert& insert, const std::string& database, const storage::TableSnapshot& table) {
  const TableSchema& schema = *table.schema;
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> columns, find_columns(insert, table));
  MergePlan plan;
  plan.statement = insert.text;
  FRESHET_ASSIGN_OR_RETURN(plan.with, source_query(insert, schema, columns));
  plan.database = database;
  plan.table = plan.alias = table.name;
  plan.source = {{"`__new`", {}}};
  plan.order = "`__new`.`__row`";
  plan.repeated = "ON DUPLICATE KEY UPDATE takes each key once in a statement, but several of its rows have the same key";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] >= schema.key_count) continue;
    const std::string condition =
        fmt::format("{}.{} {} {}", backquoted(plan.alias), backquoted(schema.columns[columns[i]].name),
                    schema.columns[columns[i]].nullable ? "<=>" : "=", new_value(i));
    plan.on.push_back({(plan.on.empty() ? "" : " AND ") + condition, {}});
    if (columns[i] != 0 || schema.columns[0].nullable) continue;
    // The engine then looks for rows between the smallest and the largest key only.
    plan.table_condition.push_back(
        {fmt::format("{} IN (SELECT {} FROM `__new`)", backquoted(schema.columns[0].name), new_value(i)), {}});
  }

  const NewValueNames names(insert, schema, columns);
  MergePlan::Action update{MergePlan::ActionKind::kUpdate, {}, {}};
  for (const Assignment& assignment : insert.on_duplicate) {
    const std::optional<size_t> column = schema.find(assignment.column);
    if (!column) return ingest::unknown_column(table, assignment.column);
    if (*column < schema.key_count) {
      FRESHET_ASSIGN_OR_RETURN(const bool stays, names.is_column_itself(assignment.expression, *column, plan.alias));
      if (stays) continue;
      return Status::Unsupported("ON DUPLICATE KEY UPDATE changes value columns only: '{}' is a key column",
                                 assignment.column);
    }
    FRESHET_ASSIGN_OR_RETURN(Fragment value, names.replace(assignment.expression));
    update.values.emplace_back(*column, std::move(value));
  }
  plan.first_row_wins = update.values.empty();
  if (!update.values.empty()) plan.actions.push_back(std::move(update));
  MergePlan::Action added{MergePlan::ActionKind::kInsert, {}, {}};
  for (size_t i = 0; i < columns.size(); ++i) added.values.emplace_back(columns[i], Fragment{{new_value(i), {}}});
  plan.actions.push_back(std::move(added));
  return plan;
}

}  // namespace

bool looks_at_keys(const Insert& insert, const TableSchema& schema) {
  return schema.model == TableModel::kUnique && (insert.ignore || !insert.on_duplicate.empty());
}

Status run_keyed_insert(const Insert& insert, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, insert.table.database));
  MergeCounts counts;
  const auto attempt = [&](const storage::TableSnapshotPtr& table) -> Status {
    FRESHET_ASSIGN_OR_RETURN(const MergePlan plan, plan_of(insert, database, *table));
    FRESHET_ASSIGN_OR_RETURN(counts, merge_rows(plan, context, table));
    return Status::OK();
  };
  FRESHET_RETURN_IF_ERROR(write_what_was_read(context, database, insert.table.table, attempt));
  OkResult result;
  result.affected_rows = counts.inserted + 2 * counts.updated;
  result.found_rows = result.affected_rows + counts.unchanged;
  result.info = fmt::format("Records: {}  Duplicates: {}  Warnings: 0", counts.inserted + counts.updated + counts.unchanged,
                            counts.updated + counts.unchanged);
  return out.ok(result);
}

}  // namespace freshet::query
