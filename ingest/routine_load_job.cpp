#include "ingest/routine_load_job.h"

#include <algorithm>
#include <charconv>

#include "ingest/partial_update.h"
#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/types/value_text.h"

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

int64_t millis_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

RoutineLoadJob::RoutineLoadJob(const Parts& parts, RoutineLoadRecord record)
    : parts_(parts),
      record_(std::move(record)),
      spec_(record_.status.spec),
      job_(record_.status.id),
      errors_(kRejectedRowsKept) {}

RoutineLoadJob::~RoutineLoadJob() { end_thread(); }

Status RoutineLoadJob::start() {
  {
    std::lock_guard lock(record_mutex_);
    epoch_ = ++record_.epoch;
    record_.status.state = RoutineLoadState::kRunning;
    record_.status.reason_of_state_changed.clear();
    record_.status.other_message.clear();
    record_.status.pause_unix_seconds = 0;
  }
  FRESHET_RETURN_IF_ERROR(save());
  stopping_ = false;
  settled_ = false;
  window_rows_ = window_errors_ = 0;
  thread_ = std::thread([this] { run(); });
  return Status::OK();
}

void RoutineLoadJob::end_thread() {
  {
    std::lock_guard lock(wait_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
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

RoutineLoadStatus RoutineLoadJob::status() const {
  std::lock_guard lock(record_mutex_);
  return record_.status;
}

Status RoutineLoadJob::save() {
  std::string bytes;
  {
    std::lock_guard lock(record_mutex_);
    bytes = record_.encode();
  }
  return parts_.storage.put_record("routine_load", std::to_string(job_.value), bytes);
}

void RoutineLoadJob::note(const std::string& message) {
  std::lock_guard lock(record_mutex_);
  if (record_.status.other_message == message) return;
  record_.status.other_message = message;
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
    decoder_.reset();
    transaction_.reset();
    if (!status.ok() && !settled_ && !go_on_after(status)) return;
  }
}

bool RoutineLoadJob::go_on_after(const Status& error) {
  {
    std::lock_guard lock(record_mutex_);
    ++record_.status.aborted_tasks;
  }
  if (parts_.storage.snapshot()->find_table(spec_.load.database, spec_.load.table) == nullptr) {
    settle(RoutineLoadState::kCancelled, "table " + spec_.load.database + "." + spec_.load.table + " was dropped");
    return false;
  }
  if (error.code() == StatusCode::kInvalidArgument || error.code() == StatusCode::kUnsupported) {
    settle(RoutineLoadState::kPaused, error.message());
    return false;
  }
  note(error.message());
  if (error.code() == StatusCode::kUnknownOutcome) return false;
  backoff_ms_ = std::clamp(backoff_ms_ * 2, kFirstBackoffMs, parts_.options.retry_backoff_ms_max);
  wait(std::chrono::milliseconds(backoff_ms_));
  return true;
}

Status RoutineLoadJob::read_stream() {
  FRESHET_RETURN_IF_ERROR(open_stream());
  if (settled_) return Status::OK();
  return consume();
}

Status RoutineLoadJob::open_stream() {
  FRESHET_ASSIGN_OR_RETURN(source_, parts_.streams.open(spec_.stream));
  FRESHET_ASSIGN_OR_RETURN(Offsets positions, starting_positions());
  FRESHET_RETURN_IF_ERROR(store_positions(positions, positions));
  FRESHET_RETURN_IF_ERROR(check_watermarks(positions));
  if (settled_) return Status::OK();
  committed_ = read_ = positions;
  return source_->assign({positions.begin(), positions.end()});
}

Result<RoutineLoadJob::Offsets> RoutineLoadJob::starting_positions() {
  FRESHET_ASSIGN_OR_RETURN(const auto stored, parts_.storage.stream_positions(job_));
  Offsets positions(stored.begin(), stored.end());
  std::vector<std::pair<int32_t, std::string>> wanted = spec_.partition_offsets;
  if (wanted.empty()) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<int32_t> partitions, source_->partitions());
    // A partition that appears later holds only records that were written later: all of it is read.
    for (int32_t partition : partitions)
      wanted.emplace_back(partition, positions.empty() ? spec_.default_offsets : "OFFSET_BEGINNING");
  }
  for (const auto& [partition, text] : wanted) {
    if (positions.contains(partition)) continue;
    FRESHET_ASSIGN_OR_RETURN(positions[partition], starting_offset(partition, text.empty() ? spec_.default_offsets : text));
  }
  return positions;
}

