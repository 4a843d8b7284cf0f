#include "query/dml/select_text.h"

#include <algorithm>

namespace freshet::query {
namespace {

void add_table(SelectText& select, const ChangedRows& rows, const std::string& database) {
  select.add(backquoted(database) + "." + backquoted(rows.table.table));
  for (size_t i = 0; i < rows.partitions.size(); ++i) {
    select.add(i == 0 ? " PARTITION (" : ", ").add(backquoted(rows.partitions[i]));
  }
  if (!rows.partitions.empty()) select.add(")");
  const std::string& alias = rows.alias.empty() ? rows.table.table : rows.alias;
  if (!rows.alias.empty() || !rows.partitions.empty()) select.add(" AS " + backquoted(alias));
}

}  // namespace

Result<SelectText> SelectText::begin(std::string_view statement) {
  SelectText select;
  select.statement_ = statement;
  FRESHET_ASSIGN_OR_RETURN(select.offsets_, placeholder_offsets(statement));
  return select;
}

SelectText& SelectText::add_piece(std::string_view piece) {
  const size_t begin = static_cast<size_t>(piece.data() - statement_.data());
  const auto first = std::lower_bound(offsets_.begin(), offsets_.end(), begin);
  const auto last = std::lower_bound(first, offsets_.end(), begin + piece.size());
  for (auto offset = first; offset != last; ++offset) used_.push_back(static_cast<size_t>(offset - offsets_.begin()));
  text_ += ' ';
  text_ += piece;
  // A comment at the end of a piece must not swallow what comes next.
  text_ += '\n';
  return *this;
}

Result<std::vector<Parameter>> SelectText::parameters(std::span<const Parameter> given) const {
  if (given.size() != offsets_.size()) {
    return Status::InvalidArgument("the statement has {} parameters, {} were given", offsets_.size(), given.size());
  }
  std::vector<Parameter> values;
  for (size_t position : used_) values.push_back(given[position]);
  return values;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

void add_item(SelectText& select, const SelectItem& item) {
  if (item.placeholder) {
    select.add_placeholder(*item.placeholder);
  } else if (item.piece.empty()) {
    select.add(item.words);
  } else {
    select.add_piece(item.piece);
  }
}

Result<SelectItem> default_item(const ColumnSchema& column) {
  if (column.default_current_timestamp) return SelectItem{"UTC_TIMESTAMP(6)", {}};
  if (column.default_value) return SelectItem{quoted(*column.default_value), {}};
  if (column.nullable || column.auto_increment) return SelectItem{"NULL", {}};
  return Status::InvalidArgument("Field '{}' doesn't have a default value", column.name);
}

std::string qualified(const ChangedRows& rows, std::string_view column) {
  return backquoted(rows.alias.empty() ? rows.table.table : rows.alias) + "." + backquoted(column);
}

Result<SelectText> select_of(const ChangedRows& rows, const std::string& database, std::span<const SelectItem> items) {
  FRESHET_ASSIGN_OR_RETURN(SelectText select, SelectText::begin(rows.text));
  if (!rows.with.empty()) select.add_piece(rows.with);
  select.add("SELECT ");
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) select.add(", ");
    select.add("(");
    add_item(select, items[i]);
    select.add(fmt::format(") AS `__c{}`", i));
  }
  select.add(" FROM ");
  if (!rows.sources_have_table) {
    add_table(select, rows, database);
    if (!rows.sources.empty()) select.add(", ");
  }
  if (!rows.sources.empty()) select.add_piece(rows.sources);
  if (!rows.where.empty()) select.add(" WHERE ").add_piece(rows.where);
  if (!rows.tail.empty()) select.add(" ").add_piece(rows.tail);
  return select;
}

}  // namespace freshet::query
