#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "storage/base/json_string.h"

namespace freshet::connectors::http {

/// A JSON object as Doris's back end prints it: a field a line, indented by four, with a newline at the end.
class PrettyObject {
 public:
  void field(std::string_view name, std::string_view text) { begin(name), append_json_string(out_, text); }
  void field(std::string_view name, int64_t number) { begin(name), out_ += std::to_string(number); }
  void field(std::string_view name, uint64_t number) { begin(name), out_ += std::to_string(number); }
  void flag(std::string_view name, bool value) { begin(name), out_ += value ? "true" : "false"; }
  std::string end() && { return std::move(out_) + "\n}\n"; }

 private:
  void begin(std::string_view name);

  std::string out_ = "{";
};

}  // namespace freshet::connectors::http