Result<int64_t> RoutineLoadJob::starting_offset(int32_t partition, const std::string& text) {
  int64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc() && end == text.data() + text.size() && offset >= 0) return offset;
  if (text == "OFFSET_BEGINNING" || text == "OFFSET_END") {
    FRESHET_ASSIGN_OR_RETURN(const PartitionWatermarks marks, source_->watermarks(partition));
    return text == "OFFSET_END" ? marks.high : marks.low;
  }
  Column time(DataType{.kind = TypeKind::kDateTime});
  if (append_text(time, text) != TextError::kNone) {
    return Status::InvalidArgument(
        "offset '{}' of partition {} is neither a number, OFFSET_BEGINNING, OFFSET_END nor a time like '2026-01-02 "
        "03:04:05'",
        text, partition);
  }
  return source_->offset_for_time(partition, time.values<int64_t>()[0] / 1000);
}

Status RoutineLoadJob::check_watermarks(Offsets& positions) {
  for (auto& [partition, position] : positions) {
    FRESHET_ASSIGN_OR_RETURN(const PartitionWatermarks marks, source_->watermarks(partition));
    if (position > marks.high) {
      settle(RoutineLoadState::kPaused,
             fmt::format(
                 "partition {} ends at offset {}, but offsets up to {} were loaded: the topic was made again; STOP this "
                 "job and create a new one to read it from its beginning",
                 partition, marks.high, position));
      return Status::OK();
    }
    if (position >= marks.low) continue;
    const auto lost = static_cast<uint64_t>(marks.low - position);
    note(fmt::format(
        "the broker's retention removed offsets {} to {} of partition {} before they were read: {} records are lost",
        position, marks.low - 1, partition, lost));
    FRESHET_RETURN_IF_ERROR(store_positions({{partition, position}}, {{partition, marks.low}}));
    position = marks.low;
    std::lock_guard lock(record_mutex_);
    record_.status.lost_rows += lost;
  }
  return Status::OK();
}

Status RoutineLoadJob::store_positions(const Offsets& from, const Offsets& to) {
  std::vector<storage::OffsetAdvance> offsets;
  for (const auto& [partition, position] : from) offsets.push_back({job_, epoch_, partition, position, to.at(partition)});
  return parts_.storage.set_stream_positions(offsets);
}

Status RoutineLoadJob::begin_batch() {
  table_ = parts_.storage.snapshot()->find_table(spec_.load.database, spec_.load.table);
  if (table_ == nullptr) return Status::NotFound("Unknown table '{}.{}'", spec_.load.database, spec_.load.table);
  RejectRow reject = [this](std::string_view reason, std::string_view row) {
    errors_.add(reason, row);
    return Status::OK();
  };
  FRESHET_ASSIGN_OR_RETURN(auto partial, partial_columns_of(spec_.load, *table_->schema));
  transaction_ = std::make_unique<LoadTransaction>(
      parts_.storage, table_,
      LoadTransaction::Options{parts_.loads.options().memtable_bytes, std::move(reject), std::move(partial)});
  if (decoder_ == nullptr || decoder_schema_ != table_->schema->version) {
    DecodeTarget target{parts_.storage,
                        table_,
                        errors_,
                        [this](const Block& block) { return transaction_->append(block); },
                        parts_.loads.options().max_row_bytes,
                        parts_.loads.options().transforms,
                        &unselected_,
                        {},
                        [this] { is_truncated_ = true; }};
    FRESHET_ASSIGN_OR_RETURN(decoder_, make_decoder(spec_.load, std::move(target)));
    decoder_schema_ = table_->schema->version;
  }
  errors_.clear();
  read_ = committed_;
  batch_messages_ = batch_bytes_ = unselected_ = 0;
  is_truncated_ = false;
  return Status::OK();
}

