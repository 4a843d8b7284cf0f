#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/routine_load.h"
#include "storage/base/result.h"

namespace freshet::ingest {

/// What the metadata store keeps of a job: its status (without what is counted anew: lag, error logs) and the epoch of its
/// newest thread.
struct RoutineLoadRecord {
  RoutineLoadStatus status;
  uint64_t epoch = 0;
  /// Of a multi-table job: the tables that rows came for, each with a place of its own among the job's positions.
  std::vector<std::string> tables;

  std::string encode() const;
  static Result<RoutineLoadRecord> decode(std::string_view bytes);
};

/// The counters of a job, which travel in the commits of its rows.
std::string encode_statistics(const RoutineLoadStatistics& statistics);
Status decode_statistics(std::string_view bytes, RoutineLoadStatistics& statistics);

}  // namespace freshet::ingest
