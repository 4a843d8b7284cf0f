#include "storage/meta/rocksdb_meta_store.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "storage/base/log.h"
#include "storage/meta/store_witness.h"

namespace freshet::storage {
namespace {

constexpr size_t kBlockCacheBytes = 16u << 20;
constexpr int kMostOpenFiles = 128;
constexpr double kFilterBitsPerKey = 10;
constexpr auto kMostWaitForReaders = std::chrono::seconds(10);
constexpr auto kReaderPoll = std::chrono::milliseconds(5);

/// Sized so that an idle store takes a few kilobytes of disk: nothing is allocated ahead of what is written.
rocksdb::Options rocksdb_options(const RocksDbOptions& options) {
  rocksdb::Options result;
  if (options.env != nullptr) result.env = options.env;
  result.create_if_missing = !options.read_only;
  result.paranoid_checks = true;
  // A store without room is opened again by resume(), which knows what of the last write was found.
  result.max_bgerror_resume_count = 0;
  // The default drops every commit behind one flipped bit of the log without a word; this one only forgives a torn tail.
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  result.write_buffer_size = options.write_buffer_bytes;
  result.db_write_buffer_size = options.write_buffer_bytes;
  result.max_total_wal_size = options.write_buffer_bytes;
  // Logs that are closed and synced are listed with their sizes: one that is missing or short is an error.
  result.track_and_verify_wals_in_manifest = true;
  // A start on a full disk must not need room for the log a second time.
  result.avoid_flush_during_recovery = true;
  result.compression = rocksdb::kNoCompression;
  result.allow_fallocate = false;
  result.recycle_log_file_num = 0;
  result.manifest_preallocation_size = 64 << 10;
  result.max_manifest_file_size = 4 << 20;
  result.max_open_files = kMostOpenFiles;
  result.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  result.keep_log_file_num = 2;
  result.max_log_file_size = 1 << 20;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

rocksdb::Slice slice_of(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status read_error(const rocksdb::Status& status, const std::string& directory) {
  if (status.IsCorruption()) return Status::Corruption("metadata store {}: {}", directory, status.ToString());
  return Status::IoError("metadata store {}: {}", directory, status.ToString());
}

void fill(const MetaBatch& batch, rocksdb::WriteBatch& out) {
  using Kind = MetaBatch::Operation::Kind;
  for (const MetaBatch::Operation& operation : batch.operations()) {
    // A WriteBatch in memory cannot refuse an operation.
    switch (operation.kind) {
      case Kind::kPut: out.Put(operation.key, operation.value).PermitUncheckedError(); break;
      case Kind::kErase: out.Delete(operation.key).PermitUncheckedError(); break;
      case Kind::kEraseRange:
        if (operation.key < operation.value) out.DeleteRange(operation.key, operation.value).PermitUncheckedError();
        break;
    }
  }
}

Status locked_error(const std::string& directory) {
  return Status::Unavailable("data directory {} is in use by another server; stop it or choose another directory",
                             directory);
}

Status open_error(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  const bool is_locked = status.IsIOError() && (text.find("While lock file") != std::string::npos ||
                                                text.find("lock hold by current process") != std::string::npos);
  if (is_locked) return locked_error(directory);
  if (status.IsNoSpace()) return Status::OutOfSpace("cannot open metadata store {}: {}", directory, text);
  // A file that is missing is damage as well.
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return Status::Corruption("cannot open metadata store {}: {}", directory, text);
  }
  return Status::IoError("cannot open metadata store {}: {}", directory, text);
}

Result<std::shared_ptr<rocksdb::DB>> open_database(const std::string& directory, const RocksDbOptions& options) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Options settings = rocksdb_options(options);
  const rocksdb::Status status = options.read_only ? rocksdb::DB::OpenForReadOnly(settings, directory, &opened)
                                                   : rocksdb::DB::Open(settings, directory, &opened);
  std::shared_ptr<rocksdb::DB> database(opened);
  if (!status.ok()) return open_error(status, directory);
  return database;
}

class RocksDbMetaStore final : public MetaStore {
 public:
  /// `witness`: null when the store is read only.
  RocksDbMetaStore(std::shared_ptr<rocksdb::DB> database, std::string directory, const RocksDbOptions& options,
                   std::unique_ptr<StoreWitness> witness)
      : directory_(std::move(directory)), options_(options), witness_(std::move(witness)), database_(std::move(database)) {}

  Status commit(const MetaBatch& batch) override {
    if (options_.read_only) return Status::Unavailable("metadata store {} is open for reading only", directory_);
    if (state_.load() == State::kFull) FRESHET_RETURN_IF_ERROR(resume());
    rocksdb::WriteBatch writes(batch.byte_size() + batch.operations().size() * 16);
    fill(batch, writes);
    if (batch.preconditions().empty()) {
      // RocksDB gathers such commits that wait together into one sync.
      const std::shared_lock lock(mutex_);
      return write(writes);
    }
    const std::unique_lock lock(mutex_);
    FRESHET_RETURN_IF_ERROR(check_running());
    FRESHET_RETURN_IF_ERROR(check_preconditions(batch));
    return write(writes);
  }

