#pragma once

#include <vector>

#include "connectors/http/prometheus_text.h"
#include "ingest/routine_load.h"

namespace freshet::connectors {

/// What /metrics tells of routine loads: state, rows, errors, gaps, age of the last commit, and the lag of each partition.
/// Samples carry the labels "database" and "job".
void write_routine_load_metrics(const std::vector<ingest::RoutineLoadStatus>& jobs, PrometheusText& text);

}  // namespace freshet::connectors
