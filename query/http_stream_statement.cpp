#include "query/http_stream_statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "query/ddl/parser_rules.h"
#include "query/dialect/token_cursor.h"
#include "storage/base/limits.h"
#include "storage/types/schema.h"

namespace freshet::query {
namespace {

using ingest::LoadFormat;
using Properties = std::vector<std::pair<std::string, std::string>>;

/// The statement in its parts.
struct HttpStream {
  TableName target;
  std::string label;
  std::vector<std::string> columns;  ///< empty = all
  bool is_star = false;
  std::vector<std::string_view> items;
  Properties properties;
  std::string_view where;
};

Result<HttpStream> parse_statement(TokenCursor& cursor) {
  HttpStream stream;
  FRESHET_RETURN_IF_ERROR(cursor.expect("INSERT INTO"));
  FRESHET_ASSIGN_OR_RETURN(stream.target, parse_table_name(cursor));
  if (cursor.accept("WITH LABEL")) {
    FRESHET_ASSIGN_OR_RETURN(stream.label, cursor.name("a label"));
  }
  if (cursor.at_operator("(")) {
    FRESHET_ASSIGN_OR_RETURN(stream.columns, cursor.name_list("a column name"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("SELECT"));
  stream.is_star = cursor.accept_operator("*");
  const auto ends_item = [](const TokenCursor& at) { return at.at_operator(",") || at.at("FROM") || at.at("AS"); };
  while (!stream.is_star) {
    FRESHET_ASSIGN_OR_RETURN(stream.items.emplace_back(), cursor.text_until("an expression", ends_item));
    if (cursor.accept("AS")) FRESHET_RETURN_IF_ERROR(cursor.name("an alias").status());
    if (!cursor.accept_operator(",")) break;
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("FROM"));
  FRESHET_RETURN_IF_ERROR(cursor.expect("HTTP_STREAM"));
  FRESHET_ASSIGN_OR_RETURN(stream.properties, cursor.properties());
  if (cursor.accept("WHERE")) {
    const auto ends_condition = [](const TokenCursor& at) {
      return at.at("GROUP BY") || at.at("ORDER BY") || at.at("LIMIT");
    };
    FRESHET_ASSIGN_OR_RETURN(stream.where, cursor.text_until("a condition", ends_condition));
  }
  if (!cursor.at_end()) return cursor.error("the end: of http_stream(...) there is WHERE only, no joins, groups or limits");
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return stream;
}

/// The number of a CSV field by its name, "c12"; 0 = it is none.
size_t field_number(std::string_view name) {
  size_t number = 0;
  if (name.size() < 2 || (name[0] != 'c' && name[0] != 'C')) return 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() && number <= kMaxColumns ? number : 0;
}

std::string source_name(size_t field) { return fmt::format("__http_stream_{}", field); }

/// An expression with the fields under names that no column of the table has.
struct CsvExpression {
  std::string text;
  std::set<size_t> fields;    ///< that it names
  bool is_one_field = false;  ///< and nothing else
};

Result<CsvExpression> with_source_names(std::string_view text) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<Token> tokens, tokenize(text));
  CsvExpression expression;
  size_t copied = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool is_column =
        tokens[i].is_name() && !tokens[i + 1].is_operator("(") && (i == 0 || !tokens[i - 1].is_operator("."));
    const size_t field = is_column ? field_number(unquote(tokens[i])) : 0;
    if (field == 0) continue;
    expression.text.append(text, copied, tokens[i].offset - copied);
    expression.text += source_name(field);
    copied = tokens[i].end();
    expression.fields.insert(field);
    expression.is_one_field = i == 0 && tokens[1].kind == TokenKind::kEnd;
  }
  expression.text.append(text, copied);
  return expression;
}

Status fill_from_csv(const HttpStream& stream, const std::vector<std::string>& columns, ingest::LoadRequest& request) {
  if (stream.is_star) {
    request.columns = columns;
    return Status::OK();
  }
  std::vector<CsvExpression> expressions;
  for (std::string_view item : stream.items) {
    FRESHET_ASSIGN_OR_RETURN(expressions.emplace_back(), with_source_names(item));
  }
  FRESHET_ASSIGN_OR_RETURN(const CsvExpression where, with_source_names(stream.where));
  request.preceding_filter = where.text;
  std::map<size_t, size_t> uses;  // of each field
  for (const size_t field : where.fields) ++uses[field];
  for (const CsvExpression& expression : expressions) {
    for (const size_t field : expression.fields) ++uses[field];
  }
  if (uses.empty()) return Status::InvalidArgument("no field of the rows is selected: they are called c1, c2, ...");
  request.takes_more_fields = true;
  for (size_t field = 1; field <= uses.rbegin()->first; ++field) request.columns.push_back(source_name(field));
  for (size_t i = 0; i < expressions.size(); ++i) {
    // A field that is one column and nothing else is read as that column, with the rules of its type.
    const size_t field = expressions[i].is_one_field ? *expressions[i].fields.begin() : 0;
    if (field != 0 && uses[field] == 1) {
      request.columns[field - 1] = columns[i];
    } else {
      request.expressions.push_back({columns[i], expressions[i].text});
    }
  }
  return Status::OK();
}

Status fill_from_json(const HttpStream& stream, const std::vector<std::string>& columns, ingest::LoadRequest& request) {
  if (!stream.where.empty()) {
    return Status::Unsupported("http_stream of JSON has no WHERE here: send a Stream Load with the header where");
  }
  if (stream.is_star) return Status::OK();
  if (!request.jsonpaths.empty()) return Status::InvalidArgument("with jsonpaths, select * from http_stream(...)");
  for (std::string_view item : stream.items) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<Token> tokens, tokenize(item));
    if (!tokens[0].is_name() || tokens[1].kind != TokenKind::kEnd) {
      return Status::Unsupported(
          "http_stream of JSON takes names of fields, not '{}': send a Stream Load with expressions in its header columns",
          item);
    }
    request.jsonpaths.push_back("$." + unquote(tokens[0]));
  }
  request.columns = columns;
  return Status::OK();
}

}  // namespace

