#pragma once

#include <cstddef>

#include "config/settings.h"
#include "connectors/server/data_paths.h"
#include "ingest/routine_load.h"
#include "ingest/stream_load.h"
#include "query/journal/statement_journal.h"
#include "query/workload/query_lanes.h"
#include "storage/engine/storage_engine.h"

/// What the settings mean for each room.
namespace freshet::connectors {

/// How many segment files may be open: as the settings say, or half of what the system allows; first it is asked for all it
/// allows.
size_t open_segment_files(const config::Settings& settings);
storage::StorageOptions storage_options(const config::Settings& settings);
ingest::IngestOptions ingest_options(const config::Settings& settings, const DataPaths& paths);
ingest::RoutineLoadOptions routine_load_options(const config::KafkaSettings& settings);
query::StatementJournal::Options journal_options(const config::LogSettings& settings, const DataPaths& paths);
/// The workload group of queries that name none, where ALTER has given it nothing else.
query::WorkloadGroup normal_group(const config::QuerySettings& settings);
query::QueryLaneOptions lane_options(const config::Settings& settings, const DataPaths& paths);

}  // namespace freshet::connectors
