#include "query/routine_load_statements.h"

#include "query/routine_load_spec.h"

namespace freshet::query {

Status run_create_routine_load(const CreateRoutineLoad& statement, const SessionState& session,
                               const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.database));
  FRESHET_ASSIGN_OR_RETURN(const ingest::RoutineLoadSpec spec,
                           routine_load_spec(statement, database, to_short_text(session.identity.account)));
  FRESHET_RETURN_IF_ERROR(services.routine_loads.create_job(spec));
  return out.ok({});
}

Status run_alter_routine_load(const AlterRoutineLoad& statement, const SessionState& session, const QueryServices& services,
                              ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.database));
  for (const ingest::RoutineLoadStatus& job : services.routine_loads.list(database, false)) {
    if (job.spec.name != statement.job) continue;
    ingest::RoutineLoadSpec spec = job.spec;
    FRESHET_RETURN_IF_ERROR(alter_routine_load(statement, spec));
    FRESHET_RETURN_IF_ERROR(services.routine_loads.alter(spec));
    return out.ok({});
  }
  return Status::NotFound("There is no job named {} in db {}", statement.job, database);
}

Status run_control_routine_load(const ControlRoutineLoad& statement, const SessionState& session,
                                const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.database));
  const std::string& job = statement.all ? std::string() : statement.job;
  switch (statement.action) {
    case RoutineLoadAction::kPause: FRESHET_RETURN_IF_ERROR(services.routine_loads.pause(database, job)); break;
    case RoutineLoadAction::kResume: FRESHET_RETURN_IF_ERROR(services.routine_loads.resume(database, job)); break;
    case RoutineLoadAction::kStop: FRESHET_RETURN_IF_ERROR(services.routine_loads.stop(database, job)); break;
  }
  return out.ok({});
}

}  // namespace freshet::query
