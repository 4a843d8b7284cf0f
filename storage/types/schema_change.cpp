#include "storage/types/schema_change.h"

#include <algorithm>

#include "storage/base/limits.h"
#include "storage/types/schema_mapping.h"
#include "storage/types/sequence.h"
#include "storage/types/table_options.h"
#include "storage/types/value_text.h"
#include "storage/types/widening.h"

namespace freshet {
namespace {

constexpr std::string_view kRebuild = "make a new table with the change and INSERT INTO it SELECT ... FROM this one";

/// A value in the text that reads back as the same value.
std::optional<std::string> text_of(const Column& values) {
  if (values.is_null(0)) return std::nullopt;
  std::string text;
  format_value(values, 0, text);
  return text;
}

/// One schema while it is changed.
class SchemaEditor {
 public:
  SchemaEditor(const TableSchema& schema, int64_t now_micros) : schema_(schema), now_micros_(now_micros) {
    for (size_t position : schema.bucket_columns) bucket_columns_.push_back(schema.columns[position].id);
    const auto hidden = schema_.columns.begin() + static_cast<ptrdiff_t>(schema_.visible_count());
    hidden_.assign(hidden, schema_.columns.end());
    schema_.columns.erase(hidden, schema_.columns.end());
  }

  Status apply(const AddColumn& change);
  Status apply(const DropColumn& change);
  Status apply(const RenameColumn& change);
  Status apply(const ModifyColumn& change);
  Status apply(const ReorderColumns& change);
  Status apply(const SetColumnDefault& change);
  Status apply(const SetColumnComment& change);
  Status apply(const SetTableComment& change);
  Status apply(const SetProperties& change);
  Status apply(const AddHiddenColumn& change);

  TableSchema finish() {
    schema_.columns.insert(schema_.columns.end(), hidden_.begin(), hidden_.end());
    if (!is_changed_) return std::move(schema_);
    ++schema_.version;
    schema_.bucket_columns.clear();
    for (ColumnId id : bucket_columns_) schema_.bucket_columns.push_back(*schema_.find(id));
    return std::move(schema_);
  }

 private:
  std::vector<ColumnSchema>& columns() { return schema_.columns; }
  auto at(size_t position) { return schema_.columns.begin() + static_cast<ptrdiff_t>(position); }
  bool chooses_bucket(const ColumnSchema& column) const {
    return std::find(bucket_columns_.begin(), bucket_columns_.end(), column.id) != bucket_columns_.end();
  }
  /// Why the bytes of a column are not to be touched; empty when they may be.
  std::string_view fixed_role(const ColumnSchema& column) const {
    if (column.is_key) return "it is part of the key, by which rows are stored";
    if (column.is_sequence) return "it is the sequence column, which decides between the rows of a key";
    return chooses_bucket(column) ? "rows are distributed to buckets by it" : "";
  }

  Result<size_t> find(const std::string& name) const {
    if (const auto position = schema_.find(name)) return *position;
    const std::optional<std::string> closest = schema_.closest_name(name);
    return Status::NotFound("Unknown column '{}'{}", name, closest ? "; did you mean '" + *closest + "'?" : "");
  }
  Status check_new_name(const std::string& name) const {
    if (name.empty() || name.size() > kMaxNameBytes) {
      return Status::InvalidArgument("Incorrect column name '{}': it must have 1 to {} bytes", name, kMaxNameBytes);
    }
    if (!schema_.find(name)) return Status::OK();
    return Status::AlreadyExists("Duplicate column name '{}'", name);
  }
  /// Moves a value column from `from` to its place.
  Status move(size_t from, const ColumnPlace& place);
  Status set_initial_default(ColumnSchema& column) const;
  Status check_modified(const ColumnSchema& old, const ColumnSchema& now) const;

