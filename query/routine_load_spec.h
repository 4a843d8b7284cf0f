#pragma once

#include <string>
#include <string_view>

#include "ingest/routine_load.h"
#include "query/ddl/statement.h"

namespace freshet::query {

/// The job that CREATE ROUTINE LOAD describes. InvalidArgument or Unsupported names the clause or property that is not
/// right; whether the load fits its table is checked when the job is made.
Result<ingest::RoutineLoadSpec> routine_load_spec(const CreateRoutineLoad& statement, const std::string& database,
                                                  const std::string& user);

/// What ALTER ROUTINE LOAD makes of `spec`. Properties keep what the statement does not name; `format` cannot be changed.
Status alter_routine_load(const AlterRoutineLoad& statement, ingest::RoutineLoadSpec& spec);

/// The statement that makes such a job again, but for secrets.
std::string create_statement(const ingest::RoutineLoadSpec& spec);

/// Whether a property of FROM KAFKA must not be shown.
bool is_secret_property(std::string_view name);

}  // namespace freshet::query
