#pragma once

#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::query {

/// An account: a user's name and the hosts from which it is that account.
struct AccountName {
  std::string user;
  std::string host = "%";

  bool operator==(const AccountName&) const = default;
  auto operator<=>(const AccountName&) const = default;
  /// 'user'@'host'
  std::string to_string() const;
};

/// `user`, or `user@host` for other hosts than '%'; and back.
std::string to_short_text(const AccountName& name);
AccountName account_of_short_text(std::string_view text);

/// The one account that is always there; its password is in the configuration.
inline constexpr std::string_view kRootUser = "root";

/// Names are 1 to 64 printable bytes without '@' and quotes; hosts are patterns as host_matches() reads them, at most 255
/// bytes.
Status check_account_name(const AccountName& name);

/// Whether a client at `address` (an IP address without port) is from `pattern`: '%' any, 'localhost' this machine, an
/// address, one with '%' and '_' as wildcards ('10.1.%'), or a network ('10.0.0.0/8', '10.0.0.0/255.0.0.0', 'fd00::/8').
bool host_matches(std::string_view pattern, std::string_view address);
/// Whether `address` is this machine's own.
bool is_loopback(std::string_view address);
/// How narrow a pattern is: of several that match, the largest counts. An address before networks and wildcards, these by
/// their fixed part, '%' last.
int host_precision(std::string_view pattern);

}  // namespace freshet::query
