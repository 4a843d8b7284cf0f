#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <random>

#include "ingest/decode/decoder.h"
#include "ingest/group_commit.h"
#include "ingest/load_gate.h"
#include "ingest/load_transaction.h"
#include "ingest/partial_update.h"
#include "ingest/row_errors.h"
#include "ingest/spool_file.h"
#include "ingest/stream_load.h"
#include "storage/base/wall_clock.h"

namespace freshet::ingest {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t millis(Clock::duration duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// A label nobody else makes up, in the form of a UUID.
std::string make_label() {
  std::random_device random;
  const uint32_t a = random(), b = random(), c = random(), d = random();
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xffff, c >> 16, c & 0xffff, d);
}

constexpr uint64_t kMostMemtableBytes = 1ull << 30;

/// The newest loads that have ended. Any thread.
class FinishedLoads {
 public:
  explicit FinishedLoads(uint64_t most) : most_(most) {}

  void add(FinishedLoad load) {
    const std::lock_guard lock(mutex_);
    loads_.push_back(std::move(load));
    if (loads_.size() > most_) loads_.pop_front();
  }
  std::vector<FinishedLoad> of(const std::string& database) const {
    const std::lock_guard lock(mutex_);
    std::vector<FinishedLoad> found;
    for (const FinishedLoad& load : loads_) {
      if (load.database == database) found.push_back(load);
    }
    return found;
  }

 private:
  const uint64_t most_;
  mutable std::mutex mutex_;  ///< guards loads_
  std::deque<FinishedLoad> loads_;
};

class StreamLoadImpl final : public StreamLoad {
 public:
  StreamLoadImpl(storage::StorageEngine& storage, ErrorLogs& error_logs, const IngestOptions& options,
                 const LoadRequest& request, storage::TableSnapshotPtr table, std::unique_ptr<LoadPlace> place,
                 LoadReport report, Clock::time_point began, storage::PartialColumnsPtr partial, RunningLoads& running,
                 FinishedLoads& finished)
      : place_(std::move(place)),
        storage_(storage),
        error_logs_(error_logs),
        max_filter_ratio_(request.max_filter_ratio),
        timeout_seconds_(request.timeout_seconds != 0 ? request.timeout_seconds : options.load_timeout_seconds),
        database_(table->database),
        report_(std::move(report)),
        running_(running),
        finished_(finished),
        finished_load_{request.database, request.table, request.client, request.user, WallClock().unix_micros(), 0, {}},
        silent_seconds_(options.silent_load_seconds),
        own_transaction_(report_.transaction_id),
        fate_(running.add(own_transaction_)),
        began_(began),
        errors_(options.error_rows_kept),
        transaction_(std::make_unique<LoadTransaction>(
            storage, std::move(table),
            LoadTransaction::Options{options.memtable_bytes,
                                     [this](std::string_view reason, std::string_view row) {
                                       errors_.add(reason, row);
                                       return Status::OK();
                                     },
                                     std::move(partial), request.partial_new_keys})) {
    place_->may_be_taken([&storage, fate = fate_, database = database_, label = report_.label, own = own_transaction_] {
      if (!fate->give_up()) return false;
      storage.release_label(database, label, own, "its client was silent while other loads waited");
      return true;
    });
  }

  ~StreamLoadImpl() override {
    if (!is_ended_) static_cast<void>(abort(Status::Cancelled("the load was given up")));
  }

  Status open_decoder(const LoadRequest& request, const IngestOptions& options) {
    const auto start = Clock::now();
    if (!request.partitions.empty()) FRESHET_RETURN_IF_ERROR(transaction_->restrict_to(request.partitions));
    DecodeTarget target{storage_,
                        table(),
                        errors_,
                        [this](const Block& block) { return take(block); },
                        options.max_row_bytes,
                        options.transforms,
                        &report_.unselected_rows,
                        options.expansion};
    target.files = options.column_files;
    target.spool = options.spool;
    target.arrow_batch_bytes = options.arrow_batch_bytes;
    FRESHET_ASSIGN_OR_RETURN(decoder_, make_decoder(request, std::move(target)));
    report_.plan_ms = millis(Clock::now() - start);
    place_->wait_begins();
    return Status::OK();
  }

