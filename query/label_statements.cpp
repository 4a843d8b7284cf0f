#include "query/label_statements.h"

namespace freshet::query {

Status run_clean_label(const CleanLabel& statement, const QueryServices& services, ResultWriter& out) {
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  const auto database = snapshot->databases.find(statement.database);
  if (database == snapshot->databases.end()) return Status::NotFound("Unknown database '{}'", statement.database);
  FRESHET_RETURN_IF_ERROR(services.storage.clean_labels(database->second, statement.label));
  return out.ok({});
}

}  // namespace freshet::query
