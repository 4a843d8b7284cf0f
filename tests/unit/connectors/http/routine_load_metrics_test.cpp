#include "connectors/http/routine_load_metrics.h"

#include <gtest/gtest.h>

namespace freshet::connectors {
namespace {

ingest::RoutineLoadStatus job(const std::string& name) {
  ingest::RoutineLoadStatus status;
  status.spec.load.database = "d";
  status.spec.name = name;
  status.state = ingest::RoutineLoadState::kRunning;
  return status;
}

TEST(RoutineLoadMetrics, SamplesOfANameStandTogetherAndTellOfEachPartition) {
  ingest::RoutineLoadStatus read = job("a");
  read.loaded_rows = 5;
  read.last_commit_age_ms = 1500;
  read.lag = {{0, 7}, {1, 0}};
  PrometheusText text;
  write_routine_load_metrics({read, job("b")}, text);
  const auto has = [&text](const std::string& part) { return text.text().find(part) != std::string::npos; };
  EXPECT_TRUE(
      has("# TYPE freshet_routine_load_rows_total counter\n"
          "freshet_routine_load_rows_total{database=\"d\",job=\"a\"} 5\n"
          "freshet_routine_load_rows_total{database=\"d\",job=\"b\"} 0\n"))
      << text.text();
  EXPECT_TRUE(has("freshet_routine_load_state{database=\"d\",job=\"b\",state=\"RUNNING\"} 1\n"));
  EXPECT_TRUE(has("freshet_routine_load_last_commit_age_seconds{database=\"d\",job=\"a\"} 1.5\n"));
  EXPECT_FALSE(has("age_seconds{database=\"d\",job=\"b\"}")) << "a job that never committed";
  EXPECT_TRUE(
      has("freshet_routine_load_lag{database=\"d\",job=\"a\",partition=\"0\"} 7\n"
          "freshet_routine_load_lag{database=\"d\",job=\"a\",partition=\"1\"} 0\n"));
}

}  // namespace
}  // namespace freshet::connectors
