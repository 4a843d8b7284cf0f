#pragma once

#include <string>

#include "connectors/mysql/server.h"
#include "ingest/routine_load.h"
#include "ingest/stream_load.h"
#include "query/journal/statement_journal.h"
#include "query/workload/query_lanes.h"
#include "storage/engine/storage_engine.h"

namespace freshet::connectors {

/// The parts of the server that /metrics tells of.
struct MetricsSources {
  const storage::StorageEngine& storage;
  const ingest::LoadManager& loads;
  const ingest::RoutineLoadManager& routine_loads;
  const query::StatementJournal& journal;
  const query::QueryLanes& lanes;
  const MySqlServer& mysql;
  const ConnectionRegistry& connections;
};

/// What /metrics answers, in Prometheus's text format.
std::string metrics_text(const MetricsSources& sources);

}  // namespace freshet::connectors
