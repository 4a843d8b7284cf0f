#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::query {

/// The columns of a SHOW form of MySQL or Doris that tells of something this server has none of (triggers, events, replicas,
/// backups ...), so that its answer is empty. Nothing for other forms. `text`: the whole statement.
std::optional<std::vector<std::string>> columns_of_empty_form(std::string_view text);

}  // namespace freshet::query
