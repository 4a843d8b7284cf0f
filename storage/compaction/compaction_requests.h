#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"

namespace freshet::storage {

enum class CompactionKind : uint8_t {
  kCumulative,  ///< segments of similar size become one
  kBase,        ///< all segments of the tablet become one
  kFull,        ///< the same, by hand
};
const char* compaction_kind_name(CompactionKind kind);

/// What became of the compactions of one tablet since the start.
struct CompactionState {
  bool is_running = false;  ///< or waits for its turn
  CompactionKind kind = CompactionKind::kCumulative;
  int64_t last_success_unix_micros = 0;  ///< 0 = none yet
  int64_t last_failure_unix_micros = 0;
  std::string last_error;
};

/// The compactions that somebody asked for by hand, and how each tablet's last ones went. Any thread.
class CompactionRequests {
 public:
  /// Requests that wait; further ones are refused with ResourceExhausted.
  static constexpr size_t kMostWaiting = 1024;

  /// AlreadyExists when one of the tablet waits or runs.
  Status add(TabletId tablet, CompactionKind kind);
  /// Takes the request of a tablet; nothing when there is none. finished() must follow.
  std::optional<CompactionKind> take(TabletId tablet);
  void started(TabletId tablet, CompactionKind kind);
  void finished(TabletId tablet, const Status& status, int64_t now_unix_micros);
  CompactionState state(TabletId tablet) const;
  /// Those that run or wait, by tablet.
  std::vector<std::pair<TabletId, CompactionKind>> running() const;

 private:
  /// Tablets whose last outcome is remembered; those of dropped tables go some day.
  static constexpr size_t kMostStates = 65536;
  CompactionState& state_for_change(TabletId tablet);

  mutable std::mutex mutex_;  ///< guards all below
  std::map<TabletId, CompactionKind> waiting_;
  std::map<TabletId, CompactionState> states_;
};

}  // namespace freshet::storage
