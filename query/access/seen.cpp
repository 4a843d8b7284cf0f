#include "query/access/seen.h"

namespace freshet::query {
namespace {

/// The items of `source` that `is_seen` lets through.
template <typename Item, typename Seen>
void narrow(std::function<std::vector<Item>()>& source, Seen is_seen) {
  if (!source) return;
  source = [all = std::move(source), is_seen] {
    std::vector<Item> items = all();
    std::erase_if(items, [&](const Item& item) { return !is_seen(item); });
    return items;
  };
}

}  // namespace

storage::ServerSnapshotPtr seen_snapshot(const SessionState& session, storage::ServerSnapshotPtr snapshot) {
  const Rights& rights = *session.rights;
  if (rights.is_admin()) return snapshot;
  auto seen = std::make_shared<storage::ServerSnapshot>(*snapshot);
  std::erase_if(seen->databases, [&](const auto& entry) { return !rights.sees(entry.first); });
  std::erase_if(seen->table_names, [&](const auto& entry) { return !rights.sees(entry.first.first, entry.first.second); });
  std::erase_if(seen->tables,
                [&](const auto& entry) { return !rights.sees(entry.second->database_name, entry.second->name); });
  return seen;
}

bool sees_connection(const SessionState& session, const ConnectionInfo& connection) {
  return session.rights->may(Privilege::kProcess) || connection.user == session.identity.user;
}

bool sees_loads(const SessionState& session, const std::string& database, const std::string& table) {
  return table.empty() ? session.rights->may(database, kLoad) : session.rights->may(database, table, kLoad);
}

void narrow_to_seen(const SessionState& session, storage::ServerSnapshotPtr& snapshot, CatalogueSources& sources) {
  const Rights& rights = *session.rights;
  if (rights.is_admin()) return;
  snapshot = seen_snapshot(session, std::move(snapshot));
  narrow(sources.connections, [&](const ConnectionInfo& connection) { return sees_connection(session, connection); });
  narrow(sources.routine_loads, [&](const ingest::RoutineLoadStatus& job) {
    return sees_loads(session, job.spec.load.database, job.spec.load.table);
  });
  narrow(sources.views, [&](const View& view) { return rights.sees(view.database, view.name); });
  narrow(sources.privileges, [&](const GivenPrivileges& given) {
    return rights.may(Privilege::kGrant) || given.account == session.identity.account;
  });
  if (!rights.may(Privilege::kProcess)) sources.metrics = nullptr;
}

}  // namespace freshet::query
