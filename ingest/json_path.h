#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace freshet::ingest {

/// A path into a JSON document: "$.a.b[0]". No steps = the whole document ("$" or "$.").
struct JsonPath {
  struct Step {
    std::string key;         ///< of an object, when not is_index
    bool is_index = false;
    size_t index = 0;        ///< of an array
  };
  std::vector<Step> steps;

  /// Keys may be quoted: $."a.b", $['a b']. InvalidArgument names the place; wildcards and filters are Unsupported.
  static Result<JsonPath> parse(std::string_view text);
};

/// The texts of a JSON array of paths, e.g. ["$.a", "$.b[0]"], each checked.
Result<std::vector<std::string>> parse_json_path_list(std::string_view text);

}  // namespace freshet::ingest
