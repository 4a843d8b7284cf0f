#pragma once

#include "storage/engine/storage_engine.h"

namespace freshet::test {

/// Nothing happens by itself: every run of a workload passes the same points.
inline storage::StorageOptions quiet_options() {
  storage::StorageOptions options;
  options.delta_flush_seconds = 1'000'000;
  options.compaction_trigger_segments = 1'000'000;
  options.compaction_dead_fraction = 1;
  options.compaction_base_fraction = 1;
  options.disk_reserve_bytes = 0;
  return options;
}

}  // namespace freshet::test
