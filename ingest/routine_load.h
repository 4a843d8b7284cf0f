#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/load_request.h"
#include "ingest/stream_load.h"
#include "ingest/stream_source.h"

namespace freshet::ingest {

enum class RoutineLoadState : uint8_t { kNeedSchedule = 0, kRunning = 1, kPaused = 2, kStopped = 3, kCancelled = 4 };

/// As SHOW ROUTINE LOAD writes it: "NEED_SCHEDULE", "RUNNING" ...
std::string_view routine_load_state_name(RoutineLoadState state);

/// What CREATE ROUTINE LOAD says. Stored as a record, restarted with the server.
struct RoutineLoadSpec {
  std::string name;
  LoadRequest load;  ///< database, table, format, columns ...
  StreamProperties stream;
  std::vector<std::pair<int32_t, std::string>> partition_offsets;  ///< kafka_partitions with kafka_offsets; empty = all
  std::string default_offsets = "OFFSET_END";                      ///< OFFSET_BEGINNING, OFFSET_END, a datetime
  uint64_t max_error_number = 0;
  double max_filter_ratio = 1.0;
  uint64_t max_batch_interval_seconds = 10;
  uint64_t max_batch_rows = 200000;
  uint64_t max_batch_bytes = 100ull << 20;
  std::vector<std::pair<std::string, std::string>> job_properties;     ///< as given, for SHOW
  std::vector<std::pair<std::string, std::string>> source_properties;  ///< as given, secrets masked, for SHOW
  std::string comment;
  std::string user;  ///< who made the job; its rows are loaded with this user's privileges
  /// Where to go on in partitions whose position ALTER ROUTINE LOAD changed, until the job has done so.
  std::vector<std::pair<int32_t, std::string>> new_offsets;

  /// Rows say which tables of the database they are for: "table|row".
  bool is_multi_table() const { return load.table.empty(); }
};

/// What a job has counted. Stored with each commit of its rows.
struct RoutineLoadStatistics {
  uint64_t received_bytes = 0;
  uint64_t total_rows = 0;
  uint64_t loaded_rows = 0;
  uint64_t error_rows = 0;
  uint64_t unselected_rows = 0;  ///< tombstones, and what conditions left out
  uint64_t committed_tasks = 0;
  uint64_t aborted_tasks = 0;
  uint64_t execute_ms = 0;  ///< from the first message to the commit, of all commits
  int64_t last_commit_unix_ms = 0;
};

/// One line of SHOW ROUTINE LOAD.
struct RoutineLoadStatus : RoutineLoadStatistics {
  uint64_t id = 0;
  RoutineLoadSpec spec;
  RoutineLoadState state = RoutineLoadState::kNeedSchedule;
  uint64_t epoch = 0;  ///< how often the job was started
  int64_t start_unix_seconds = 0;
  int64_t create_unix_seconds = 0;
  int64_t pause_unix_seconds = 0;
  int64_t end_unix_seconds = 0;
  std::string reason_of_state_changed;
  std::vector<std::string> error_log_ids;
  std::map<int32_t, int64_t> progress;  ///< partition -> last consumed offset
  std::map<int32_t, int64_t> lag;       ///< partition -> records behind
  uint64_t error_rows_after_resumed = 0;
  uint64_t lost_rows = 0;                     ///< offsets that retention took before they were read
  uint64_t gap_count = 0;                     ///< in so many pieces
  std::optional<int64_t> last_commit_age_ms;  ///< none before the first commit
  std::string other_message;
};

/// Closes what must not lie readable in records, and opens it again. Any thread. Empty functions leave it as it is.
struct SecretSeal {
  std::function<Result<std::string>(std::string_view text)> seal = nullptr;
  /// Corruption for what was sealed elsewhere.
  std::function<Result<std::string>(std::string_view sealed)> open = nullptr;
};

struct RoutineLoadOptions {
  uint64_t min_commit_interval_ms = 20;
  int poll_timeout_ms = 20;
  uint64_t max_jobs = 100;
  /// Waits between tries double from a tenth of a second up to this.
  uint64_t retry_backoff_ms_max = 5000;
  /// What does not end by itself (no such topic, wrong credentials, damaged records) is tried so often, then the job pauses.
  uint64_t lasting_error_retries = 20;
  /// Whether the user who made a job (RoutineLoadSpec::user) may load into a table now; a job whose user may not is paused.
  /// Any thread. Empty: everyone may.
  std::function<Status(const std::string& user, const std::string& database, const std::string& table)> may_load = nullptr;
  SecretSeal secrets = {};  ///< for the passwords among the properties of streams
};

/// All routine-load jobs: a thread each, which reads its stream and commits rows with offsets. Any thread.
class RoutineLoadManager {
 public:
  static Result<std::unique_ptr<RoutineLoadManager>> create(storage::StorageEngine& storage, LoadManager& loads,
                                                            StreamSourceFactory& streams, const RoutineLoadOptions& options);
  virtual ~RoutineLoadManager() = default;
  /// Resumes the stored jobs that were running. Call once, when everything else stands.
  virtual Status start() = 0;
  /// Besides: fails as make_decoder does when the load does not fit its table.
  virtual Status create_job(const RoutineLoadSpec& spec) = 0;
  /// Gives a job that is PAUSED another spec, whose name, database and table are the same. Another topic is read from its
  /// default offsets on.
  virtual Status alter(const RoutineLoadSpec& spec) = 0;
  /// `name` empty = all jobs of the database. NotFound: "There is no job named j in db d".
  virtual Status pause(const std::string& database, const std::string& name) = 0;
  virtual Status resume(const std::string& database, const std::string& name) = 0;
  virtual Status stop(const std::string& database, const std::string& name) = 0;
  /// Jobs of a database (all databases when empty); ended ones only when `include_history`.
  virtual std::vector<RoutineLoadStatus> list(const std::string& database, bool include_history) const = 0;
  /// Ends all threads after committing what is in flight. Jobs stay RUNNING in the records. Idempotent.
  virtual void shutdown() = 0;
};

}  // namespace freshet::ingest
