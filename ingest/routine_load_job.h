#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ingest/decode/decoder.h"
#include "ingest/load_transaction.h"
#include "ingest/routine_load_record.h"
#include "storage/base/wall_clock.h"

namespace freshet::ingest {

/// One routine load: a thread that reads a stream from the stored positions on and commits rows with positions.
///
/// Each commit holds the rows and moves every partition from where it stood to where it was read to, so a crash at any
/// moment reads on exactly there. A thread that starts writes all positions under a higher epoch first: commits of an older
/// thread are refused from then on. After any error the batch is dropped and read again from the stored positions.
///
/// Cadence: rows are committed as soon as the last commit is done and min_commit_interval_ms has passed; while the reader is
/// behind (polls come back full), up to kCatchUpMs of rows are put into one commit.
///
/// Positions that the broker no longer has are a named gap: counted in lost_rows, told in other_message, then skipped. A
/// topic that ends below a stored position was made again: the job pauses and says so.
class RoutineLoadJob {
 public:
  static constexpr int64_t kCatchUpMs = 500;

  struct Parts {
    storage::StorageEngine& storage;
    LoadManager& loads;
    StreamSourceFactory& streams;
    const WallClock& clock;
    const RoutineLoadOptions& options;
  };
  RoutineLoadJob(const Parts& parts, RoutineLoadRecord record);
  /// Ends the thread.
  ~RoutineLoadJob();

  /// Stores the job as running and starts its thread. REQUIRES: no thread runs.
  Status start();
  /// Commits what is in flight and ends the thread; the stored state stays. Idempotent.
  void end_thread();
  /// Stores a new state. REQUIRES: no thread runs.
  Status change_state(RoutineLoadState state, const std::string& reason);
  RoutineLoadStatus status() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Offsets = std::map<int32_t, int64_t>;

  void run();
  /// Opens the stream and reads until stopped or an error.
  Status read_stream();
  Status open_stream();
  Result<Offsets> starting_positions();
  Result<int64_t> starting_offset(int32_t partition, const std::string& text);
  Status check_watermarks(Offsets& positions);
  Status store_positions(const Offsets& from, const Offsets& to);
  Status consume();
  Status begin_batch();
  /// Ends the batch when the table has another schema now, so that what was sent after a change is decoded under it.
  Status follow_schema();
  Status take(const StreamSource::Batch& polled);
  /// Removes all rows, as the message asks, after committing what came before it; or pauses the job and says why.
  Status truncate_at(const StreamMessage& message);
  bool is_commit_due(bool was_full) const;
  Status commit_batch();
  Status keep_errors();
  Status check_error_limits(uint64_t rows, uint64_t errors);
  Status look_around();
  /// What an error means for the job: false = the thread ends.
  bool go_on_after(const Status& error);
  void wait(std::chrono::milliseconds time);
  void note(const std::string& message);
  /// Stores a state that the thread itself reached (PAUSED, CANCELLED).
  void settle(RoutineLoadState state, const std::string& reason);
  Status save();

  const Parts parts_;
  std::atomic<bool> stopping_{false};
  std::mutex wait_mutex_;
  std::condition_variable wake_;
  std::thread thread_;

  mutable std::mutex record_mutex_;  ///< guards record_
  RoutineLoadRecord record_;

  // The thread's own.
  RoutineLoadSpec spec_;
  JobId job_;
  uint64_t epoch_ = 0;
  std::unique_ptr<StreamSource> source_;
  Offsets committed_;  ///< stored positions
  Offsets read_;       ///< positions after what the batch has read
  storage::TableSnapshotPtr table_;
  RowErrors errors_;
  std::unique_ptr<LoadTransaction> transaction_;
  std::unique_ptr<Decoder> decoder_;
  uint32_t decoder_schema_ = 0;
  uint64_t batch_messages_ = 0;
  uint64_t batch_bytes_ = 0;
  uint64_t unselected_ = 0;    ///< tombstones, and what conditions left out
  bool is_truncated_ = false;  ///< the message at hand asks for it
  uint64_t window_rows_ = 0;
  uint64_t window_errors_ = 0;
  uint64_t backoff_ms_ = 0;
  bool settled_ = false;
  Clock::time_point first_message_;
  Clock::time_point last_commit_;
  Clock::time_point last_look_;
  Clock::time_point last_error_log_;
};

}  // namespace freshet::ingest
