#include "query/dml/savepoint_statement.h"

namespace freshet::query {

Status run_savepoint(const Transaction& statement, OpenTransaction* open) {
  const bool sets = statement.action == TransactionAction::kSetSavepoint;
  if (open == nullptr) return sets ? Status::OK() : OpenTransaction::no_savepoint(statement.savepoint);
  if (sets) return open->set_savepoint(statement.savepoint);
  return statement.action == TransactionAction::kReturnToSavepoint ? open->return_to_savepoint(statement.savepoint)
                                                                   : open->release_savepoint(statement.savepoint);
}

}  // namespace freshet::query