  Status write(std::string_view bytes) override {
    FRESHET_ASSERT(!is_ended_);
    place_->work_begins();
    FRESHET_RETURN_IF_ERROR(check_time());
    report_.load_bytes += bytes.size();
    const auto start = Clock::now();
    status_ = decoder_->feed(bytes);
    decoding_ += Clock::now() - start;
    place_->wait_begins();
    return status_;
  }

  LoadReport finish() override {
    FRESHET_ASSERT(!is_ended_);
    place_->work_begins();
    if (check_time().ok()) {
      const auto start = Clock::now();
      status_ = decoder_->finish();
      decoding_ += Clock::now() - start;
    }
    if (status_.ok()) status_ = check_quality();
    if (status_.ok()) status_ = commit();
    return end();
  }

  LoadReport abort(const Status& reason) override {
    FRESHET_ASSERT(!is_ended_);
    if (status_.ok()) status_ = reason;
    return end();
  }

 private:
  storage::TableSnapshotPtr table() const { return transaction_->table_pointer(); }

  Status take(const Block& block) {
    // The end of a body may bring many rows.
    FRESHET_RETURN_IF_ERROR(check_time());
    const auto start = Clock::now();
    Status status = transaction_->append(block);
    writing_ += Clock::now() - start;
    return status;
  }

  /// Keeps the first error.
  Status check_time() {
    if (status_.ok() && fate_->is_given_up()) status_ = given_up();
    if (status_.ok() && Clock::now() - began_ > std::chrono::seconds(timeout_seconds_)) {
      status_ = Status::Timeout("the load took longer than its timeout of {} s", timeout_seconds_);
    }
    return status_;
  }

  Status given_up() const {
    if (!place_->is_taken()) return Status::Cancelled("the load was aborted by a user");
    return Status::Timeout(
        "the client sent nothing for {} s (ingest.silent_load_seconds) while all places (ingest.max_running_loads) were "
        "taken",
        silent_seconds_);
  }

  uint64_t total_rows() const { return transaction_->row_count() + errors_.count() + report_.unselected_rows; }

  Status check_quality() const {
    const double considered = static_cast<double>(total_rows() - report_.unselected_rows);
    if (static_cast<double>(errors_.count()) > max_filter_ratio_ * considered) {
      return Status::DataQuality("too many filtered rows");
    }
    return Status::OK();
  }

  Status commit() {
    const auto start = Clock::now();
    if (!fate_->begin_commit()) return given_up();
    if (report_.group_commit) return commit_in_group();
    storage::LabelRecord label;
    label.label = report_.label;
    label.database = database_;
    label.table = transaction_->table().id;
    label.transaction = TransactionId(report_.transaction_id);
    label.loaded_rows = transaction_->row_count();
    label.filtered_rows = errors_.count();
    const Status status = report_.two_phase_commit ? transaction_->precommit(std::move(label))
                                                   : Status(transaction_->commit(std::move(label), {}).status());
    report_.commit_ms = millis(Clock::now() - start);
    return status;
  }

  Status commit_in_group() {
    FRESHET_ASSIGN_OR_RETURN(const storage::GroupOutcome group, transaction_->commit_in_group());
    report_.transaction_id = group.transaction.value;
    report_.label = group.label;
    return Status::OK();
  }

  void keep_errors() {
    if (errors_.count() == 0) return;
    report_.first_error = errors_.first();
    auto id = error_logs_.save(errors_);
    if (id.ok()) report_.error_log_id = std::move(id).value();
  }

