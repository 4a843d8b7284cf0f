#include "query/dml/typed_rows.h"

#include "query/duckdb/engine.h"

namespace freshet::query {
namespace {

/// The default that a cell asks for; nothing when it is an expression.
Result<std::optional<SelectItem>> default_of(std::string_view cell, const TableSchema& schema, size_t column) {
  Tokenizer tokenizer(cell);
  if (!tokenizer.next().is_word("DEFAULT")) return std::optional<SelectItem>();
  Token token = tokenizer.next();
  if (token.is_operator("(")) {
    const std::string name = unquote(tokenizer.next());
    const std::optional<size_t> named = schema.find(name);
    if (!named) return Status::InvalidArgument("Unknown column '{}' in 'field list'", name);
    column = *named;
    if (!tokenizer.next().is_operator(")")) return std::optional<SelectItem>();
    token = tokenizer.next();
  }
  if (token.kind != TokenKind::kEnd) return std::optional<SelectItem>();
  FRESHET_ASSIGN_OR_RETURN(SelectItem item, default_item(schema.columns[column]));
  return std::optional(std::move(item));
}

}  // namespace

CastWords cast_words(const DataType& type) {
  const std::string name = engine_type_name(type);
  if (name.empty()) return {"(", ")"};
  if (name == "VARCHAR") return {"CAST((", ") AS CHAR)"};
  return {"(", ")::" + name};
}

Result<Fragment> typed_rows(const Insert& insert, const TableSchema& schema, const std::vector<size_t>& columns) {
  if (insert.width != columns.size()) return Status::InvalidArgument("Column count doesn't match value count at row 1");
  Fragment rows;
  for (size_t i = 0; i < insert.cells.size(); ++i) {
    const size_t column = columns[i % insert.width];
    const CastWords cast = cast_words(schema.columns[column].type);
    const std::string_view before = i == 0 ? "VALUES (" : i % insert.width == 0 ? "), (" : ", ";
    FRESHET_ASSIGN_OR_RETURN(auto item, default_of(insert.cells[i], schema, column));
    rows.push_back({std::string(before) + cast.before, {}});
    rows.push_back(item ? std::move(*item) : SelectItem{{}, insert.cells[i]});
    // A comment at the end of a cell must not swallow what comes next.
    rows.push_back({"\n" + cast.behind, {}});
  }
  rows.push_back({")", {}});
  return rows;
}

}  // namespace freshet::query
