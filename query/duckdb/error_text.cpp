#include "query/duckdb/error_text.h"

#include <algorithm>

namespace freshet::query {
namespace {

using duckdb::ExceptionType;

std::string extra(const duckdb::ErrorData& error, const std::string& key) {
  const auto found = error.ExtraInfo().find(key);
  return found == error.ExtraInfo().end() ? "" : found->second;
}

/// The first paragraph: what follows are hints for DuckDB's shell and a copy of the statement.
std::string first_paragraph(const std::string& message) {
  const size_t end = std::min(message.find("\n\nLINE "), message.find("\n\n"));
  std::string text = message.substr(0, end);
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

Status missing_entry(const duckdb::ErrorData& error, std::span<const std::pair<std::string, std::string>> tables) {
  const std::string name = extra(error, "name");
  const std::string type = extra(error, "type");
  const std::string candidates = extra(error, "candidates");
  const std::string hint = candidates.empty() ? "" : fmt::format("; did you mean '{}'?", candidates);
  if (type == "Table") {
    const auto found = std::find_if(tables.begin(), tables.end(), [&](const auto& table) { return table.second == name; });
    const std::string database = found == tables.end() ? "" : found->first + ".";
    return Status::NotFound("Unknown table '{}{}'", database, name);
  }
  if (type.find("Function") != std::string::npos) {
    return Status::InvalidArgument("Function '{}' does not exist{}", name, hint);
  }
  return Status::InvalidArgument("{} '{}' does not exist{}", type, name, hint);
}

Status missing_column(const duckdb::ErrorData& error) {
  const std::string name = extra(error, "name");
  const std::string candidates = extra(error, "candidates");
  const std::string first = candidates.substr(0, candidates.find(','));
  const std::string hint = first.empty() ? "" : fmt::format("; did you mean '{}'?", first);
  return Status::InvalidArgument("Unknown column '{}' in 'field list'{}", name, hint);
}

/// `Table "t" does not have a column named "c"` in MySQL's words; empty for other texts.
std::string missing_column_of_table(std::string_view text) {
  constexpr std::string_view kTable = "Table \"";
  constexpr std::string_view kColumn = "\" does not have a column named \"";
  const size_t middle = text.find(kColumn);
  if (!text.starts_with(kTable) || middle == std::string_view::npos) return {};
  const std::string_view column = text.substr(middle + kColumn.size());
  return fmt::format("Unknown column '{}.{}' in 'field list'", text.substr(kTable.size(), middle - kTable.size()),
                     column.substr(0, column.find('"')));
}

StatusCode code_of(ExceptionType type) {
  switch (type) {
    case ExceptionType::INTERRUPT: return StatusCode::kCancelled;
    case ExceptionType::OUT_OF_MEMORY: return StatusCode::kResourceExhausted;
    case ExceptionType::IO: return StatusCode::kIoError;
    case ExceptionType::NOT_IMPLEMENTED: return StatusCode::kUnsupported;
    case ExceptionType::PERMISSION: return StatusCode::kNotAuthorized;
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL: return StatusCode::kInternal;
    default: return StatusCode::kInvalidArgument;
  }
}

}  // namespace

Status status_of(const duckdb::ErrorData& error, std::span<const std::pair<std::string, std::string>> tables) {
  const std::string subtype = extra(error, "error_subtype");
  if (error.Type() == ExceptionType::CATALOG && subtype == "MISSING_ENTRY") return missing_entry(error, tables);
  if (error.Type() == ExceptionType::BINDER && subtype == "COLUMN_NOT_FOUND") return missing_column(error);
  if (error.Type() == ExceptionType::INTERRUPT) return Status::Cancelled("Query execution was interrupted");
  const std::string text = first_paragraph(error.RawMessage());
  if (const std::string missing = missing_column_of_table(text); !missing.empty())
    return {StatusCode::kInvalidArgument, missing};
  if (error.Type() == ExceptionType::PARSER || error.Type() == ExceptionType::SYNTAX) {
    return Status::InvalidArgument("You have an error in your SQL syntax: {}", text);
  }
  if (error.Type() == ExceptionType::OUT_OF_RANGE && text.find("value is out of range") == std::string::npos) {
    return Status::InvalidArgument("A value is out of range: {}", text);
  }
  return {code_of(error.Type()), text};
}

}  // namespace freshet::query