  TableSchema schema_;
  const int64_t now_micros_;
  std::vector<ColumnId> bucket_columns_;
  std::vector<ColumnSchema> hidden_;  ///< behind the others
  bool is_changed_ = false;
};

Status SchemaEditor::move(size_t from, const ColumnPlace& place) {
  size_t to = columns().size() - 1;
  if (place.first) {
    to = 0;
  } else if (!place.after.empty()) {
    FRESHET_ASSIGN_OR_RETURN(const size_t before, find(place.after));
    if (before == from) return Status::InvalidArgument("Column '{}' cannot come AFTER itself", place.after);
    to = before < from ? before + 1 : before;
  }
  if (to < schema_.key_count) {
    return Status::InvalidArgument("Column '{}' cannot come before a key column: the key columns are first; say AFTER {}",
                                   columns()[from].name, columns()[schema_.key_count - 1].name);
  }
  if (to < from) {
    std::rotate(at(to), at(from), at(from + 1));
  } else {
    std::rotate(at(from), at(from + 1), at(to + 1));
  }
  return Status::OK();
}

Status SchemaEditor::set_initial_default(ColumnSchema& column) const {
  if (!column.nullable && !column.default_value && !column.default_current_timestamp) {
    return Status::InvalidArgument(
        "Column '{}' is NOT NULL and has no DEFAULT, but the rows that are there need a value: give it a DEFAULT, or let it "
        "be NULL",
        column.name);
  }
  Column values(column.type);
  FRESHET_RETURN_IF_ERROR(append_default(column, now_micros_, values));
  column.initial_default = text_of(values);
  return Status::OK();
}

Status SchemaEditor::apply(const AddColumn& change) {
  ColumnSchema column = change.column;
  if (change.if_not_exists && schema_.find(column.name)) return Status::OK();
  FRESHET_RETURN_IF_ERROR(check_new_name(column.name));
  if (columns().size() >= kMaxColumns) {
    return Status::InvalidArgument("Too many columns: a table has at most {}", kMaxColumns);
  }
  if (column.is_key) {
    return Status::Unsupported("Column '{}' cannot be added as a KEY: the key of every row would change; {}", column.name,
                               kRebuild);
  }
  if (column.auto_increment) {
    return Status::Unsupported(
        "Column '{}' cannot be added with AUTO_INCREMENT: the rows that are there would need numbers; {}", column.name,
        kRebuild);
  }
  FRESHET_RETURN_IF_ERROR(check_aggregation(schema_.model, column));
  FRESHET_RETURN_IF_ERROR(set_initial_default(column));
  column.id = schema_.next_column_id;
  schema_.next_column_id = schema_.next_column_id.next();
  columns().push_back(std::move(column));
  is_changed_ = true;
  return move(columns().size() - 1, change.place);
}

Status SchemaEditor::apply(const DropColumn& change) {
  const auto position = schema_.find(change.name);
  if (!position) {
    if (change.if_exists) return Status::OK();
    return Status::NotFound("Can't DROP '{}'; check that column/key exists", change.name);
  }
  const ColumnSchema& column = columns()[*position];
  if (const std::string_view role = fixed_role(column); !role.empty()) {
    return Status::Unsupported("Column '{}' cannot be dropped: {}; {}", column.name, role, kRebuild);
  }
  columns().erase(at(*position));
  is_changed_ = true;
  return Status::OK();
}

Status SchemaEditor::apply(const RenameColumn& change) {
  FRESHET_ASSIGN_OR_RETURN(const size_t position, find(change.name));
  if (columns()[position].is_sequence) {
    return Status::Unsupported("Column '{}' cannot be renamed: the property {} names it", change.name, kSequenceColProperty);
  }
  // Another spelling of its own name is no duplicate.
  if (!same_name(change.name, change.new_name)) FRESHET_RETURN_IF_ERROR(check_new_name(change.new_name));
  columns()[position].name = change.new_name;
  is_changed_ = true;
  return Status::OK();
}

Status SchemaEditor::check_modified(const ColumnSchema& old, const ColumnSchema& now) const {
  const std::string_view role = fixed_role(old);
  if (!role.empty() && old.type != now.type) {
    return Status::Unsupported("Column '{}' cannot become {}: {}; {}", old.name, now.type.to_string(), role, kRebuild);
  }
  if (!role.empty() && old.nullable != now.nullable) {
    return Status::Unsupported("Column '{}' cannot become {}: {}; {}", old.name, now.nullable ? "NULL" : "NOT NULL", role,
                               kRebuild);
  }
  if (!can_widen(old.type, now.type)) {
    return Status::Unsupported(
        "Column '{}' cannot become {}: not every {} is one. A column can be widened (a larger integer, "
        "FLOAT to DOUBLE, more digits of a DECIMAL at its scale, a longer VARCHAR, STRING); for the rest add a column, or "
        "{}",
        old.name, now.type.to_string(), old.type.to_string(), kRebuild);
  }
  if (old.nullable && !now.nullable) {
    return Status::Unsupported("Column '{}' cannot become NOT NULL: rows that are there may have NULL; {}", old.name,
                               kRebuild);
  }
  if (old.auto_increment != now.auto_increment) {
    return Status::Unsupported("Column '{}': AUTO_INCREMENT cannot be {} later; {}", old.name,
                               now.auto_increment ? "added" : "taken away", kRebuild);
  }
  return Status::OK();
}

Status SchemaEditor::apply(const ModifyColumn& change) {
  FRESHET_ASSIGN_OR_RETURN(const size_t position, find(change.name));
  const ColumnSchema& old = columns()[position];
  ColumnSchema now = change.column;
  if (now.is_key && !old.is_key) {
    return Status::Unsupported("Column '{}' cannot become a KEY: the key of every row would change; {}", old.name, kRebuild);
  }
  now.id = old.id;
  now.is_key = old.is_key;
  now.is_sequence = old.is_sequence;
  if (old.is_key && !change.nullable_is_given) now.nullable = old.nullable;
  if (now.comment.empty()) now.comment = old.comment;
  if (now.aggregation != old.aggregation) {
    return Status::Unsupported(
        "Can not change aggregation type: column '{}' has {}, and its values are combined so already; {}", old.name,
        aggregation_name(old.aggregation), kRebuild);
  }
  FRESHET_RETURN_IF_ERROR(check_modified(old, now));
  if (!same_name(old.name, now.name)) {
    FRESHET_RETURN_IF_ERROR(check_new_name(now.name));
    if (old.is_sequence) {
      return Status::Unsupported("Column '{}' cannot be renamed: the property {} names it", old.name, kSequenceColProperty);
    }
  }
  if (old.initial_default) {
    Column values(old.type);
    append_missing_column(old, 1, values);
    now.initial_default = text_of(widen_column(values, now.type));
  }
  columns()[position] = std::move(now);
  is_changed_ = true;
  if (!change.place.is_given()) return Status::OK();
  if (columns()[position].is_key) {
    return Status::Unsupported("Column '{}' cannot be moved: the key columns keep their order, by which rows are sorted; {}",
                               columns()[position].name, kRebuild);
  }
  return move(position, change.place);
}

Status SchemaEditor::apply(const ReorderColumns& change) {
  std::vector<size_t> order;
  for (const std::string& name : change.names) {
    FRESHET_ASSIGN_OR_RETURN(const size_t position, find(name));
    if (std::find(order.begin(), order.end(), position) != order.end()) {
      return Status::InvalidArgument("ORDER BY names column '{}' twice", name);
    }
    order.push_back(position);
  }
  const bool names_keys =
      std::any_of(order.begin(), order.end(), [&](size_t position) { return position < schema_.key_count; });
  if (names_keys) {
    for (size_t i = 0; i < schema_.key_count; ++i) {
      if (i < order.size() && order[i] == i) continue;
      return Status::Unsupported(
          "ORDER BY cannot move key columns, by which rows are sorted: begin with {} in this order, or name value columns "
          "only",
          columns()[i].name);
    }
    order.erase(order.begin(), order.begin() + static_cast<ptrdiff_t>(schema_.key_count));
  }
  if (order.size() != columns().size() - schema_.key_count) {
    for (size_t position = schema_.key_count; position < columns().size(); ++position) {
      if (std::find(order.begin(), order.end(), position) != order.end()) continue;
      return Status::InvalidArgument("ORDER BY must name every value column; '{}' is missing", columns()[position].name);
    }
  }
  std::vector<ColumnSchema> ordered(at(0), at(schema_.key_count));
  for (size_t position : order) ordered.push_back(std::move(columns()[position]));
  columns() = std::move(ordered);
  is_changed_ = true;
  return Status::OK();
}

Status SchemaEditor::apply(const SetColumnDefault& change) {
  FRESHET_ASSIGN_OR_RETURN(const size_t position, find(change.name));
  ColumnSchema now = columns()[position];
  now.default_value = change.value;
  now.default_current_timestamp = change.current_timestamp;
  now.on_update_current_timestamp = now.on_update_current_timestamp && change.current_timestamp;
  if (change.value || change.current_timestamp) {
    if (now.auto_increment) {
      return Status::InvalidArgument("Column '{}': AUTO_INCREMENT allows no DEFAULT", now.name);
    }
    Column values(now.type);
    FRESHET_RETURN_IF_ERROR(append_default(now, now_micros_, values));
  }
  columns()[position] = std::move(now);
  is_changed_ = true;
  return Status::OK();
}

Status SchemaEditor::apply(const SetColumnComment& change) {
  FRESHET_ASSIGN_OR_RETURN(const size_t position, find(change.name));
  columns()[position].comment = change.comment;
  is_changed_ = true;
  return Status::OK();
}

Status SchemaEditor::apply(const SetTableComment& change) {
  schema_.comment = change.comment;
  is_changed_ = true;
  return Status::OK();
}

Status SchemaEditor::apply(const SetProperties& change) {
  for (const auto& [name, value] : change.properties) {
    const auto known = std::find_if(schema_.properties.begin(), schema_.properties.end(),
                                    [&, &name = name](const auto& property) { return property.first == name; });
    if (known == schema_.properties.end()) {
      schema_.properties.emplace_back(name, value);
    } else {
      known->second = value;
    }
    is_changed_ = true;
  }
  return Status::OK();
}

Status SchemaEditor::apply(const AddHiddenColumn& change) {
  if (schema_.model != TableModel::kUnique) return Status::InvalidArgument("only UNIQUE KEY tables have such columns");
  const bool is_sequence = change.use == AddHiddenColumn::Use::kSequence;
  const auto is_there = [&](const ColumnSchema& column) {
    return is_sequence ? column.is_sequence : column.name == kSkipBitmapColumn;
  };
  if (std::any_of(columns().begin(), columns().end(), is_there) || std::any_of(hidden_.begin(), hidden_.end(), is_there)) {
    return Status::AlreadyExists("the table has {} already", is_sequence ? "a sequence column" : "a skip bitmap column");
  }
  TableSchema added;
  if (is_sequence) {
    add_sequence(added, std::nullopt, change.type);
  } else {
    add_hidden_column(added, kSkipBitmapColumn, change.type);
  }
  for (ColumnSchema& column : added.columns) {
    column.id = schema_.next_column_id;
    schema_.next_column_id = schema_.next_column_id.next();
    hidden_.push_back(std::move(column));
  }
  is_changed_ = true;
  return Status::OK();
}

}  // namespace

Result<TableSchema> change_schema(const TableSchema& schema, std::span<const SchemaChange> changes, int64_t now_micros) {
  SchemaEditor editor(schema, now_micros);
  for (const SchemaChange& change : changes) {
    FRESHET_RETURN_IF_ERROR(std::visit([&](const auto& one) { return editor.apply(one); }, change));
  }
  return editor.finish();
}

}  // namespace freshet
