#include "query/accounts/rights.h"

#include <algorithm>

#include "query/dialect/tokenizer.h"

namespace freshet::query {

std::string GrantLevel::to_string() const {
  if (is_server()) return "*.*";
  return backquoted(database) + "." + (table.empty() ? "*" : backquoted(table));
}

Rights Rights::everything() {
  Rights rights;
  rights.grant({}, all_privileges(true) | Privilege::kGrant | Privilege::kAdmin);
  return rights;
}

void Rights::grant(const GrantLevel& level, Privileges privileges) {
  if (privileges.is_empty()) return;
  levels_[level] |= privileges;
  server_ = at({});
}

bool Rights::revoke(const GrantLevel& level, Privileges privileges) {
  const auto found = levels_.find(level);
  if (found == levels_.end() || !found->second.has_any(privileges)) return false;
  found->second = found->second.without(privileges);
  if (found->second.is_empty()) levels_.erase(found);
  server_ = at({});
  return true;
}

void Rights::add(const Rights& others) {
  for (const auto& [level, privileges] : others.levels_) grant(level, privileges);
}

Privileges Rights::at(const GrantLevel& level) const {
  const auto found = levels_.find(level);
  return found == levels_.end() ? Privileges() : found->second;
}

bool Rights::may(const std::string& database, Privileges needed) const {
  return may(needed) || (server_ | at({database, {}})).has_all(needed);
}

bool Rights::may(const std::string& database, const std::string& table, Privileges needed) const {
  return may(needed) || (server_ | at({database, {}}) | at({database, table})).has_all(needed);
}

bool Rights::may(const GrantLevel& level, Privileges needed) const {
  if (level.is_server()) return may(needed);
  return level.table.empty() ? may(level.database, needed) : may(level.database, level.table, needed);
}

bool Rights::may_somewhere(const std::string& database, Privileges needed) const {
  if (may(database, needed)) return true;
  for (auto at = levels_.lower_bound({database, {}}); at != levels_.end() && at->first.database == database; ++at) {
    if (may(at->first, needed)) return true;
  }
  return false;
}

bool Rights::sees(const std::string& database) const {
  if (server_.has_any(kTablePrivileges | Privilege::kAdmin)) return true;
  const auto found = levels_.lower_bound({database, {}});
  return found != levels_.end() && found->first.database == database;
}

bool Rights::sees(const std::string& database, const std::string& table) const {
  return server_.has_any(kTablePrivileges | Privilege::kAdmin) || !at({database, {}}).is_empty() ||
         !at({database, table}).is_empty();
}

bool Rights::covers(const Rights& others) const {
  return std::all_of(others.levels_.begin(), others.levels_.end(),
                     [&](const auto& entry) { return may(entry.first, entry.second); });
}

}  // namespace freshet::query
