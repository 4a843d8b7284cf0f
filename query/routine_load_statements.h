#pragma once
#include "query/ddl/statement.h"
#include "query/session_state.h"
namespace freshet::query {
inline Status run_create_routine_load(const CreateRoutineLoad&, const SessionState&, const QueryServices&, ResultWriter&) { return Status::Unsupported("x"); }
inline Status run_control_routine_load(const ControlRoutineLoad&, const SessionState&, const QueryServices&, ResultWriter&) { return Status::Unsupported("x"); }
}
