#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/routine_load.h"
#include "storage/base/result.h"

namespace freshet::ingest {

/// What the metadata store keeps of a job: its status (without what is counted anew: progress, lag, error logs) and the
/// epoch of its newest thread.
struct RoutineLoadRecord {
  RoutineLoadStatus status;
  uint64_t epoch = 0;

  /// A version byte, length-prefixed fields, and the CRC32C of all before it.
  std::string encode() const;
  static Result<RoutineLoadRecord> decode(std::string_view bytes);
};

}  // namespace freshet::ingest
