#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ingest/routine_load_record.h"
#include "ingest/routine_load_tables.h"
#include "ingest/stream_history.h"
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
/// topic that was made again (compare_with_broker) pauses the job, which says so.
///
/// Errors that end by themselves (broker away, memory or disk full) are tried again for ever; what lasts is tried
/// lasting_error_retries times in a row, then the job pauses with the reason. The rejected rows of committed batches go to
/// an error log at most once a second, none is left out.
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

  /// Reads what is stored beside the record. Once, after the server's start.
  Status restore();
  /// Stores the job as running and starts its thread. REQUIRES: no thread runs.
  Status start();
  /// Asks the thread to commit what is in flight and to end. Does not wait.
  void request_end();
  /// request_end(), and waits until the thread has ended; the stored state stays. Idempotent.
  void end_thread();
  /// Stores a new state. REQUIRES: no thread runs.
  Status change_state(RoutineLoadState state, const std::string& reason);
  /// Erases all that is stored of the stream, for a job that has ended. REQUIRES: no thread runs.
  Status forget_stream();
  /// Stores another spec. REQUIRES: no thread runs.
  Status alter(const RoutineLoadSpec& spec);
  RoutineLoadStatus status() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Offsets = StreamPositions;

  /// Shows the numbers among them as progress. REQUIRES: record_mutex_ is held.
  void show_new_offsets();
  void show_positions(const Offsets& positions);
  void run();
  /// Opens the stream and reads until stopped or an error.
  Status read_stream();
  Status open_stream();
  /// Names the gaps, and moves `positions` behind them.
  Status skip_gaps(const std::vector<StreamGap>& gaps, Offsets& positions);
  Status store_positions(const Offsets& from, const Offsets& to);
  Status save_history();
  /// Copies what status() tells of the history.
  void show_gaps();
  Status consume();
  Status begin_batch();
  /// Makes tables_, and answers the job's stored positions.
  Result<Offsets> open_tables();
  /// RoutineLoadTables::NameTable.
  Result<int32_t> name_table(const std::string& table);
  /// Moves positions as ALTER ROUTINE LOAD asked.
  Status apply_new_offsets(Offsets& positions);
  /// Ends the batch when the table has another schema now, so that what was sent after a change is decoded under it.
  Status follow_schema();
  Status take(const StreamSource::Batch& polled);
  /// Removes all rows, as the message asks, after committing what came before it; or pauses the job and says why.
  Status truncate_at(const StreamMessage& message);
  bool is_commit_due(bool was_full) const;
  Status commit_batch();
  /// Writes the rejected rows that are not in an error log yet.
  Status save_errors();
  Status check_error_limits(uint64_t rows, uint64_t errors);
  /// Asks the broker how far behind the job is and whether there are new partitions, and writes down what can wait so long.
  Status look_around();
  /// What an error means for the job: false = the thread ends.
  bool go_on_after(const Status& error);
  void wait(std::chrono::milliseconds time);
  /// Tells why nothing is read; empty = that is over.
  void note_trouble(const std::string& message);
  /// Stores a state that the thread itself reached (PAUSED, CANCELLED).
  void settle(RoutineLoadState state, const std::string& reason);
  Status save();

  const Parts parts_;
  std::atomic<bool> stopping_{false};
  std::mutex wait_mutex_;
  std::condition_variable wake_;
  std::thread thread_;

  mutable std::mutex record_mutex_;  ///< guards record_, trouble_ and gaps_text_
  RoutineLoadRecord record_;
  std::string trouble_;
  std::string gaps_text_;

  // The thread's own.
  RoutineLoadSpec spec_;
  JobId job_;
  uint64_t epoch_ = 0;
  std::unique_ptr<StreamSource> source_;
  Offsets committed_;  ///< stored positions
  Offsets read_;       ///< positions after what the batch has read
  StreamHistory history_;
  StreamHistory saved_history_;
  std::map<int32_t, StreamAnchor> batch_anchors_;  ///< the last record of each partition in the batch
  std::optional<RoutineLoadTables> tables_;        ///< while the stream is open
  RowErrors errors_;                               ///< of the batch
  RowErrors unsaved_errors_;                       ///< of commits since the last error log
  uint64_t batch_messages_ = 0;
  uint64_t batch_bytes_ = 0;
  uint64_t unselected_ = 0;    ///< tombstones, and what conditions left out
  bool is_truncated_ = false;  ///< the message at hand asks for it
  uint64_t window_rows_ = 0;
  uint64_t window_errors_ = 0;
  uint64_t backoff_ms_ = 0;
  uint64_t lasting_errors_ = 0;  ///< in a row
  bool settled_ = false;
  bool has_new_partitions_ = false;
  Clock::time_point first_message_;
  Clock::time_point last_commit_;
  Clock::time_point opened_;
  Clock::time_point last_look_;
  Clock::time_point last_error_log_;
  Clock::time_point last_history_save_;
};

}  // namespace freshet::ingest
