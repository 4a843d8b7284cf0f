#include "connectors/http/prometheus_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace freshet::connectors {
namespace {

TEST(PrometheusText, WritesHelpAndTypeOncePerName) {
  PrometheusText text;
  text.counter("loads_total", "Loads.", 17, {{"status", "ok"}, {"by", "http"}});
  text.counter("loads_total", "Loads.", 2, {{"status", "fail"}, {"by", "http"}});
  text.gauge("memory_bytes", "Memory\nof \\ \"all\".", 1.5);
  EXPECT_EQ(text.text(),
            "# HELP loads_total Loads.\n"
            "# TYPE loads_total counter\n"
            "loads_total{status=\"ok\",by=\"http\"} 17\n"
            "loads_total{status=\"fail\",by=\"http\"} 2\n"
            "# HELP memory_bytes Memory\\nof \\\\ \"all\".\n"
            "# TYPE memory_bytes gauge\n"
            "memory_bytes 1.5\n");
}

TEST(PrometheusText, WritesNumbersAndLabelsThatArePrecise) {
  PrometheusText text;
  text.gauge("a", "", 4503599627370497.0);
  text.gauge("a", "", -std::numeric_limits<double>::infinity());
  text.gauge("a", "", std::numeric_limits<double>::quiet_NaN(), {{"l", "x\"y\\z\n"}});
  EXPECT_EQ(text.text(), "# HELP a \n# TYPE a gauge\na 4503599627370497\na -Inf\na{l=\"x\\\"y\\\\z\\n\"} NaN\n");
}

TEST(PrometheusText, HistogramsCountUpToEachBound) {
  LatencyHistogram histogram;
  histogram.record(std::chrono::microseconds(50));
  histogram.record(std::chrono::microseconds(51));
  histogram.record(std::chrono::hours(1));
  PrometheusText text;
  text.histogram("wait_seconds", "Waits.", histogram.read(), {{"class", "a"}});
  const std::string& lines = text.text();
  EXPECT_EQ(lines.find("# HELP wait_seconds Waits.\n# TYPE wait_seconds histogram\n"
                       "wait_seconds_bucket{class=\"a\",le=\"5e-05\"} 1\n"
                       "wait_seconds_bucket{class=\"a\",le=\"0.0001\"} 2\n"),
            0u)
      << lines;
  EXPECT_TRUE(
      lines.ends_with("wait_seconds_bucket{class=\"a\",le=\"300\"} 2\n"
                      "wait_seconds_bucket{class=\"a\",le=\"+Inf\"} 3\n"
                      "wait_seconds_sum{class=\"a\"} 3600.000101\n"
                      "wait_seconds_count{class=\"a\"} 3\n"))
      << lines;
}

}  // namespace
}  // namespace freshet::connectors
