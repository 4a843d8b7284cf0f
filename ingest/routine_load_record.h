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
  bool lost_secrets = false;  ///< not stored

  /// The properties of the stream, which hold passwords, are sealed.
  Result<std::string> encode(const SecretSeal& secrets) const;
  /// Without its properties, `lost_secrets` is set, when they cannot be opened.
  static Result<RoutineLoadRecord> decode(std::string_view bytes, const SecretSeal& secrets);

 private:
  Status open_properties(std::string_view sealed, const SecretSeal& secrets);
};

/// The counters of a job, which travel in the commits of its rows.
std::string encode_statistics(const RoutineLoadStatistics& statistics);
Status decode_statistics(std::string_view bytes, RoutineLoadStatistics& statistics);

}  // namespace freshet::ingest
