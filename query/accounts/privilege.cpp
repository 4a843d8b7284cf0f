#include "query/accounts/privilege.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace freshet::query {
namespace {

struct Name {
  std::string_view name;
  Privileges privileges;
};

constexpr Name kNames[] = {
    {"SELECT", Privilege::kSelect},
    {"SELECT_PRIV", Privilege::kSelect},
    {"INSERT", Privilege::kInsert},
    {"UPDATE", Privilege::kUpdate},
    {"DELETE", Privilege::kDelete},
    {"LOAD", kLoad},
    {"LOAD_PRIV", kLoad},
    {"CREATE", Privilege::kCreate},
    {"CREATE_PRIV", Privilege::kCreate},
    {"CREATE VIEW", Privilege::kCreate},
    {"ALTER", Privilege::kAlter},
    {"ALTER_PRIV", Privilege::kAlter},
    {"INDEX", Privilege::kAlter},
    {"DROP", Privilege::kDrop},
    {"DROP_PRIV", Privilege::kDrop},
    {"SHOW VIEW", Privilege::kShowView},
    {"SHOW_VIEW_PRIV", Privilege::kShowView},
    {"GRANT OPTION", Privilege::kGrant},
    {"GRANT_PRIV", Privilege::kGrant},
    {"ADMIN_PRIV", Privilege::kAdmin},
    {"PROCESS", Privilege::kProcess},
    {"USAGE", {}},
    {"USAGE_PRIV", {}},
    // What these are about is not there, or needs no privilege.
    {"CREATE ROUTINE", {}},
    {"ALTER ROUTINE", {}},
    {"CREATE TEMPORARY TABLES", {}},
    {"EVENT", {}},
    {"EXECUTE", {}},
    {"LOCK TABLES", {}},
    {"REFERENCES", {}},
    {"RELOAD", {}},
    {"REPLICATION CLIENT", {}},
    {"REPLICATION SLAVE", {}},
    {"SHOW DATABASES", {}},
    {"TRIGGER", {}},
};

constexpr std::string_view kRefused[] = {"SUPER", "FILE", "SHUTDOWN", "CREATE USER", "NODE_PRIV", "NODE"};

/// Sets before their members.
constexpr Name kDorisNames[] = {
    {"Admin_priv", Privilege::kAdmin},        {"Grant_priv", Privilege::kGrant},
    {"Select_priv", Privilege::kSelect},      {"Load_priv", kLoad},
    {"Insert", Privilege::kInsert},           {"Update", Privilege::kUpdate},
    {"Delete", Privilege::kDelete},           {"Alter_priv", Privilege::kAlter},
    {"Create_priv", Privilege::kCreate},      {"Drop_priv", Privilege::kDrop},
    {"Show_view_priv", Privilege::kShowView}, {"Process", Privilege::kProcess},
};

constexpr Name kMySqlNames[] = {
    {"SELECT", Privilege::kSelect},      {"INSERT", Privilege::kInsert},      {"UPDATE", Privilege::kUpdate},
    {"DELETE", Privilege::kDelete},      {"CREATE", Privilege::kCreate},      {"DROP", Privilege::kDrop},
    {"ALTER", Privilege::kAlter},        {"SHOW VIEW", Privilege::kShowView}, {"PROCESS", Privilege::kProcess},
    {"GRANT OPTION", Privilege::kGrant}, {"ADMIN_PRIV", Privilege::kAdmin},
};

template <size_t N>
std::vector<std::string> name_list(const Name (&names)[N], Privileges privileges) {
  std::vector<std::string> found;
  for (const Name& name : names) {
    if (!privileges.has_all(name.privileges)) continue;
    found.emplace_back(name.name);
    privileges = privileges.without(name.privileges);
  }
  return found;
}

std::string join(const std::vector<std::string>& names, std::string_view separator) {
  return fmt::format("{}", fmt::join(names, separator));
}

}  // namespace

Privileges all_privileges(bool for_the_server) {
  const Privileges all = kTablePrivileges.without(Privilege::kGrant);
  return for_the_server ? all | Privilege::kProcess : all;
}

Result<Privileges> privileges_of_name(std::string_view name, bool for_the_server) {
  if (name == "ALL" || name == "ALL PRIVILEGES") return all_privileges(for_the_server);
  const auto* found =
      std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& known) { return known.name == name; });
  if (found != std::end(kNames)) return found->privileges;
  if (std::find(std::begin(kRefused), std::end(kRefused), name) != std::end(kRefused)) {
    return Status::Unsupported("the privilege {} is not offered: ADMIN_PRIV allows everything", name);
  }
  return Status::InvalidArgument(
      "'{}' is not a privilege: they are SELECT_PRIV, LOAD_PRIV, ALTER_PRIV, CREATE_PRIV, DROP_PRIV, "
      "SHOW_VIEW_PRIV, GRANT_PRIV, ADMIN_PRIV, and MySQL's SELECT, INSERT, UPDATE, DELETE ...",
      name);
}

std::string doris_names(Privileges privileges) { return join(name_list(kDorisNames, privileges), ","); }
std::string mysql_names(Privileges privileges) { return join(mysql_name_list(privileges), ", "); }
std::vector<std::string> mysql_name_list(Privileges privileges) { return name_list(kMySqlNames, privileges); }

}  // namespace freshet::query
