#include "query/dml/savepoint_statement.h"

#include "query/dml/open_transaction.h"

namespace freshet::query {

Status run_savepoint(const Transaction& statement, const SessionState& session) {
  const bool sets = statement.action == TransactionAction::kSetSavepoint;
  OpenTransaction* const open = session.transaction.get();
  if (open == nullptr && sets && !session.autocommit) {
    return Status::Unsupported(
        "a savepoint needs BEGIN or START TRANSACTION before it: each statement commits by itself, also after "
        "SET autocommit = 0, unless implicit_transactions is ON");
  }
  if (open == nullptr) return sets ? Status::OK() : OpenTransaction::no_savepoint(statement.savepoint);
  if (sets) return open->set_savepoint(statement.savepoint);
  return statement.action == TransactionAction::kReturnToSavepoint ? open->return_to_savepoint(statement.savepoint)
                                                                   : open->release_savepoint(statement.savepoint);
}

}  // namespace freshet::query
