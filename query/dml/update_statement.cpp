#include "query/dml/update_statement.h"

#include <algorithm>

#include "ingest/row_inserter.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

/// Positions of the assigned columns.
Result<std::vector<size_t>> find_assigned(const Update& statement, const storage::TableSnapshot& table) {
  const TableSchema& schema = *table.schema;
  if (schema.model != TableModel::kUnique) {
    return Status::Unsupported("Only unique table could be updated: rows of {}.{}, {}, have no key of their own",
                               table.database_name, table.name,
                               schema.is_aggregate() ? "an AGGREGATE table, hold sums and" : "a DUPLICATE table");
  }
  std::vector<size_t> assigned;
  for (const Assignment& assignment : statement.assignments) {
    const std::optional<size_t> column = schema.find(assignment.column);
    if (!column || (*column >= schema.visible_count() && column != schema.sequence_column())) {
      return ingest::unknown_column(table, assignment.column);
    }
    if (*column < schema.key_count) {
      return Status::Unsupported(
          "Only value columns of unique table could be updated: '{}' is a key column; INSERT the row with its new key and "
          "DELETE the old one",
          assignment.column);
    }
    if (std::find(assigned.begin(), assigned.end(), *column) != assigned.end()) {
      return Status::InvalidArgument("Column '{}' specified twice", assignment.column);
    }
    assigned.push_back(*column);
  }
  return assigned;
}

/// Key columns, new values, old values.
Result<SelectText> select_rows(const Update& statement, const std::string& database, const TableSchema& schema,
                               std::span<const size_t> assigned) {
  std::vector<SelectItem> items;
  for (size_t i = 0; i < schema.key_count; ++i) items.push_back({qualified(statement.rows, schema.columns[i].name), {}});
  for (size_t i = 0; i < assigned.size(); ++i) {
    SelectItem item{{}, statement.assignments[i].expression};
    if (equals_word(item.piece, "DEFAULT")) {
      FRESHET_ASSIGN_OR_RETURN(item, default_item(schema.columns[assigned[i]]));
    }
    items.push_back(std::move(item));
  }
  for (size_t column : assigned) items.push_back({qualified(statement.rows, schema.columns[column].name), {}});
  return select_of(statement.rows, database, items);
}

struct UpdateCounts {
  uint64_t matched = 0;
  uint64_t changed = 0;
};

/// Takes the rows that stay as they are out of blocks of keys, new values and old values.
class ChangedValues {
 public:
  ChangedValues(const TableSchema& schema, std::span<const size_t> assigned)
      : key_count_(schema.key_count), assigned_(assigned), block_(Block::for_schema(schema)) {}

  /// The rows that change, laid out for the table.
  Block& take(const Block& answer) {
    std::vector<uint32_t> changed;
    for (uint32_t row = 0; row < answer.row_count(); ++row) {
      if (is_changed(answer, row)) changed.push_back(row);
    }
    block_.clear();
    for (size_t i = 0; i < key_count_; ++i) block_.columns[i].append_gather(answer.columns[i], changed);
    for (size_t i = 0; i < assigned_.size(); ++i) {
      block_.columns[assigned_[i]].append_gather(answer.columns[key_count_ + i], changed);
    }
    return block_;
  }

 private:
  bool is_changed(const Block& answer, uint32_t row) const {
    for (size_t i = key_count_; i < key_count_ + assigned_.size(); ++i) {
      if (!answer.columns[i].has_same_value(row, answer.columns[i + assigned_.size()], row)) return true;
    }
    return false;
  }

  const size_t key_count_;
  const std::span<const size_t> assigned_;
  Block block_;
};

Result<UpdateCounts> update(const Update& statement, const std::string& database, const WriteContext& context,
                            const storage::TableSnapshotPtr& table) {
  const TableSchema& schema = *table->schema;
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> assigned, find_assigned(statement, *table));
  FRESHET_ASSIGN_OR_RETURN(const SelectText select, select_rows(statement, database, schema, assigned));
  std::vector<TargetColumn> targets = first_columns(schema, schema.key_count);
  std::vector<std::string> columns;
  for (size_t i = 0; i < schema.key_count; ++i) columns.push_back(schema.columns[i].name);
  for (int times = 0; times < 2; ++times) {
    for (size_t column : assigned) targets.push_back(target_of(schema.columns[column]));
  }
  for (size_t column : assigned) columns.push_back(schema.columns[column].name);

  FRESHET_ASSIGN_OR_RETURN(const auto inserter, ingest::RowInserter::begin(context.services.storage, table, columns, false,
                                                                           true, write_options(context, table)));
  UpdateCounts counts;
  ChangedValues changed(schema, assigned);
  const size_t distinct = statement.rows.sources.empty() ? 0 : schema.key_count;
  FRESHET_RETURN_IF_ERROR(stream_rows(context, select, distinct, targets, [&](Block& answer) {
    counts.matched += answer.row_count();
    Block& rows = changed.take(answer);
    return rows.row_count() == 0 ? Status::OK() : inserter->append_columns(rows);
  }));
  counts.changed = inserter->row_count();
  FRESHET_RETURN_IF_ERROR(write_rows(context, *inserter).status());
  return counts;
}

}  // namespace

Status run_update(const Update& statement, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, statement.rows.table.database));
  UpdateCounts counts;
  const auto attempt = [&](const storage::TableSnapshotPtr& table) -> Status {
    FRESHET_ASSIGN_OR_RETURN(counts, update(statement, database, context, table));
    return Status::OK();
  };
  FRESHET_RETURN_IF_ERROR(write_what_was_read(context, database, statement.rows.table.table, attempt));
  OkResult result;
  result.affected_rows = counts.changed;
  result.found_rows = counts.matched;
  result.info = fmt::format("Rows matched: {}  Changed: {}  Warnings: 0", counts.matched, counts.changed);
  return out.ok(result);
}

Result<SelectText> explain_update(const Update& statement, const WriteContext& context) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, statement.rows.table.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table,
                           find_table(*context.services.storage.snapshot(), database, statement.rows.table.table));
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> assigned, find_assigned(statement, *table));
  return select_rows(statement, database, *table->schema, assigned);
}

}  // namespace freshet::query
