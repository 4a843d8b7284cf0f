#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace freshet::connectors::http {

/// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD, so the result is always valid
/// JSON.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

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
