#include <string>

#include "fuzz/targets.h"
#include "query/ddl/parser.h"
#include "query/ddl/table_definition.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/dialect/point_select.h"
#include "storage/base/assert.h"

namespace freshet::fuzz {
namespace {

/// The schema of a CREATE TABLE without partitions; nothing for other statements and tables that are refused.
std::optional<TableSchema> schema_of(std::string_view text) {
  const auto statement = query::parse_statement(text);
  if (!statement.ok()) return std::nullopt;
  const auto* create = std::get_if<query::CreateTable>(&*statement);
  if (create == nullptr) return std::nullopt;
  auto schema = query::make_table_schema(*create);
  return schema.ok() ? std::optional(std::move(*schema)) : std::nullopt;
}

/// What SHOW CREATE TABLE shows of a table makes the same table.
void check_round_trip(const TableSchema& schema) {
  const auto partitions = PartitionMap::unpartitioned(std::vector<TabletId>(schema.bucket_count));
  const std::string shown = query::show_create_table("", "t", schema, *partitions);
  const auto again = schema_of(shown);
  FRESHET_ASSERT(again.has_value());
  FRESHET_ASSERT(query::show_create_table("", "t", *again, *partitions) == shown);
}

}  // namespace

void sql(std::string_view input) {
  const auto statements = query::split_statements(input);
  if (statements.ok()) {
    for (const std::string_view statement : *statements) {
      FRESHET_ASSERT(statement.data() >= input.data() && statement.data() + statement.size() <= input.data() + input.size());
    }
  }
  static_cast<void>(query::parse_point_select(input));
  static_cast<void>(query::rewrite_for_duckdb(input, {}).status());
  const auto schema = schema_of(input);
  if (schema) check_round_trip(*schema);
}

}  // namespace freshet::fuzz
