#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/ddl/statement.h"
#include "query/session.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// A SELECT in MySQL's dialect put together of pieces of a statement and of words of our own. A piece's placeholders go with
/// it, so they may stand in another order than in the statement.
class SelectText {
 public:
  /// `statement` is the text that pieces are views of, and outlives this object.
  static Result<SelectText> begin(std::string_view statement);

  /// Words of our own, without placeholders.
  SelectText& add(std::string_view words) {
    text_ += words;
    return *this;
  }
  /// A part of the statement. Comes between blanks, so that it runs together with nothing.
  SelectText& add_piece(std::string_view piece);

  /// A placeholder that stands for the statement's placeholder `position`.
  SelectText& add_placeholder(size_t position) {
    used_.push_back(position);
    return add("?");
  }

  const std::string& text() const { return text_; }
  /// Values for the placeholders of text(), out of those for the statement's. InvalidArgument when the statement's are not
  /// as many as `given`.
  Result<std::vector<Parameter>> parameters(std::span<const Parameter> given) const;

 private:
  std::string_view statement_;
  std::vector<size_t> offsets_;  ///< of the statement's placeholders
  std::vector<size_t> used_;     ///< of text(): positions in offsets_
  std::string text_;
};

/// A column of the answer, or a part of one: words of our own, a piece of the statement, or one of its placeholders.
struct SelectItem {
  std::string words;
  std::string_view piece;
  std::optional<size_t> placeholder = std::nullopt;
};
/// Appends one.
void add_item(SelectText& select, const SelectItem& item);
/// `text` as a string of MySQL's dialect.
std::string quoted(std::string_view text);

/// The default of a column, what DEFAULT means as an expression. InvalidArgument when it has none.
Result<SelectItem> default_item(const ColumnSchema& column);

/// `WITH ... SELECT items FROM table, sources WHERE ... ORDER BY ... LIMIT ...` for the rows that `rows` describes; the
/// items are named __c0, __c1, ... `database` is that of the table.
Result<SelectText> select_of(const ChangedRows& rows, const std::string& database, std::span<const SelectItem> items);

/// `alias.column`, or `table.column`.
std::string qualified(const ChangedRows& rows, std::string_view column);

}  // namespace freshet::query
