#pragma once

#include "query/accounts/account_statements.h"
#include "query/result_writer.h"
#include "query/session_state.h"

namespace freshet::query {

/// Runs a statement about accounts and roles. Accounts are made and changed by who has GRANT for the whole server, as far as
/// their own rights cover those of the account; privileges are given by who has them, and GRANT, at that level. Everyone may
/// change the own password and see the own grants. Ends nothing of what runs now; all that begins later goes by it.
Status run_account_statement(const AccountStatement& statement, const SessionState& session, const QueryServices& services,
                             ResultWriter& out);

}  // namespace freshet::query