  Status resume() override {
    const std::unique_lock lock(mutex_);
    if (state_.load() != State::kFull) return check_running();
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(directory_, error);
    if (error || space.available < options_.resume_free_bytes) return no_room();
    // What the failed write left at the end of the log is found or dropped as after a crash.
    FRESHET_RETURN_IF_ERROR(close_database());
    FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<rocksdb::DB> opened, open_database(directory_, options_));
    set_database(opened);
    // A log whose sync has failed may lack what a reader of it sees: it is written again.
    const rocksdb::Status flushed = opened->Flush(rocksdb::FlushOptions());
    if (flushed.IsNoSpace()) return no_room();
    if (!flushed.ok()) return read_error(flushed, directory_);
    state_ = State::kRunning;
    return Status::OK();
  }

  Result<std::optional<std::string>> get(std::string_view key) override {
    FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<rocksdb::DB> database, database_now());
    std::string value;
    const rocksdb::Status status = database->Get(read_options(), slice_of(key), &value);
    if (status.ok()) return std::optional<std::string>(std::move(value));
    if (status.IsNotFound()) return std::optional<std::string>();
    return read_error(status, directory_);
  }

  Status scan(std::string_view begin, std::string_view end,
              const std::function<Status(std::string_view key, std::string_view value)>& visit) override {
    FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<rocksdb::DB> database, database_now());
    rocksdb::ReadOptions options = read_options();
    const rocksdb::Slice upper_bound = slice_of(end);
    if (!end.empty()) options.iterate_upper_bound = &upper_bound;
    const std::unique_ptr<rocksdb::Iterator> iterator(database->NewIterator(options));
    for (iterator->Seek(slice_of(begin)); iterator->Valid(); iterator->Next()) {
      FRESHET_RETURN_IF_ERROR(visit(view_of(iterator->key()), view_of(iterator->value())));
    }
    if (!iterator->status().ok()) return read_error(iterator->status(), directory_);
    return Status::OK();
  }

 private:
  enum class State : uint8_t {
    kRunning,
    kFull,    ///< a write found no room; resume() helps
    kFailed,  ///< a write failed otherwise; only a restart helps
  };

  Status no_room() const {
    return Status::OutOfSpace("the disk of the metadata store {} is full: make room, and commits go on", directory_);
  }
  Status check_running() const {
    switch (state_.load()) {
      case State::kRunning: return Status::OK();
      case State::kFull: return no_room();
      case State::kFailed: break;
    }
    return Status::Unavailable("the metadata store stopped after a failed write; restart the server");
  }

  Result<std::shared_ptr<rocksdb::DB>> database_now() const {
    const std::lock_guard lock(database_mutex_);
    if (database_ != nullptr) return database_;
    return Status::Unavailable("the metadata store {} is being opened again after its disk was full", directory_);
  }
  void set_database(std::shared_ptr<rocksdb::DB> database) {
    const std::lock_guard lock(database_mutex_);
    database_ = std::move(database);
  }
  /// Waits for readers, whose snapshots of the store would keep it open.
  Status close_database() {
    std::shared_ptr<rocksdb::DB> closing;
    {
      const std::lock_guard lock(database_mutex_);
      closing = std::exchange(database_, nullptr);
    }
    const auto deadline = std::chrono::steady_clock::now() + kMostWaitForReaders;
    while (closing != nullptr && closing.use_count() > 1) {
      if (std::chrono::steady_clock::now() > deadline) {
        set_database(std::move(closing));
        return Status::Timeout("the metadata store {} is being read: it cannot be opened again yet", directory_);
      }
      std::this_thread::sleep_for(kReaderPoll);
    }
    return Status::OK();
  }

  /// REQUIRES: mutex_ held alone, so that what is checked still holds when the batch is written.
  Status check_preconditions(const MetaBatch& batch) {
    for (const MetaBatch::Precondition& precondition : batch.preconditions()) {
      FRESHET_ASSIGN_OR_RETURN(const std::optional<std::string> found, get(precondition.key));
      if (found == precondition.expected) continue;
      return Status::Conflict("the metadata changed meanwhile: a key that must {} now {}",
                              precondition.expected ? "hold a known value" : "be absent",
                              found ? "holds another value" : "is gone");
    }
    return Status::OK();
  }

  /// REQUIRES: mutex_ held.
  Status write(rocksdb::WriteBatch& writes) {
    FRESHET_RETURN_IF_ERROR(check_running());
    if (writes.Count() == 0) return Status::OK();
    FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<rocksdb::DB> database, database_now());
    rocksdb::WriteOptions options;
    options.sync = true;
    const uint64_t before = database->GetLatestSequenceNumber();
    const rocksdb::Status status = database->Write(options, &writes);
    if (status.ok()) {
      // Each operation takes a number. That of the newest may be one of a write beside this one, which may have failed.
      witness_->saw(before + writes.Count());
      return Status::OK();
    }
    if (status.IsNoSpace()) {
      // A failure of another kind that came meanwhile stays.
      State running = State::kRunning;
      state_.compare_exchange_strong(running, State::kFull);
      log_error("metadata store {}: the disk is full, commits wait for room: {}", directory_, status.ToString());
      return check_running();
    }
    state_ = State::kFailed;
    log_error("metadata store {}: a write failed, no more commits until a restart: {}", directory_, status.ToString());
    return Status::UnknownOutcome(
        "writing to the metadata store failed ({}); the commit may or may not be found after a restart of the server",
        status.ToString());
  }

  const std::string directory_;
  const RocksDbOptions options_;
  const std::unique_ptr<StoreWitness> witness_;
  /// Held alone from checking preconditions to writing, and while the store is opened again; shared by writes without any.
  std::shared_mutex mutex_;
  std::atomic<State> state_ = State::kRunning;
  mutable std::mutex database_mutex_;      ///< guards the pointer, never held for more than its copy
  std::shared_ptr<rocksdb::DB> database_;  ///< null while it is opened again
};

