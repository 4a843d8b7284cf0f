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
  head("counter", name, help);
  sample(name, value, labels);
}

void PrometheusText::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  head("gauge", name, help);
  sample(name, value, labels);
}

void PrometheusText::histogram(std::string_view name, std::string_view help, const LatencyHistogram::Reading& reading,
                               Labels labels) {
  head("histogram", name, help);
  const std::string bucket = std::string(name) + "_bucket";
  LabelList with_bound(labels);
  with_bound.emplace_back();
  uint64_t count = 0;
  for (size_t i = 0; i < reading.counts.size(); ++i) {
    count += reading.counts[i];
    const bool is_last = i == LatencyHistogram::kBoundsMicros.size();
    const std::string bound =
        is_last ? "+Inf" : fmt::format("{}", static_cast<double>(LatencyHistogram::kBoundsMicros[i]) / 1e6);
    with_bound.back() = {"le", bound};
    sample(bucket, static_cast<double>(count), with_bound);
  }
  sample(std::string(name) + "_sum", static_cast<double>(reading.sum_micros) / 1e6, labels);
  sample(std::string(name) + "_count", static_cast<double>(count), labels);
}

void PrometheusText::head(std::string_view type, std::string_view name, std::string_view help) {
  if (name == last_name_) return;
  last_name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} ", name);
  append_escaped(text_, help, false);
  fmt::format_to(std::back_inserter(text_), "\n# TYPE {} {}\n", name, type);
}

void PrometheusText::sample(std::string_view name, double value, const LabelList& labels) {
  text_ += name;
  char separator = '{';
  for (const auto& [label, label_value] : labels) {
    fmt::format_to(std::back_inserter(text_), "{}{}=\"", separator, label);
    append_escaped(text_, label_value, true);
    text_ += '"';
    separator = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

}  // namespace freshet::connectors
