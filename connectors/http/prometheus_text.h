#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/latency_histogram.h"

namespace freshet::connectors {

/// Writes metrics as Prometheus reads them (text format 0.0.4): HELP and TYPE once before the samples of a name.
///
/// Samples of one name are written one after another:
///     text.counter("freshet_loads_total", "Loads by their outcome.", 17, {{"status", "Success"}});
///     text.counter("freshet_loads_total", "Loads by their outcome.", 2, {{"status", "Fail"}});
class PrometheusText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// A number that only grows while the server runs; `name` ends in "_total".
  void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  /// A number that goes up and down; sizes end in "_bytes", times in "_seconds".
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});

  /// Durations in seconds; `name` ends in "_seconds".
  void histogram(std::string_view name, std::string_view help, const LatencyHistogram::Reading& reading, Labels labels);

  const std::string& text() const { return text_; }

 private:
  using LabelList = std::vector<std::pair<std::string_view, std::string_view>>;
  void head(std::string_view type, std::string_view name, std::string_view help);
  void sample(std::string_view name, double value, const LabelList& labels);

  std::string text_;
  std::string last_name_;
};

}  // namespace freshet::connectors
