#include "ingest/routine_load_job.h"

#include <algorithm>
#include <charconv>

#include "ingest/stream_start.h"
#include "storage/base/failpoint.h"
#include "storage/base/log.h"

namespace freshet::ingest {
namespace {

constexpr uint64_t kPollMessages = 20'000;
constexpr uint64_t kPollBytes = 8ull << 20;
constexpr uint64_t kFirstBackoffMs = 100;
constexpr uint64_t kRejectedRowsKept = 100;
constexpr size_t kErrorLogsShown = 3;
constexpr uint64_t kErrorWindowBatches = 10;
constexpr auto kLookInterval = std::chrono::seconds(2);
constexpr auto kErrorLogInterval = std::chrono::seconds(1);
constexpr auto kHistoryInterval = std::chrono::seconds(10);
/// A stream that has been read for so long without an error is well.
constexpr auto kSteadyTime = std::chrono::seconds(1);
constexpr const char* kHistoryRecord = "routine_load_stream";
constexpr const char* kStatisticsRecord = "routine_load_statistics";

int64_t millis_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

/// Errors that are over when something outside is mended, without anyone doing anything to the job.
bool ends_by_itself(StatusCode code) {
  switch (code) {
    case StatusCode::kUnavailable:
    case StatusCode::kConflict:
    case StatusCode::kTimeout:
    case StatusCode::kOutOfSpace:
    case StatusCode::kResourceExhausted: return true;
    default: return false;
  }
}

}  // namespace

RoutineLoadJob::RoutineLoadJob(const Parts& parts, RoutineLoadRecord record)
    : parts_(parts),
      record_(std::move(record)),
      spec_(record_.status.spec),
      job_(record_.status.id),
      errors_(kRejectedRowsKept),
      unsaved_errors_(kRejectedRowsKept) {}

RoutineLoadJob::~RoutineLoadJob() { end_thread(); }

Status RoutineLoadJob::start() {
  {
    std::lock_guard lock(record_mutex_);
    epoch_ = ++record_.epoch;
    record_.status.state = RoutineLoadState::kRunning;
    record_.status.reason_of_state_changed.clear();
    trouble_.clear();
    record_.status.pause_unix_seconds = 0;
    record_.status.error_rows_after_resumed = 0;
    record_.status.epoch = epoch_;
    record_.status.start_unix_seconds = parts_.clock.unix_seconds();
  }
  FRESHET_RETURN_IF_ERROR(save());
  stopping_ = false;
  settled_ = false;
  window_rows_ = window_errors_ = lasting_errors_ = backoff_ms_ = 0;
  thread_ = std::thread([this] { run(); });
  return Status::OK();
}

void RoutineLoadJob::request_end() {
  {
    std::lock_guard lock(wait_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

void RoutineLoadJob::end_thread() {
  request_end();
  if (thread_.joinable()) thread_.join();
}

Status RoutineLoadJob::change_state(RoutineLoadState state, const std::string& reason) {
  {
    std::lock_guard lock(record_mutex_);
    RoutineLoadStatus& status = record_.status;
    status.state = state;
    status.reason_of_state_changed = reason;
    const int64_t now = parts_.clock.unix_seconds();
    if (state == RoutineLoadState::kPaused) status.pause_unix_seconds = now;
    if (state == RoutineLoadState::kStopped || state == RoutineLoadState::kCancelled) status.end_unix_seconds = now;
  }
  return save();
}

Status RoutineLoadJob::alter(const RoutineLoadSpec& spec) {
  const bool is_other_topic = spec.stream.topic != spec_.stream.topic;
  {
    std::lock_guard lock(record_mutex_);
    record_.status.spec = spec_ = spec;
    if (is_other_topic) record_.status.progress.clear();
    show_new_offsets();
  }
  if (is_other_topic) {
    history_.anchors.clear();
    FRESHET_RETURN_IF_ERROR(save_history());
    FRESHET_RETURN_IF_ERROR(parts_.storage.erase_stream_positions(job_));
  }
  return save();
}

Status RoutineLoadJob::forget_stream() {
  FRESHET_RETURN_IF_ERROR(parts_.storage.erase_stream_positions(job_));
  FRESHET_RETURN_IF_ERROR(parts_.storage.erase_record(kStatisticsRecord, std::to_string(job_.value)));
  return parts_.storage.erase_record(kHistoryRecord, std::to_string(job_.value));
}

RoutineLoadStatus RoutineLoadJob::status() const {
  std::lock_guard lock(record_mutex_);
  RoutineLoadStatus status = record_.status;
  status.other_message = trouble_;
  if (!trouble_.empty() && !gaps_text_.empty()) status.other_message += "; ";
  status.other_message += gaps_text_;
  if (status.last_commit_unix_ms != 0) {
    status.last_commit_age_ms = std::max<int64_t>(0, parts_.clock.unix_micros() / 1000 - status.last_commit_unix_ms);
  }
  return status;
}

Status RoutineLoadJob::save() {
  Result<std::string> bytes = [&] {
    std::lock_guard lock(record_mutex_);
    return record_.encode(parts_.options.secrets);
  }();
  return bytes.ok() ? parts_.storage.put_record("routine_load", std::to_string(job_.value), *bytes) : bytes.status();
}

void RoutineLoadJob::note_trouble(const std::string& message) {
  std::lock_guard lock(record_mutex_);
  if (trouble_ == message) return;
  trouble_ = message;
  if (!message.empty()) log_warning("routine load {}: {}", spec_.name, message);
}

void RoutineLoadJob::settle(RoutineLoadState state, const std::string& reason) {
  settled_ = true;
  const Status saved = change_state(state, reason);
  log_warning("routine load {} ends reading: {}{}", spec_.name, reason, saved.ok() ? "" : " (" + saved.message() + ")");
}

void RoutineLoadJob::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(wait_mutex_);
  wake_.wait_for(lock, time, [this] { return stopping_.load(); });
}

void RoutineLoadJob::run() {
  while (!stopping_ && !settled_) {
    const Status status = read_stream();
    source_.reset();
    tables_.reset();
    if (!status.ok() && !settled_ && !go_on_after(status)) return;
  }
}

bool RoutineLoadJob::go_on_after(const Status& error) {
  {
    std::lock_guard lock(record_mutex_);
    ++record_.status.aborted_tasks;
  }
  if (!spec_.is_multi_table() && parts_.storage.snapshot()->find_table(spec_.load.database, spec_.load.table) == nullptr) {
    settle(RoutineLoadState::kCancelled, "table " + spec_.load.database + "." + spec_.load.table + " was dropped");
    return false;
  }
  if (error.code() == StatusCode::kInvalidArgument || error.code() == StatusCode::kUnsupported) {
    settle(RoutineLoadState::kPaused, error.message());
    return false;
  }
  if (error.code() == StatusCode::kUnknownOutcome) {
    note_trouble(error.message());
    return false;
  }
  if (!ends_by_itself(error.code()) && ++lasting_errors_ > parts_.options.lasting_error_retries) {
    settle(RoutineLoadState::kPaused, fmt::format("{} (tried again {} times, kafka.lasting_error_retries)", error.message(),
                                                  parts_.options.lasting_error_retries));
    return false;
  }
  note_trouble(error.message());
  backoff_ms_ = std::clamp(backoff_ms_ * 2, kFirstBackoffMs, parts_.options.retry_backoff_ms_max);
  wait(std::chrono::milliseconds(backoff_ms_));
  return true;
}

Status RoutineLoadJob::read_stream() {
  FRESHET_RETURN_IF_ERROR(open_stream());
  if (settled_) return Status::OK();
  const Status status = consume();
  const Status kept = save_errors();
  const Status saved = save_history();
  if (!status.ok()) return status;
  return kept.ok() ? saved : kept;
}

Status RoutineLoadJob::open_stream() {
  FRESHET_ASSIGN_OR_RETURN(source_, parts_.streams.open(spec_.stream));
  FRESHET_ASSIGN_OR_RETURN(const Offsets stored, open_tables());
  FRESHET_ASSIGN_OR_RETURN(Offsets positions, starting_positions(*source_, spec_, stored));
  if (spec_.is_multi_table() && !positions.empty() && positions.rbegin()->first >= RoutineLoadTables::kPartitionsOfAPlace) {
    return Status::Unsupported("a routine load without ON <table> reads {} partitions at most",
                               RoutineLoadTables::kPartitionsOfAPlace);
  }
  FRESHET_RETURN_IF_ERROR(store_positions(positions, positions));
  FRESHET_RETURN_IF_ERROR(apply_new_offsets(positions));
  FRESHET_ASSIGN_OR_RETURN(const StartFindings findings, compare_with_broker(*source_, positions, history_));
  if (!findings.refusal.empty()) {
    settle(RoutineLoadState::kPaused, findings.refusal);
    return Status::OK();
  }
  FRESHET_RETURN_IF_ERROR(skip_gaps(findings.gaps, positions));
  committed_ = read_ = positions;
  show_positions(committed_);
  opened_ = Clock::now();
  has_new_partitions_ = false;
  return source_->assign({positions.begin(), positions.end()});
}

Status RoutineLoadJob::skip_gaps(const std::vector<StreamGap>& gaps, Offsets& positions) {
  if (gaps.empty()) return Status::OK();
  for (const StreamGap& gap : gaps) history_.add_gap(gap);
  // Before the positions move: a crash in between finds the same gaps again, which count once.
  FRESHET_RETURN_IF_ERROR(save_history());
  Offsets from;
  Offsets to;
  for (const StreamGap& gap : gaps) {
    from[gap.partition] = gap.from;
    to[gap.partition] = positions[gap.partition] = gap.to;
    log_warning("routine load {}: offsets {} to {} of partition {} are gone unread", spec_.name, gap.from, gap.to - 1,
                gap.partition);
  }
  return store_positions(from, to);
}

Status RoutineLoadJob::restore() {
  history_.lost_rows = record_.status.lost_rows;  // of builds that kept no history
  FRESHET_ASSIGN_OR_RETURN(const auto records, parts_.storage.list_records(kHistoryRecord));
  const std::string wanted = std::to_string(job_.value);
  for (const auto& [key, value] : records) {
    if (key != wanted) continue;
    FRESHET_ASSIGN_OR_RETURN(history_, StreamHistory::decode(value));
  }
  saved_history_ = history_;
  show_gaps();
  FRESHET_ASSIGN_OR_RETURN(const auto statistics, parts_.storage.list_records(kStatisticsRecord));
  for (const auto& [key, value] : statistics) {
    if (key == wanted) FRESHET_RETURN_IF_ERROR(decode_statistics(value, record_.status));
  }
  FRESHET_ASSIGN_OR_RETURN(const auto stored, parts_.storage.stream_positions(job_));
  for (const auto& [partition, next] : stored) {
    if (!spec_.is_multi_table() || partition < RoutineLoadTables::kPartitionsOfAPlace)
      record_.status.progress[partition] = next - 1;
  }
  show_new_offsets();
  return Status::OK();
}

Status RoutineLoadJob::save_history() {
  last_history_save_ = Clock::now();
  if (history_ == saved_history_) return Status::OK();
  FRESHET_RETURN_IF_ERROR(parts_.storage.put_record(kHistoryRecord, std::to_string(job_.value), history_.encode()));
  saved_history_ = history_;
  show_gaps();
  return Status::OK();
}

void RoutineLoadJob::show_gaps() {
  std::lock_guard lock(record_mutex_);
  gaps_text_ = history_.gaps_text();
  record_.status.gap_count = history_.gap_count;
  record_.status.lost_rows = history_.lost_rows;
}

void RoutineLoadJob::show_new_offsets() {
  for (const auto& [partition, text] : record_.status.spec.new_offsets) {
    int64_t offset = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
    if (error == std::errc() && end == text.data() + text.size()) record_.status.progress[partition] = offset - 1;
  }
}

void RoutineLoadJob::show_positions(const Offsets& positions) {
  std::lock_guard lock(record_mutex_);
  record_.status.progress.clear();
  for (const auto& [partition, next] : positions) record_.status.progress[partition] = next - 1;
}

Status RoutineLoadJob::store_positions(const Offsets& from, const Offsets& to) {
  return parts_.storage.set_stream_positions(RoutineLoadTables::advances({job_, epoch_}, from, to));
}

Result<int32_t> RoutineLoadJob::name_table(const std::string& table) {
  int32_t place = 0;
  {
    std::lock_guard lock(record_mutex_);
    record_.tables.push_back(table);
    place = static_cast<int32_t>(record_.tables.size());
  }
  FRESHET_RETURN_IF_ERROR(save());
  return place;
}

Result<RoutineLoadJob::Offsets> RoutineLoadJob::open_tables() {
  tables_.emplace(
      RoutineLoadTable::Parts{parts_.storage, parts_.loads, errors_, unselected_, [this] { is_truncated_ = true; },
                              [this](const std::string& table) {
                                if (!parts_.options.may_load) return Status::OK();
                                return parts_.options.may_load(spec_.user, spec_.load.database, table);
                              }},
      spec_.load, [this](const std::string& table) { return name_table(table); });
  std::vector<std::string> named;
  {
    std::lock_guard lock(record_mutex_);
    named = record_.tables;
  }
  FRESHET_ASSIGN_OR_RETURN(const auto stored, parts_.storage.stream_positions(job_));
  return tables_->open(named, Offsets(stored.begin(), stored.end()));
}

Status RoutineLoadJob::apply_new_offsets(Offsets& positions) {
  if (spec_.new_offsets.empty()) return Status::OK();
  RoutineLoadSpec wanted;
  wanted.partition_offsets = spec_.new_offsets;
  Offsets others = positions;
  for (const auto& [partition, text] : spec_.new_offsets) {
    if (others.erase(partition) == 0) {
      return Status::InvalidArgument("kafka_partitions: the job does not read partition {}", partition);
    }
  }
  FRESHET_ASSIGN_OR_RETURN(const Offsets moved, starting_positions(*source_, wanted, std::move(others)));
  Offsets from;
  Offsets to;
  for (const auto& [partition, text] : spec_.new_offsets) {
    from[partition] = positions.at(partition);
    to[partition] = moved.at(partition);
  }
  tables_->move(from, to);
  // In this order: after a crash between the two they are moved once more, before anything is read.
  FRESHET_RETURN_IF_ERROR(store_positions(from, to));
  spec_.new_offsets.clear();
  {
    std::lock_guard lock(record_mutex_);
    record_.status.spec.new_offsets.clear();
  }
  positions = moved;
  return save();
}

Status RoutineLoadJob::begin_batch() {
  FRESHET_RETURN_IF_ERROR(tables_->begin_batch());
  errors_.clear();
  batch_anchors_.clear();
  read_ = committed_;
  batch_messages_ = batch_bytes_ = unselected_ = 0;
  is_truncated_ = false;
  return Status::OK();
}

Status RoutineLoadJob::consume() {
  // First, so that the lag is told also while no batch can begin, as on a full disk.
  FRESHET_RETURN_IF_ERROR(look_around());
  FRESHET_RETURN_IF_ERROR(begin_batch());
  StreamSource::Batch polled;
  while (!stopping_ && !settled_ && !has_new_partitions_) {
    if (Clock::now() - last_look_ >= kLookInterval) FRESHET_RETURN_IF_ERROR(look_around());
    FRESHET_RETURN_IF_ERROR(source_->poll(kPollMessages, kPollBytes, parts_.options.poll_timeout_ms, polled));
    if (!polled.out_of_range.empty()) {
      return Status::Conflict("offset {} of partition {} is out of the broker's range", read_[polled.out_of_range.front()],
                              polled.out_of_range.front());
    }
    const bool was_full = polled.messages.size() >= kPollMessages / 2;
    if (!polled.messages.empty()) FRESHET_RETURN_IF_ERROR(follow_schema());
    if (settled_) break;
    FRESHET_RETURN_IF_ERROR(take(polled));
    if (read_ != committed_ && is_commit_due(was_full)) FRESHET_RETURN_IF_ERROR(commit_batch());
  }
  return read_ != committed_ && !settled_ ? commit_batch() : Status::OK();
}

Status RoutineLoadJob::follow_schema() {
  if (!tables_->has_changed()) return Status::OK();
  return read_ != committed_ ? commit_batch() : begin_batch();
}

Status RoutineLoadJob::take(const StreamSource::Batch& polled) {
  if (read_ == committed_) first_message_ = Clock::now();
  std::map<int32_t, const StreamMessage*> last;
  for (const StreamMessage& message : polled.messages) {
    read_[message.partition] = message.offset + 1;
    last[message.partition] = &message;
    ++batch_messages_;
    batch_bytes_ += message.value.size();
    if (message.is_tombstone) {
      ++unselected_;
      continue;
    }
    FRESHET_RETURN_IF_ERROR(tables_->feed(message));
    if (is_truncated_) FRESHET_RETURN_IF_ERROR(truncate_at(message));
    if (settled_) return Status::OK();
  }
  for (const auto& [partition, message] : last) batch_anchors_[partition] = StreamAnchor::of(*message);
  for (const auto& [partition, position] : polled.positions) {
    int64_t& read = read_[partition];
    read = std::max(read, position);
  }
  return Status::OK();
}

Status RoutineLoadJob::truncate_at(const StreamMessage& message) {
  is_truncated_ = false;
  read_[message.partition] = message.offset;
  if (read_ != committed_) FRESHET_RETURN_IF_ERROR(commit_batch());
  if (settled_) return Status::OK();
  const bool has_one_partition = committed_.size() == 1;
  if (!has_one_partition || !spec_.load.partitions.empty() || spec_.is_multi_table()) {
    settle(
        RoutineLoadState::kPaused,
        fmt::format("offset {} of partition {} truncates the source table, but {}: TRUNCATE the table yourself, then ALTER "
                    "ROUTINE LOAD with kafka_partitions '{}' and kafka_offsets '{}' and RESUME to read on after it",
                    message.offset, message.partition,
                    has_one_partition ? "this job is for some partitions of it, or for several tables"
                                      : "the topic's other partitions do not tell which of their rows came before it",
                    message.partition, message.offset + 1));
    return Status::OK();
  }
  // Once more after a crash between the two: nothing was loaded meanwhile.
  FRESHET_RETURN_IF_ERROR(parts_.storage.truncate_table(spec_.load.database, spec_.load.table));
  const Offsets after{{message.partition, message.offset + 1}};
  FRESHET_RETURN_IF_ERROR(store_positions(committed_, after));
  committed_ = after;
  {
    std::lock_guard lock(record_mutex_);
    ++record_.status.total_rows;
    ++record_.status.unselected_rows;
    record_.status.progress[message.partition] = message.offset;
  }
  return begin_batch();
}

bool RoutineLoadJob::is_commit_due(bool was_full) const {
  if (batch_messages_ >= spec_.max_batch_rows || batch_bytes_ >= spec_.max_batch_bytes) return true;
  const int64_t age_ms = millis_since(first_message_);
  if (was_full && age_ms < std::min<int64_t>(kCatchUpMs, static_cast<int64_t>(spec_.max_batch_interval_seconds) * 1000))
    return false;
  return millis_since(last_commit_) >= static_cast<int64_t>(parts_.options.min_commit_interval_ms);
}

Status RoutineLoadJob::commit_batch() {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t rows, tables_->prepare_commit());
  Offsets from;
  Offsets to;
  for (const auto& [partition, position] : read_) {
    if (committed_.at(partition) == position) continue;
    from[partition] = committed_.at(partition);
    to[partition] = position;
  }
  const uint64_t errors = errors_.count();
  RoutineLoadStatistics statistics;
  {
    std::lock_guard lock(record_mutex_);
    statistics = record_.status;
  }
  statistics.received_bytes += batch_bytes_;
  statistics.loaded_rows += rows;
  statistics.error_rows += errors;
  statistics.unselected_rows += unselected_;
  statistics.total_rows += rows + errors + unselected_;
  ++statistics.committed_tasks;
  statistics.execute_ms += static_cast<uint64_t>(millis_since(first_message_));
  statistics.last_commit_unix_ms = parts_.clock.unix_micros() / 1000;
  failpoint(Failpoint::kRoutineLoadCommit);
  FRESHET_RETURN_IF_ERROR(tables_->commit({job_, epoch_}, from, to,
                                          {kStatisticsRecord, std::to_string(job_.value), encode_statistics(statistics)}));
  failpoint(Failpoint::kRoutineLoadCommitted);
  committed_ = read_;
  for (const auto& [partition, anchor] : batch_anchors_) history_.anchors[partition] = anchor;
  last_commit_ = Clock::now();
  {
    std::lock_guard lock(record_mutex_);
    static_cast<RoutineLoadStatistics&>(record_.status) = statistics;
    record_.status.error_rows_after_resumed += errors;
  }
  show_positions(committed_);
  backoff_ms_ = lasting_errors_ = 0;
  if (history_.anchors.size() != saved_history_.anchors.size()) FRESHET_RETURN_IF_ERROR(save_history());
  unsaved_errors_.append(errors_);
  if (Clock::now() - last_error_log_ >= kErrorLogInterval) FRESHET_RETURN_IF_ERROR(save_errors());
  FRESHET_RETURN_IF_ERROR(check_error_limits(rows + errors, errors));
  return settled_ ? Status::OK() : begin_batch();
}

Status RoutineLoadJob::save_errors() {
  if (unsaved_errors_.count() == 0) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const std::string id, parts_.loads.save_error_log(unsaved_errors_));
  last_error_log_ = Clock::now();
  unsaved_errors_.clear();
  std::lock_guard lock(record_mutex_);
  std::vector<std::string>& ids = record_.status.error_log_ids;
  ids.push_back(id);
  if (ids.size() > kErrorLogsShown) ids.erase(ids.begin());
  return Status::OK();
}

Status RoutineLoadJob::check_error_limits(uint64_t rows, uint64_t errors) {
  window_rows_ += rows;
  window_errors_ += errors;
  const bool is_beyond_ratio =
      errors != 0 && static_cast<double>(window_errors_) > spec_.max_filter_ratio * static_cast<double>(window_rows_);
  if (window_errors_ > spec_.max_error_number || is_beyond_ratio) FRESHET_RETURN_IF_ERROR(save_errors());
  if (window_errors_ > spec_.max_error_number) {
    settle(RoutineLoadState::kPaused,
           fmt::format(
               "{} rows were rejected, more than max_error_number ({}); the first: {}. They are skipped: RESUME reads on "
               "after them",
               window_errors_, spec_.max_error_number, errors_.first()));
  } else if (is_beyond_ratio) {
    settle(RoutineLoadState::kPaused,
           fmt::format("{} of {} rows were rejected, more than max_filter_ratio ({}); the first: {}", window_errors_,
                       window_rows_, spec_.max_filter_ratio, errors_.first()));
  }
  if (window_rows_ >= spec_.max_batch_rows * kErrorWindowBatches) window_rows_ = window_errors_ = 0;
  return Status::OK();
}

Status RoutineLoadJob::look_around() {
  last_look_ = Clock::now();
  // Before the broker is asked, which takes seconds while it is away.
  if (const std::string error = source_->last_error(); !error.empty()) note_trouble(error);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<int32_t> partitions, source_->partitions());
  std::vector<int32_t> assigned;
  for (const auto& [partition, position] : read_) assigned.push_back(partition);
  FRESHET_ASSIGN_OR_RETURN(const auto marks, source_->watermarks(assigned));
  Offsets lag;
  for (const auto& [partition, position] : read_) {
    const int64_t end = marks.at(partition).high;
    // What was polled before the question cannot be behind the end that it got.
    if (position > end) return Status::Conflict("partition {} ends at offset {}, before {}", partition, end, position);
    lag[partition] = end - position;
  }
  if (last_look_ - opened_ >= kSteadyTime) {
    note_trouble({});
    backoff_ms_ = lasting_errors_ = 0;
  }
  FRESHET_RETURN_IF_ERROR(save_errors());
  if (last_look_ - last_history_save_ >= kHistoryInterval) FRESHET_RETURN_IF_ERROR(save_history());
  has_new_partitions_ = spec_.partition_offsets.empty() && std::ranges::any_of(partitions, [this](int32_t partition) {
                          return !committed_.contains(partition);
                        });
  std::lock_guard lock(record_mutex_);
  record_.status.lag = std::move(lag);
  return Status::OK();
}

}  // namespace freshet::ingest