  LoadReport end() {
    is_ended_ = true;
    report_.status = status_;
    report_.total_rows = total_rows();
    report_.filtered_rows = errors_.count();
    report_.loaded_rows = status_.ok() ? transaction_->row_count() : 0;
    keep_errors();
    decoder_.reset();
    transaction_.reset();
    // With an unknown outcome the label may be stored: it stays taken until a restart decides.
    if (!status_.ok() && status_.code() != StatusCode::kUnknownOutcome) {
      storage_.release_label(database_, report_.label, own_transaction_, status_.message());
    }
    running_.remove(own_transaction_);
    const auto whole = Clock::now() - began_;
    report_.load_ms = millis(whole);
    report_.read_ms = millis(decoding_ - writing_);
    report_.write_ms = millis(writing_);
    report_.receive_ms = report_.load_ms - std::min(report_.load_ms, millis(decoding_) + report_.commit_ms);
    place_.reset();
    finished_load_.ended_unix_micros = WallClock().unix_micros();
    finished_load_.report = report_;
    finished_.add(std::move(finished_load_));
    return report_;
  }

  std::unique_ptr<LoadPlace> place_;
  storage::StorageEngine& storage_;
  ErrorLogs& error_logs_;
  const double max_filter_ratio_;
  const uint64_t timeout_seconds_;
  const DatabaseId database_;
  LoadReport report_;
  RunningLoads& running_;
  FinishedLoads& finished_;
  FinishedLoad finished_load_;  ///< as far as it is known
  const uint64_t silent_seconds_;
  const TransactionId own_transaction_;
  const std::shared_ptr<LoadFate> fate_;
  const Clock::time_point began_;
  RowErrors errors_;
  std::unique_ptr<LoadTransaction> transaction_;
  std::unique_ptr<Decoder> decoder_;
  Status status_;  ///< the first error
  Clock::duration decoding_{};
  Clock::duration writing_{};  ///< part of decoding_
  bool is_ended_ = false;
};

class LoadManagerImpl final : public LoadManager {
 public:
  LoadManagerImpl(storage::StorageEngine& storage, const IngestOptions& options, std::unique_ptr<ErrorLogs> error_logs)
      : storage_(storage),
        options_(options),
        error_logs_(std::move(error_logs)),
        gate_(options.max_running_loads, std::chrono::seconds(options.silent_load_seconds)),
        finished_(options.finished_loads_kept) {}

  std::unique_ptr<StreamLoad> begin(const LoadRequest& request, LoadReport& report) override {
    const auto began = Clock::now();
    report = {};
    report.label = request.label.empty() ? make_label() : request.label;
    report.comment = request.comment;
    report.two_phase_commit = request.two_phase_commit;
    std::unique_ptr<StreamLoadImpl> load;
    report.status = begin_load(request, began, report, load);
    report.begin_ms = report.load_ms = millis(Clock::now() - began);
    if (report.status.ok()) return load;
    return nullptr;
  }

  Result<std::string> change_transaction(const TransactionRequest& request) override {
    return ingest::change_transaction(storage_, running_, request);
  }
  Result<std::string> load_state(const std::string& database, const std::string& label) override {
    const storage::ServerSnapshotPtr snapshot = storage_.snapshot();
    const auto found = snapshot->databases.find(database);
    if (found == snapshot->databases.end()) return Status::NotFound("unknown database, database={}", database);
    FRESHET_ASSIGN_OR_RETURN(const auto load, storage_.find_label(found->second, label));
    return std::string(load ? transaction_state_name(load->state) : "UNKNOWN");
  }
  Result<std::string> error_log(std::string_view id) const override { return error_logs_->read(id); }
  Result<std::string> save_error_log(const RowErrors& errors) override { return error_logs_->save(errors); }
  std::vector<FinishedLoad> finished_loads(const std::string& database) const override { return finished_.of(database); }
  uint64_t running_loads() const override { return gate_.running(); }
  const IngestOptions& options() const override { return options_; }
  void drain(uint64_t timeout_seconds) override { gate_.close_and_wait(timeout_seconds); }

