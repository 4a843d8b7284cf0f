#pragma once

#include "query/ddl/statement.h"
#include "query/session_state.h"

namespace freshet::query {

/// CREATE ROUTINE LOAD ... FROM KAFKA. Unknown properties are refused by name.
Status run_create_routine_load(const CreateRoutineLoad& statement, const SessionState& session,
                               const QueryServices& services, ResultWriter& out);
/// ALTER ROUTINE LOAD, of a job that is PAUSED.
Status run_alter_routine_load(const AlterRoutineLoad& statement, const SessionState& session, const QueryServices& services,
                              ResultWriter& out);
/// PAUSE, RESUME and STOP ROUTINE LOAD.
Status run_control_routine_load(const ControlRoutineLoad& statement, const SessionState& session,
                                const QueryServices& services, ResultWriter& out);

}  // namespace freshet::query
