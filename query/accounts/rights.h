#pragma once

#include <map>
#include <string>

#include "query/accounts/privilege.h"

namespace freshet::query {

/// What privileges are given for: the server, a database, or a table or view.
struct GrantLevel {
  std::string database;  ///< empty = all
  std::string table;     ///< empty = all of the database

  bool is_server() const { return database.empty(); }
  bool operator==(const GrantLevel&) const = default;
  auto operator<=>(const GrantLevel&) const = default;
  /// "*.*", "db.*" or "db.table", names in backquotes.
  std::string to_string() const;
};

/// Privileges by level: what is given for a level holds for all below it, and ADMIN is everything. Names compare exactly; a
/// level may name what is not there (yet). Not thread-safe for writing.
class Rights {
 public:
  static Rights everything();

  void grant(const GrantLevel& level, Privileges privileges);
  /// False when nothing of them was given at that very level.
  bool revoke(const GrantLevel& level, Privileges privileges);
  void add(const Rights& others);

  /// Whether all of `needed` is allowed for the whole server, a database, a table.
  bool may(Privileges needed) const { return is_admin() || server_.has_all(needed); }
  bool may(const std::string& database, Privileges needed) const;
  bool may(const std::string& database, const std::string& table, Privileges needed) const;
  bool may(const GrantLevel& level, Privileges needed) const;
  /// Whether all of `needed` is allowed for the database or for one of its tables.
  bool may_somewhere(const std::string& database, Privileges needed) const;
  /// Whether the database, or table, is to be known of: something is allowed in it.
  bool sees(const std::string& database) const;
  bool sees(const std::string& database, const std::string& table) const;
  /// Everything that `others` allow is allowed here.
  bool covers(const Rights& others) const;
  bool is_admin() const { return server_.has_all(Privilege::kAdmin); }

  /// Without empty ones.
  const std::map<GrantLevel, Privileges>& levels() const { return levels_; }
  bool operator==(const Rights&) const = default;

 private:
  Privileges at(const GrantLevel& level) const;

  std::map<GrantLevel, Privileges> levels_;
  Privileges server_;  ///< at(GrantLevel{})
};

}  // namespace freshet::query
