#pragma once

#include <string>
#include <string_view>

namespace freshet::query {

/// The statement with '***' for every string that may be a secret: what follows IDENTIFIED ... BY or AS, PASSWORD ( or =,
/// and the value of a property whose name has "password", "secret", "token" or "credential" in it or is_secret_property().
/// A statement with such a string that PREPARE, EXECUTE or SET has in a string is hidden as a whole, and what follows it.
/// Text that has no tokens (unterminated quotes) is cut off where they end.
std::string mask_secrets(std::string_view sql);

}  // namespace freshet::query
