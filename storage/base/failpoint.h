#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "storage/base/status.h"

namespace freshet {

/// Places of the write path and of recovery at which tests end, stop or delay a real server, so that a crash hits the moment
/// it is aimed at. All are off unless `freshet server` finds FRESHET_FAILPOINTS in its environment; then each costs one
/// relaxed atomic load.
enum class Failpoint : uint8_t {
  kCommitStart,               ///< a load's segment files are written; nothing names them yet
  kCommitStaged,              ///< a load has a commit number and waits for the metadata write
  kCommitBeforeWrite,         ///< a group of changes (loads, DDL, flushes) is about to be written
  kCommitAfterWrite,          ///< ... is durable, but no reader sees it
  kCommitAfterInstall,        ///< ... is visible, but nobody was told
  kPrecommitStart,            ///< the segment files of a two-phase load are written; nothing names them yet
  kPrecommitted,              ///< ... its first phase is durable, but nobody was told
  kAbortCommitted,            ///< a precommitted load is gone; its files are still there
  kFlushStart,                ///< a delta buffer is sealed
  kFlushSegmentWritten,       ///< its segment is on disk
  kFlushCommitted,            ///< the exchange is durable and visible
  kCompactionStart,           ///< inputs are chosen
  kCompactionColumnWritten,   ///< the output holds some of its columns
  kCompactionSegmentWritten,  ///< the output is on disk
  kCompactionCommitted,       ///< the exchange is durable; the inputs' files are still there
  kDdlStaged,                 ///< a DDL statement has a commit number
  kDdlCommitted,              ///< ... is durable; files of dropped rows are still there
  kRecoveryStart,             ///< the metadata store is open
  kRecoveryFilesRemoved,      ///< obsolete files are gone
  kRecoveryRead,              ///< tables are in memory
  kRecoveryQuarantined,       ///< unknown files are out of the way
  kRoutineLoadCommit,         ///< a batch of a stream is about to be committed
  kRoutineLoadCommitted,      ///< ... is durable with its positions
  kCount,
};

/// The name used in FRESHET_FAILPOINTS: "commit_start" for kCommitStart.
std::string_view failpoint_name(Failpoint point);

/// Arms failpoints from text: name=action, several separated by semicolons. Actions: `crash` (SIGKILL to this process),
/// `pause` (the thread stays there until the process ends), `sleep:MILLISECONDS`; each may end in `@N`: only the Nth time it
/// is reached, counted from 1 (without it: every time). A point that acts says so in the log. Refuses unknown names and
/// actions, and then arms nothing. Call it before other threads run.
Status arm_failpoints(std::string_view text);

namespace failpoint_detail {
extern std::atomic<bool> any_armed;
void reached(Failpoint point);
}  // namespace failpoint_detail

inline void failpoint(Failpoint point) {
  if (failpoint_detail::any_armed.load(std::memory_order_relaxed)) failpoint_detail::reached(point);
}

}  // namespace freshet
