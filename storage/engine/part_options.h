#pragma once

#include "storage/commit/admission.h"
#include "storage/compaction/load_merge.h"
#include "storage/compaction/maintenance.h"
#include "storage/engine/storage_engine.h"

namespace freshet::storage {

/// What StorageOptions say to its parts.
inline MaintenanceOptions maintenance_options(const StorageOptions& options) {
  MaintenanceOptions result;
  result.delta_flush_bytes = options.delta_flush_bytes;
  result.delta_flush_rows = options.delta_flush_rows;
  result.delta_flush_seconds = options.delta_flush_seconds;
  result.delete_fold_commits = options.delete_fold_commits;
  result.disk_reserve_bytes = options.disk_reserve_bytes;
  result.pick.trigger_segments = options.compaction_trigger_segments;
  result.pick.dead_fraction = options.compaction_dead_fraction;
  result.pick.base_fraction = options.compaction_base_fraction;
  result.pick.max_segments = options.compaction_max_segments;
  result.compaction_bytes_per_second = options.compaction_bytes_per_second;
  result.compaction_threads = options.compaction_threads;
  result.compaction_memory_bytes = options.compaction_memory_bytes;
  result.tombstone_keep_seconds = options.tombstone_keep_seconds;
  return result;
}

/// Of one load in one tablet, beside a delta buffer. Compaction makes room for so many; what brings more is merged first.
inline size_t load_segments(const StorageOptions& options) { return std::max(2u, options.compaction_max_segments / 2) - 1; }

inline LoadMerge::Limits load_merge_limits(const StorageOptions& options) {
  return {load_segments(options), maintenance_options(options).pick.max_input_rows};
}

inline Admission::Limits admission_limits(const StorageOptions& options) {
  return {options.compaction_max_segments, options.delta_memory_bytes,
          DeltaBufferLimits{options.delta_flush_bytes, options.delta_flush_rows},
          std::chrono::seconds(options.memory_wait_seconds)};
}

}  // namespace freshet::storage