Result<ingest::LoadRequest> parse_http_stream(std::string_view sql, Properties properties, const ColumnNamesOf& columns_of) {
  FRESHET_ASSIGN_OR_RETURN(TokenCursor cursor, TokenCursor::open(sql));
  FRESHET_ASSIGN_OR_RETURN(HttpStream stream, parse_statement(cursor));
  if (stream.target.database.empty()) return Status::InvalidArgument("name the table with its database: INSERT INTO db.t");
  std::erase_if(properties, [](const auto& property) { return same_name(property.first, "sql"); });
  properties.insert(properties.end(), stream.properties.begin(), stream.properties.end());
  ingest::LoadRequest request;
  FRESHET_RETURN_IF_ERROR(ingest::apply_load_properties(properties, request));
  if (!request.columns.empty() || !request.expressions.empty() || !request.where.empty()) {
    return Status::InvalidArgument("columns and where belong into the statement of http_stream, not into headers");
  }
  request.database = stream.target.database;
  request.table = stream.target.table;
  if (!stream.label.empty()) request.label = stream.label;
  std::vector<std::string> columns = stream.columns;
  if (columns.empty()) {
    FRESHET_ASSIGN_OR_RETURN(columns, columns_of(request.database, request.table));
  }
  if (!stream.is_star && stream.items.size() != columns.size()) {
    return Status::InvalidArgument("Column count doesn't match value count: {} columns and {} expressions", columns.size(),
                                   stream.items.size());
  }
  Status filled;
  switch (request.format) {
    case LoadFormat::kCsv: filled = fill_from_csv(stream, columns, request); break;
    case LoadFormat::kJson: filled = fill_from_json(stream, columns, request); break;
    default: return Status::Unsupported("http_stream takes the formats csv and json here: send a Stream Load");
  }
  if (!filled.ok()) return filled;
  return request;
}

}  // namespace freshet::query
