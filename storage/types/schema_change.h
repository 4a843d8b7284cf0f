#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "storage/base/ids.h"
#include "storage/types/schema.h"

namespace freshet {

/// Where a column goes: first, behind column `after`, or (neither) at the end when it is new and where it is when not.
struct ColumnPlace {
  bool first = false;
  std::string after;
  bool is_given() const { return first || !after.empty(); }
};

struct AddColumn {
  ColumnSchema column;  ///< id and initial_default are ignored
  ColumnPlace place;
  bool if_not_exists = false;
};
struct DropColumn {
  std::string name;
  bool if_exists = false;
};
struct RenameColumn {
  std::string name;
  std::string new_name;
};
/// Type, nullability, default and, when it has one, comment and name become those of `column`.
struct ModifyColumn {
  std::string name;
  ColumnSchema column;             ///< id, is_key and initial_default are ignored
  bool nullable_is_given = false;  ///< else a key column stays as it is
  ColumnPlace place;
};
/// The new order of all columns, or of all value columns.
struct ReorderColumns {
  std::vector<std::string> names;
};
/// The default of rows that come; nothing of both = none.
struct SetColumnDefault {
  std::string name;
  std::optional<std::string> value;
  bool current_timestamp = false;
};
struct SetColumnComment {
  std::string name;
  std::string comment;
};
struct SetTableComment {
  std::string comment;
};
/// Replaces properties, or adds them; the caller has checked them.
struct SetProperties {
  std::vector<std::pair<std::string, std::string>> properties;
};
/// Gives a kUnique table that has none the hidden sequence column, or the one for flexible updates. The rows that are there
/// have no sequence, which is the smallest.
struct AddHiddenColumn {
  enum class Use : uint8_t { kSequence, kFlexibleUpdates };
  Use use = Use::kSequence;
  DataType type;
};
using SchemaChange = std::variant<AddColumn, DropColumn, RenameColumn, ModifyColumn, ReorderColumns, SetColumnDefault,
                                  SetColumnComment, SetTableComment, SetProperties, AddHiddenColumn>;

/// What one ALTER TABLE does to a table: all of it or nothing.
struct TableChange {
  std::vector<SchemaChange> columns;  ///< in this order
  std::string new_name;               ///< of the table; empty: it keeps its name
  /// The table that the changes were made for: Conflict when the name is another one's by now.
  std::optional<TableId> table = std::nullopt;
  bool is_empty() const { return columns.empty() && new_name.empty(); }
};

/// The schema after `changes`, one after another, as the next version of `schema`; the same version when none of them does
/// anything (IF EXISTS). Only changes after which every stored byte still serves: keys and the columns that choose a bucket
/// keep their type, NULL and place, values widen, and nothing becomes NOT NULL. Everything else is an error that says what,
/// why, and what to do instead; then none of the changes is made.
///
/// A new column gets an id that was never used, and its default of now (`now_micros` serves CURRENT_TIMESTAMP) as the value
/// that the rows before it have for ever. Pure.
Result<TableSchema> change_schema(const TableSchema& schema, std::span<const SchemaChange> changes, int64_t now_micros);

}  // namespace freshet