Status RoutineLoadJob::consume() {
  last_look_ = {};
  FRESHET_RETURN_IF_ERROR(begin_batch());
  StreamSource::Batch polled;
  while (!stopping_ && !settled_) {
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
  const storage::TableSnapshotPtr now = parts_.storage.snapshot()->find_table(spec_.load.database, spec_.load.table);
  if (now != nullptr && now->id == table_->id && now->schema->version == table_->schema->version) return Status::OK();
  return read_ != committed_ ? commit_batch() : begin_batch();
}

Status RoutineLoadJob::take(const StreamSource::Batch& polled) {
  if (read_ == committed_) first_message_ = Clock::now();
  for (const StreamMessage& message : polled.messages) {
    read_[message.partition] = message.offset + 1;
    ++batch_messages_;
    batch_bytes_ += message.value.size();
    if (message.is_tombstone) {
      ++unselected_;
      continue;
    }
    FRESHET_RETURN_IF_ERROR(decoder_->feed_record(message.value));
    if (is_truncated_) FRESHET_RETURN_IF_ERROR(truncate_at(message));
    if (settled_) return Status::OK();
  }
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
  if (!has_one_partition || !spec_.load.partitions.empty()) {
    settle(
        RoutineLoadState::kPaused,
        fmt::format("offset {} of partition {} truncates the source table, but {}: TRUNCATE the table yourself, then ALTER "
                    "ROUTINE LOAD with kafka_partitions '{}' and kafka_offsets '{}' and RESUME to read on after it",
                    message.offset, message.partition,
                    has_one_partition ? "this job loads some partitions only"
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
  FRESHET_RETURN_IF_ERROR(decoder_->flush());
  std::vector<storage::OffsetAdvance> offsets;
  for (const auto& [partition, to] : read_) {
    const int64_t from = committed_.at(partition);
    if (from != to) offsets.push_back({job_, epoch_, partition, from, to});
  }
  FRESHET_RETURN_IF_ERROR(parts_.storage.admit_load(table_->id));
  const uint64_t rows = transaction_->row_count();
  failpoint(Failpoint::kRoutineLoadCommit);
  FRESHET_RETURN_IF_ERROR(transaction_->commit(std::nullopt, std::move(offsets)).status());
  failpoint(Failpoint::kRoutineLoadCommitted);
  committed_ = read_;
  last_commit_ = Clock::now();
  const uint64_t errors = errors_.count();
  {
    std::lock_guard lock(record_mutex_);
    RoutineLoadStatus& status = record_.status;
    status.received_bytes += batch_bytes_;
    status.loaded_rows += rows;
    status.error_rows += errors;
    status.total_rows += rows + errors + unselected_;
    ++status.committed_tasks;
    status.last_commit_unix_ms = parts_.clock.unix_micros() / 1000;
    for (const auto& [partition, next] : committed_) status.progress[partition] = next - 1;
    // A named gap stays readable; every other message is about what is over now.
    if (backoff_ms_ != 0 && status.lost_rows == 0) status.other_message.clear();
  }
  backoff_ms_ = 0;
  if (errors != 0) FRESHET_RETURN_IF_ERROR(keep_errors());
  FRESHET_RETURN_IF_ERROR(check_error_limits(rows + errors, errors));
  return settled_ ? Status::OK() : begin_batch();
}

Status RoutineLoadJob::keep_errors() {
  if (Clock::now() - last_error_log_ < kErrorLogInterval) return Status::OK();
  last_error_log_ = Clock::now();
  FRESHET_ASSIGN_OR_RETURN(const std::string id, parts_.loads.save_error_log(errors_));
  std::lock_guard lock(record_mutex_);
  std::vector<std::string>& ids = record_.status.error_log_ids;
  ids.push_back(id);
  if (ids.size() > kErrorLogsShown) ids.erase(ids.begin());
  return Status::OK();
}

Status RoutineLoadJob::check_error_limits(uint64_t rows, uint64_t errors) {
  window_rows_ += rows;
  window_errors_ += errors;
  if (window_errors_ > spec_.max_error_number) {
    settle(RoutineLoadState::kPaused,
           fmt::format(
               "{} rows were rejected, more than max_error_number ({}); the first: {}. They are skipped: RESUME reads on "
               "after them",
               window_errors_, spec_.max_error_number, errors_.first()));
  } else if (errors != 0 &&
             static_cast<double>(window_errors_) > spec_.max_filter_ratio * static_cast<double>(window_rows_)) {
    settle(RoutineLoadState::kPaused,
           fmt::format("{} of {} rows were rejected, more than max_filter_ratio ({}); the first: {}", window_errors_,
                       window_rows_, spec_.max_filter_ratio, errors_.first()));
  }
  if (window_rows_ >= spec_.max_batch_rows * kErrorWindowBatches) window_rows_ = window_errors_ = 0;
  return Status::OK();
}

Status RoutineLoadJob::look_around() {
  last_look_ = Clock::now();
  Offsets lag;
  for (const auto& [partition, position] : read_) {
    FRESHET_ASSIGN_OR_RETURN(const PartitionWatermarks marks, source_->watermarks(partition));
    lag[partition] = std::max<int64_t>(0, marks.high - position);
  }
  {
    std::lock_guard lock(record_mutex_);
    record_.status.lag = std::move(lag);
    for (const auto& [partition, next] : committed_) record_.status.progress[partition] = next - 1;
  }
  if (!spec_.partition_offsets.empty()) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const std::vector<int32_t> partitions, source_->partitions());
  for (int32_t partition : partitions) {
    if (!committed_.contains(partition))
      return Status::Conflict("partition {} is new: the stream is opened again", partition);
  }
  return Status::OK();
}

}  // namespace freshet::ingest
