#include "query/access/read_access.h"

#include "query/access/seen.h"
#include "query/accounts/denied.h"
#include "query/catalogue/catalogue_table.h"

namespace freshet::query {

Status check_read(const SessionState& session, const std::string& database, const std::string& table) {
  if (session.rights->may(database, table, Privilege::kSelect)) return Status::OK();
  // What it shows is narrowed instead.
  if (database == kInformationSchema) return Status::OK();
  return denied_command(session.identity.account, "SELECT", database, table);
}

EngineAccess read_access(const SessionState& session) {
  EngineAccess access;
  access.may_read = [&session](const std::string& database, const std::string& table) {
    return check_read(session, database, table);
  };
  access.narrow = [&session](storage::ServerSnapshotPtr& snapshot, CatalogueSources& sources) {
    narrow_to_seen(session, snapshot, sources);
  };
  return access;
}

}  // namespace freshet::query
