#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

/// What CHECK, REPAIR and CHECKSUM may end in: how thorough they are, which is always the same here.
bool accept_extent(TokenCursor& cursor) {
  for (std::string_view words : {"FOR UPGRADE", "QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED", "USE_FRM"}) {
    if (cursor.accept(words)) return true;
  }
  return false;
}

}  // namespace

Result<Statement> parse_maintain_tables(TokenCursor& cursor, TableMaintenance work) {
  const bool is_analyze = work == TableMaintenance::kAnalyze;
  if (!cursor.accept("NO_WRITE_TO_BINLOG")) cursor.accept("LOCAL");
  if (!cursor.accept("TABLES") && !cursor.accept("TABLE")) {
    // Doris's ANALYZE DATABASE.
    if (is_analyze) return Statement(NoOperation{"ANALYZE"});
    return cursor.error("TABLE");
  }
  MaintainTables statement{work, {}};
  do {
    FRESHET_ASSIGN_OR_RETURN(auto name, parse_table_name(cursor));
    statement.tables.push_back(std::move(name));
  } while (cursor.accept_operator(","));
  // Which columns, how large a sample: there is nothing to gather.
  while (is_analyze && !cursor.at_end()) cursor.take();
  while (accept_extent(cursor)) continue;
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(statement));
}

}  // namespace freshet::query