 private:
  Status begin_load(const LoadRequest& request, Clock::time_point began, LoadReport& report,
                    std::unique_ptr<StreamLoadImpl>& load) {
    FRESHET_ASSIGN_OR_RETURN(std::unique_ptr<LoadPlace> place, gate_.enter());
    FRESHET_ASSIGN_OR_RETURN(storage::TableSnapshotPtr table, find_table(request));
    FRESHET_ASSIGN_OR_RETURN(auto partial, partial_columns_of(request, *table->schema));
    FRESHET_ASSIGN_OR_RETURN(const bool is_grouped, commits_in_group(request, *table->schema));
    if (request.single_tablet && !table->schema->bucket_columns.empty()) {
      return Status::InvalidArgument(
          "if load_to_single_tablet set to true, the olap table must be with random distribution");
    }
    FRESHET_RETURN_IF_ERROR(storage_.admit_load(table->id));
    FRESHET_ASSIGN_OR_RETURN(const TransactionId transaction, storage_.next_transaction_id());
    report.transaction_id = transaction.value;
    // The label of a load in a group is made up and told, not kept.
    report.group_commit = is_grouped;
    if (!report.group_commit) {
      FRESHET_RETURN_IF_ERROR(request.label.empty()
                                  ? storage_.reserve_made_up_label(table->database, report.label, transaction)
                                  : reserve_label(table->database, transaction, report));
    }
    report.begin_ms = millis(Clock::now() - began);
    auto begun = std::make_unique<StreamLoadImpl>(storage_, *error_logs_, options_, request, table, std::move(place), report,
                                                  began, std::move(partial), running_, finished_);
    const Status status = begun->open_decoder(request, options_);
    if (!status.ok()) {
      static_cast<void>(begun->abort(status));
      return status;
    }
    load = std::move(begun);
    return Status::OK();
  }

  Result<storage::TableSnapshotPtr> find_table(const LoadRequest& request) const {
    const storage::ServerSnapshotPtr snapshot = storage_.snapshot();
    storage::TableSnapshotPtr table = snapshot->find_table(request.database, request.table);
    if (table != nullptr) return table;
    if (!snapshot->databases.contains(request.database)) {
      return Status::NotFound("unknown database, database={}", request.database);
    }
    return Status::NotFound("unknown table, tableName={} in database {}", request.table, request.database);
  }

  Status reserve_label(DatabaseId database, TransactionId transaction, LoadReport& report) {
    std::optional<storage::LabelRecord> existing;
    Status status = storage_.reserve_label(database, report.label, transaction, &existing);
    if (status.code() == StatusCode::kLabelExists) {
      report.existing_job_status = existing_job_status(existing ? existing->state : storage::LabelState::kRunning);
    }
    return status;
  }

  storage::StorageEngine& storage_;
  const IngestOptions options_;
  std::unique_ptr<ErrorLogs> error_logs_;
  LoadGate gate_;
  RunningLoads running_;
  FinishedLoads finished_;
};

}  // namespace

Result<std::unique_ptr<LoadManager>> LoadManager::create(storage::StorageEngine& storage, const IngestOptions& options) {
  if (options.memtable_bytes == 0 || options.memtable_bytes > kMostMemtableBytes) {
    return Status::InvalidArgument("memtable_bytes must be from 1 to {}, not {}", kMostMemtableBytes,
                                   options.memtable_bytes);
  }
  if (options.error_log_directory.empty()) return Status::InvalidArgument("error_log_directory must be set");
  if (options.column_files != nullptr) SpoolFile::remove_leftovers(options.spool.directory);
  FRESHET_ASSIGN_OR_RETURN(auto error_logs, ErrorLogs::open(options.error_log_directory, options.error_logs_kept));
  return std::unique_ptr<LoadManager>(std::make_unique<LoadManagerImpl>(storage, options, std::move(error_logs)));
}

}  // namespace freshet::ingest
