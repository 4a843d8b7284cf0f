#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace freshet::query {

/// What an account may be allowed to do. The numbers are stored: one is never given another meaning.
enum class Privilege : uint32_t {
  kSelect = 1 << 0,
  kInsert = 1 << 1,
  kUpdate = 1 << 2,
  kDelete = 1 << 3,
  kCreate = 1 << 4,
  kAlter = 1 << 5,
  kDrop = 1 << 6,
  kShowView = 1 << 7,  ///< the query of a view
  kGrant = 1 << 8,     ///< to give what one has oneself to others
  kAdmin = 1 << 9,     ///< everything
  kProcess = 1 << 10,  ///< what all sessions run, and the metrics
};

/// A set of privileges.
class Privileges {
 public:
  constexpr Privileges() = default;
  constexpr Privileges(Privilege one) : bits_(static_cast<uint32_t>(one)) {}
  /// The set whose bits were stored; those that this program does not know are left out.
  static constexpr Privileges of_bits(uint32_t bits);

  constexpr uint32_t bits() const { return bits_; }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr bool has_all(Privileges of) const { return (bits_ & of.bits_) == of.bits_; }
  constexpr bool has_any(Privileges of) const { return (bits_ & of.bits_) != 0; }
  constexpr Privileges without(Privileges other) const { return Privileges(bits_ & ~other.bits_); }
  friend constexpr Privileges operator|(Privileges left, Privileges right);
  Privileges& operator|=(Privileges other) {
    bits_ |= other.bits_;
    return *this;
  }
  bool operator==(const Privileges&) const = default;

 private:
  explicit constexpr Privileges(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

constexpr Privileges operator|(Privileges left, Privileges right) { return Privileges(left.bits_ | right.bits_); }
constexpr Privileges operator|(Privilege left, Privilege right) { return Privileges(left) | Privileges(right); }

/// What loads need: a load may bring new rows, replace rows and delete them.
inline constexpr Privileges kLoad = Privilege::kInsert | Privilege::kUpdate | Privilege::kDelete;
/// What can be given for one table.
inline constexpr Privileges kTablePrivileges = Privilege::kSelect | kLoad | Privilege::kCreate | Privilege::kAlter |
                                               Privilege::kDrop | Privilege::kShowView | Privilege::kGrant;
/// What only holds for the whole server.
inline constexpr Privileges kServerPrivileges = Privilege::kAdmin | Privilege::kProcess;

constexpr Privileges Privileges::of_bits(uint32_t bits) {
  return Privileges(bits & (kTablePrivileges | kServerPrivileges).bits_);
}

/// What GRANT ALL gives: neither GRANT nor ADMIN, and PROCESS only for the whole server.
Privileges all_privileges(bool for_the_server);

/// The privileges that a name stands for, of Doris's (SELECT_PRIV) or MySQL's (SELECT, SHOW VIEW): upper case, one blank
/// between words. Some of MySQL's stand for nothing that is offered here, and are empty. InvalidArgument for no privilege,
/// Unsupported for one that would be more than it says. `for_the_server`: what ALL means.
Result<Privileges> privileges_of_name(std::string_view name, bool for_the_server);

/// As SHOW GRANTS writes them: "Select_priv,Load_priv", with MySQL's names where Doris has none.
std::string doris_names(Privileges privileges);
/// As GRANT and the tables of information_schema write them: "SELECT, INSERT".
std::string mysql_names(Privileges privileges);
std::vector<std::string> mysql_name_list(Privileges privileges);

}  // namespace freshet::query