/// Whether another process holds RocksDB's lock file. Not for a directory that this process has open for writing: closing
/// the file here would give up the lock, as POSIX record locks do.
bool is_locked_by_another(const std::string& directory) {
  const int file = ::open((directory + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool is_locked = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(file);
  return is_locked;
}

std::string witness_path(const std::string& directory) { return directory + ".witness"; }

Status lost_writes(const std::string& directory, const std::string& what) {
  return Status::Corruption(
      "metadata store {} has lost writes: {}. Remedy: restore the newest backup of the whole data directory; who wants to "
      "go on with "
      "what is left, and lose the rest, removes {} first",
      directory, what, witness_path(directory));
}

/// RocksDB would begin a new store beside the files of one whose list of files is gone.
Status check_not_beheaded(const std::string& directory, const std::optional<uint64_t>& witness) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(fs::path(directory) / "CURRENT", error)) return Status::OK();
  if (witness && *witness > 0) {
    return lost_writes(directory, fmt::format("there is no store, but write {} was durable in it", *witness));
  }
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string ending = entry->path().extension().string();
    if (ending != ".sst" && ending != ".log") continue;
    return Status::Corruption("metadata store {} has no file CURRENT, but {}: restore the data directory from a backup",
                              directory, entry->path().filename().string());
  }
  return Status::OK();
}

/// Moves what earlier runs have left in logs into tables, whose loss RocksDB notices: only the newest log is without one
/// that vouches for it. Not when that might fill the disk.
void empty_old_logs(rocksdb::DB& database, const std::string& directory, uint64_t resume_free_bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  uint64_t log_bytes = 0;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".log") log_bytes += entry->file_size(error);
  }
  const fs::space_info space = fs::space(directory, error);
  if (error || log_bytes == 0 || space.available < 2 * log_bytes + resume_free_bytes) return;
  const rocksdb::Status flushed = database.Flush(rocksdb::FlushOptions());
  if (!flushed.ok()) log_warning("metadata store {}: its logs stay as they are: {}", directory, flushed.ToString());
}

}  // namespace

Result<std::unique_ptr<MetaStore>> open_rocksdb_meta_store(const std::string& directory, const RocksDbOptions& options) {
  std::error_code error;
  if (!options.read_only) std::filesystem::create_directories(directory, error);
  if (error) return Status::IoError("cannot make directory {}: {}", directory, error.message());
  // Reading does not lock, and what is read beside a running server changes under the reader.
  if (options.read_only && is_locked_by_another(directory)) return locked_error(directory);
  FRESHET_ASSIGN_OR_RETURN(const std::optional<uint64_t> durable, StoreWitness::read(witness_path(directory)));
  FRESHET_RETURN_IF_ERROR(check_not_beheaded(directory, durable));
  FRESHET_ASSIGN_OR_RETURN(std::shared_ptr<rocksdb::DB> database, open_database(directory, options));
  const uint64_t newest = database->GetLatestSequenceNumber();
  if (durable && newest < *durable) {
    return lost_writes(directory, fmt::format("it ends with write {}, but write {} was durable in it", newest, *durable));
  }
  std::unique_ptr<StoreWitness> witness;
  if (!options.read_only) {
    empty_old_logs(*database, directory, options.resume_free_bytes);
    FRESHET_ASSIGN_OR_RETURN(witness, StoreWitness::open(witness_path(directory), newest));
  }
  return std::make_unique<RocksDbMetaStore>(std::move(database), directory, options, std::move(witness));
}

Result<std::string> check_store_witness(const std::string& directory) {
  const std::string path = witness_path(directory);
  FRESHET_ASSIGN_OR_RETURN(const std::optional<uint64_t> durable, StoreWitness::read(path));
  if (durable) return std::string();
  return fmt::format(
      "{} is {}: writes at the end of the metadata's log that are missing cannot be told. Remedy: none needed, the next "
      "start "
      "writes it anew; a directory of an earlier build has none",
      path, std::filesystem::exists(path) ? "damaged" : "missing");
}

}  // namespace freshet::storage
