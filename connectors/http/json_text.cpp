#include "connectors/http/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace freshet::connectors::http {

void PrettyObject::begin(std::string_view name) {
  fmt::format_to(std::back_inserter(out_), "{}\n    \"{}\": ", out_.size() == 1 ? "" : ",", name);
}

}  // namespace freshet::connectors::http
