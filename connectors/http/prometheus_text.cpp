#include "connectors/http/prometheus_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace freshet::connectors {

namespace {

/// HELP texts escape backslash and newline, label values quotes as well.
void append_escaped(std::string& out, std::string_view text, bool escapes_quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (c == '"' && escapes_quotes)) out.push_back('\\');
      out.push_back(c);
    }
  }
}

void append_number(std::string& out, double value) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::trunc(value) == value && std::abs(value) <= kExactIntegers) {
    fmt::format_to(std::back_inserter(out), "{}", static_cast<int64_t>(value));
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

}  // namespace

void PrometheusText::counter(std::string_view name, std::string_view help, double value, Labels labels) {
  sample("counter", name, help, value, labels);
}

void PrometheusText::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  sample("gauge", name, help, value, labels);
}

void PrometheusText::sample(std::string_view type, std::string_view name, std::string_view help, double value,
                            Labels labels) {
  if (name != last_name_) {
    last_name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} ", name);
    append_escaped(text_, help, false);
    fmt::format_to(std::back_inserter(text_), "\n# TYPE {} {}\n", name, type);
  }
  text_ += name;
  char separator = '{';
  for (const auto& [label, label_value] : labels) {
    fmt::format_to(std::back_inserter(text_), "{}{}=\"", separator, label);
    append_escaped(text_, label_value, true);
    text_ += '"';
    separator = ',';
  }
  if (labels.size() != 0) text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

}  // namespace freshet::connectors
