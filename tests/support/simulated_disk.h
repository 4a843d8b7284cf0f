#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/io/file_store.h"
#include "storage/meta/meta_store.h"

namespace freshet::test {

/// What goes wrong at a planned point.
enum class Fault : uint8_t {
  kError,         ///< EIO, nothing happens; of a commit: unknown outcome, not written
  kErrorAfter,    ///< EIO although it happened; of a commit: unknown outcome, written
  kShortWrite,    ///< half of the bytes are written, then EIO
  kNoSpace,       ///< ENOSPC from here on, until restart()
  kShortOfSpace,  ///< ENOSPC here and at the next few points, then there is room again
  kPowerCut,      ///< the machine goes off before it
  kPowerCutIn,    ///< ... while it is done: a part of it may have happened
};
inline constexpr Fault kAllFaults[] = {Fault::kError,        Fault::kErrorAfter, Fault::kShortWrite, Fault::kNoSpace,
                                       Fault::kShortOfSpace, Fault::kPowerCut,   Fault::kPowerCutIn};

/// What goes wrong at a planned read.
enum class ReadFault : uint8_t {
  kError,       ///< EIO, once
  kShortRead,   ///< half of the bytes come, then EIO, once
  kAllFurther,  ///< EIO at this read and all later ones, until heal_reads()
};
inline constexpr ReadFault kAllReadFaults[] = {ReadFault::kError, ReadFault::kShortRead, ReadFault::kAllFurther};

/// A disk in memory under the real engine: files and metadata with the rules of a real one. What was not synced is lost when
/// the power goes, a random part of it excepted: bytes of files, names of files, removals. A failed sync loses what it was
/// to sync, also when a later one succeeds (as Linux does it). The metadata store is a model of RocksDB with synced
/// commits: whole batches in order, durable when commit() answers OK, and no further commit after one of unknown outcome.
/// RocksDB itself is under test elsewhere; here thousands of machines crash within seconds.
///
/// Each call that changes the disk is a point, numbered from 1; each that opens or reads a file, or reads metadata, is a
/// read, numbered from 1 too. Any thread. Stores must not outlive the disk; those that
/// were given out before a power cut or restart() answer errors only.
class SimulatedDisk {
 public:
  explicit SimulatedDisk(uint64_t seed) : random_(seed) {}

  std::unique_ptr<storage::FileStore> files();
  std::unique_ptr<storage::MetaStore> meta();

  /// Points passed since the disk was made.
  uint64_t points() const {
    std::lock_guard lock(mutex_);
    return points_;
  }
  void fail_at(uint64_t point, Fault fault) {
    std::lock_guard lock(mutex_);
    planned_point_ = point;
    planned_ = fault;
  }
  /// Reads passed since the disk was made.
  uint64_t reads() const {
    std::lock_guard lock(mutex_);
    return reads_;
  }
  void fail_read_at(uint64_t read, ReadFault fault) {
    std::lock_guard lock(mutex_);
    planned_read_ = read;
    planned_read_fault_ = fault;
  }
  void heal_reads() {
    std::lock_guard lock(mutex_);
    planned_read_ = 0;
    reads_fail_ = false;
  }
  bool has_failed() const {
    std::lock_guard lock(mutex_);
    return has_failed_;
  }
  bool is_off() const {
    std::lock_guard lock(mutex_);
    return is_off_;
  }
  /// The process ends: what is written stays, synced or not.
  void restart() {
    std::lock_guard lock(mutex_);
    ++generation_;
    heal_locked();
  }
  /// The machine loses its power and comes back.
  void power_cut() {
    std::lock_guard lock(mutex_);
    ++generation_;
    lose_unsynced();
    heal_locked();
  }

 private:
  friend class SimulatedFiles;
  friend class SimulatedMeta;
  friend class SimulatedWriter;
  friend class SimulatedReader;

  struct File {
    std::string bytes;
    size_t synced = 0;     ///< bytes that survive a power cut
    bool is_lost = false;  ///< a sync failed: later syncs answer OK and keep nothing more
  };
  static constexpr uint64_t kPointsWithoutSpace = 3;
  using FilePtr = std::shared_ptr<File>;
  enum class Verdict : uint8_t { kDo, kFail, kDoAndFail, kHalf };

  void heal_locked() {
    planned_point_ = 0;
    has_failed_ = is_full_ = is_off_ = meta_is_broken_ = meta_is_full_ = reads_fail_ = false;
    full_until_ = planned_read_ = 0;
  }

  /// What to do at the next point. REQUIRES: mutex_ held.
  Verdict pass() {
    ++points_;
    if (is_off_) return Verdict::kFail;
    if (is_full_ && full_until_ != 0 && points_ > full_until_) is_full_ = false;
    if (is_full_) return Verdict::kFail;
    if (points_ != planned_point_) return Verdict::kDo;
    has_failed_ = true;
    switch (planned_) {
      case Fault::kError: return Verdict::kFail;
      case Fault::kErrorAfter: return Verdict::kDoAndFail;
      case Fault::kShortWrite: return Verdict::kHalf;
      case Fault::kNoSpace: return is_full_ = true, Verdict::kFail;
      case Fault::kShortOfSpace:
        is_full_ = true;
        full_until_ = points_ + kPointsWithoutSpace;
        return Verdict::kFail;
      case Fault::kPowerCut: return is_off_ = true, Verdict::kFail;
      case Fault::kPowerCutIn: is_off_ = true; return random_() % 2 == 0 ? Verdict::kDoAndFail : Verdict::kHalf;
    }
    return Verdict::kDo;
  }
  /// How the next read ends: kDo, kFail or kHalf. REQUIRES: mutex_ held.
  Verdict pass_read() {
    if (reads_fail_) return Verdict::kFail;
    if (++reads_ != planned_read_) return Verdict::kDo;
    has_failed_ = true;
    reads_fail_ = planned_read_fault_ == ReadFault::kAllFurther;
    return planned_read_fault_ == ReadFault::kShortRead ? Verdict::kHalf : Verdict::kFail;
  }
  /// A read of `out.size()` bytes at `offset` of a file's `bytes`.
  Status copy_out(std::string_view name, std::string_view bytes, uint64_t offset, std::span<char> out) {
    if (offset > bytes.size() || out.size() > bytes.size() - offset) {
      return Status::Corruption("{}: {} bytes at {} are beyond its end at {}", name, out.size(), offset, bytes.size());
    }
    const Verdict verdict = pass_read();
    if (verdict == Verdict::kFail) return failure(name);
    const bool is_whole = verdict == Verdict::kDo;
    std::memcpy(out.data(), bytes.data() + offset, is_whole ? out.size() : out.size() / 2);
    return is_whole ? Status::OK() : failure(name);
  }
  Status failure(std::string_view what) const {
    if (is_off_) return Status::IoError("{}: the machine is off", what);
    if (is_full_) return Status::OutOfSpace("{}: no space left on the device", what);
    return Status::IoError("{}: input/output error", what);
  }

  void lose_unsynced() {
    for (auto& [name, file] : names_) {
      if (file->bytes.size() == file->synced) continue;
      // Some unsynced pages reach the disk, the last of them maybe torn.
      const size_t kept = file->synced + random_() % (file->bytes.size() - file->synced + 1);
      file->bytes.resize(kept);
      if (kept > file->synced && random_() % 2 == 0) file->bytes.back() = static_cast<char>(random_());
      file->synced = kept;
    }
    std::map<std::string, FilePtr> survivors = durable_names_;
    for (const auto& [name, file] : names_) {
      if (!durable_names_.contains(name) && random_() % 2 == 0) survivors[name] = file;
    }
    for (const auto& [name, file] : durable_names_) {
      if (!names_.contains(name) && random_() % 2 == 0) survivors.erase(name);
    }
    names_ = durable_names_ = std::move(survivors);
  }

  mutable std::mutex mutex_;  ///< guards all below
  std::mt19937_64 random_;
  uint64_t generation_ = 0;
  uint64_t points_ = 0;
  uint64_t planned_point_ = 0;
  uint64_t full_until_ = 0;  ///< the last point without room; 0: no end is in sight
  Fault planned_ = Fault::kError;
  uint64_t reads_ = 0;
  uint64_t planned_read_ = 0;
  ReadFault planned_read_fault_ = ReadFault::kError;
  bool reads_fail_ = false;
  bool has_failed_ = false;
  bool is_full_ = false;
  bool is_off_ = false;
  bool meta_is_broken_ = false;
  bool meta_is_full_ = false;  ///< until resume()
  std::map<std::string, FilePtr> names_;
  std::map<std::string, FilePtr> durable_names_;
  std::map<std::string, std::string, std::less<>> meta_;
};

class SimulatedWriter final : public storage::WritableFile {
 public:
  SimulatedWriter(SimulatedDisk& disk, std::string name, SimulatedDisk::FilePtr file)
      : disk_(disk), name_(std::move(name)), file_(std::move(file)), generation_(disk.generation_) {}

  Status append(std::string_view bytes) override {
    std::lock_guard lock(disk_.mutex_);
    const auto verdict = pass();
    if (verdict == SimulatedDisk::Verdict::kFail) return disk_.failure(name_);
    if (verdict == SimulatedDisk::Verdict::kHalf) bytes = bytes.substr(0, bytes.size() / 2);
    file_->bytes.append(bytes);
    size_ += bytes.size();
    return verdict == SimulatedDisk::Verdict::kDo ? Status::OK() : disk_.failure(name_);
  }
  uint64_t size() const override { return size_; }
  Status read(uint64_t offset, std::span<char> out) override {
    std::lock_guard lock(disk_.mutex_);
    if (generation_ != disk_.generation_) return disk_.failure(name_);
    return disk_.copy_out(name_, file_->bytes, offset, out);
  }
  Status finish() override {
    std::lock_guard lock(disk_.mutex_);
    const auto verdict = pass();
    if (verdict == SimulatedDisk::Verdict::kFail || verdict == SimulatedDisk::Verdict::kHalf) {
      file_->is_lost = true;
      return disk_.failure(name_);
    }
    if (!file_->is_lost) file_->synced = file_->bytes.size();
    return verdict == SimulatedDisk::Verdict::kDo ? Status::OK() : disk_.failure(name_);
  }

 private:
  SimulatedDisk::Verdict pass() { return generation_ == disk_.generation_ ? disk_.pass() : SimulatedDisk::Verdict::kFail; }

  SimulatedDisk& disk_;
  const std::string name_;
  const SimulatedDisk::FilePtr file_;
  const uint64_t generation_;
  uint64_t size_ = 0;
};

class SimulatedReader final : public storage::ReadableFile {
 public:
  SimulatedReader(SimulatedDisk& disk, std::string name, std::string bytes)
      : disk_(disk), name_(std::move(name)), bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  Status read(uint64_t offset, std::span<char> out) const override {
    std::lock_guard lock(disk_.mutex_);
    return disk_.copy_out(name_, bytes_, offset, out);
  }
  const std::string& name() const override { return name_; }

 private:
  SimulatedDisk& disk_;
  const std::string name_;
  const std::string bytes_;
};

class SimulatedFiles final : public storage::FileStore {
 public:
  explicit SimulatedFiles(SimulatedDisk& disk) : disk_(disk), generation_(disk.generation_) {}

  Result<std::unique_ptr<storage::WritableFile>> create(std::string_view name) override {
    std::lock_guard lock(disk_.mutex_);
    const auto verdict = pass();
    if (verdict == SimulatedDisk::Verdict::kFail) return disk_.failure(name);
    if (disk_.names_.contains(std::string(name))) return Status::AlreadyExists("{} exists", name);
    auto file = std::make_shared<SimulatedDisk::File>();
    disk_.names_[std::string(name)] = file;
    if (verdict != SimulatedDisk::Verdict::kDo) return disk_.failure(name);
    return std::unique_ptr<storage::WritableFile>(new SimulatedWriter(disk_, std::string(name), std::move(file)));
  }
  Result<std::shared_ptr<const storage::ReadableFile>> open(std::string_view name) override {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.pass_read() != SimulatedDisk::Verdict::kDo) return disk_.failure(name);
    const auto found = disk_.names_.find(std::string(name));
    if (found == disk_.names_.end()) return Status::NotFound("{} does not exist", name);
    return std::shared_ptr<const storage::ReadableFile>(
        std::make_shared<SimulatedReader>(disk_, std::string(name), found->second->bytes));
  }
  Status sync_names() override {
    std::lock_guard lock(disk_.mutex_);
    const auto verdict = pass();
    const bool is_done = verdict == SimulatedDisk::Verdict::kDo || verdict == SimulatedDisk::Verdict::kDoAndFail;
    if (is_done) disk_.durable_names_ = disk_.names_;
    return verdict == SimulatedDisk::Verdict::kDo ? Status::OK() : disk_.failure("names");
  }
  Result<std::vector<std::string>> list() override {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.pass_read() != SimulatedDisk::Verdict::kDo) return disk_.failure("names");
    std::vector<std::string> names;
    for (const auto& [name, file] : disk_.names_) names.push_back(name);
    return names;
  }
  Status remove(std::string_view name) override {
    std::lock_guard lock(disk_.mutex_);
    const auto verdict = pass();
    if (verdict == SimulatedDisk::Verdict::kFail || verdict == SimulatedDisk::Verdict::kHalf) return disk_.failure(name);
    const bool existed = disk_.names_.erase(std::string(name)) != 0;
    if (verdict != SimulatedDisk::Verdict::kDo) return disk_.failure(name);
    return existed ? Status::OK() : Status::NotFound("{} does not exist", name);
  }
  Status quarantine(std::string_view name) override { return remove(name); }
  Result<size_t> remove_quarantined(int64_t) override { return size_t{0}; }
  Result<uint64_t> free_bytes() override {
    std::lock_guard lock(disk_.mutex_);
    return disk_.is_full_ ? uint64_t{0} : uint64_t{1} << 40;
  }

 private:
  SimulatedDisk::Verdict pass() { return generation_ == disk_.generation_ ? disk_.pass() : SimulatedDisk::Verdict::kFail; }

  SimulatedDisk& disk_;
  const uint64_t generation_;
};

class SimulatedMeta final : public storage::MetaStore {
 public:
  explicit SimulatedMeta(SimulatedDisk& disk) : disk_(disk), generation_(disk.generation_) {}

  Status commit(const storage::MetaBatch& batch) override {
    std::lock_guard lock(disk_.mutex_);
    if (generation_ != disk_.generation_ || disk_.meta_is_broken_) {
      return Status::UnknownOutcome("the metadata store takes no commits after a failed one");
    }
    FRESHET_RETURN_IF_ERROR(resume_locked());
    for (const storage::MetaBatch::Precondition& required : batch.preconditions()) {
      const auto found = disk_.meta_.find(required.key);
      const bool holds =
          required.expected ? found != disk_.meta_.end() && found->second == *required.expected : found == disk_.meta_.end();
      if (!holds) return Status::Conflict("{} has changed", required.key);
    }
    const auto verdict = disk_.pass();
    const bool finds_no_room = disk_.is_full_ && !disk_.is_off_;
    const bool is_written = verdict == SimulatedDisk::Verdict::kDo || verdict == SimulatedDisk::Verdict::kDoAndFail ||
                            (finds_no_room && disk_.random_() % 2 == 0);
    if (is_written) apply(batch);
    if (verdict == SimulatedDisk::Verdict::kDo) return Status::OK();
    if (finds_no_room) {
      disk_.meta_is_full_ = true;
      return disk_.failure("metadata");
    }
    disk_.meta_is_broken_ = true;
    return Status::UnknownOutcome("{}", disk_.failure("metadata").message());
  }
  Status resume() override {
    std::lock_guard lock(disk_.mutex_);
    if (generation_ != disk_.generation_ || disk_.meta_is_broken_)
      return Status::Unavailable("the metadata store has failed");
    return resume_locked();
  }
  Result<std::optional<std::string>> get(std::string_view key) override {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.pass_read() != SimulatedDisk::Verdict::kDo) return disk_.failure("metadata");
    const auto found = disk_.meta_.find(key);
    return found == disk_.meta_.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
  }
  Status scan(std::string_view begin, std::string_view end,
              const std::function<Status(std::string_view, std::string_view)>& visit) override {
    std::vector<std::pair<std::string, std::string>> found;
    {
      std::lock_guard lock(disk_.mutex_);
      if (disk_.pass_read() != SimulatedDisk::Verdict::kDo) return disk_.failure("metadata");
      for (auto at = disk_.meta_.lower_bound(begin); at != disk_.meta_.end() && (end.empty() || at->first < end); ++at) {
        found.push_back(*at);
      }
    }
    for (const auto& [key, value] : found) FRESHET_RETURN_IF_ERROR(visit(key, value));
    return Status::OK();
  }

 private:
  /// REQUIRES: the disk's mutex is held.
  Status resume_locked() {
    if (!disk_.meta_is_full_) return Status::OK();
    if (disk_.pass() != SimulatedDisk::Verdict::kDo) return disk_.failure("metadata");
    disk_.meta_is_full_ = false;
    return Status::OK();
  }
  void apply(const storage::MetaBatch& batch) {
    using Kind = storage::MetaBatch::Operation::Kind;
    for (const storage::MetaBatch::Operation& operation : batch.operations()) {
      switch (operation.kind) {
        case Kind::kPut: disk_.meta_[operation.key] = operation.value; break;
        case Kind::kErase: disk_.meta_.erase(operation.key); break;
        case Kind::kEraseRange:
          if (operation.key < operation.value) {
            disk_.meta_.erase(disk_.meta_.lower_bound(operation.key), disk_.meta_.lower_bound(operation.value));
          }
          break;
      }
    }
  }

  SimulatedDisk& disk_;
  const uint64_t generation_;
};

inline std::unique_ptr<storage::FileStore> SimulatedDisk::files() { return std::make_unique<SimulatedFiles>(*this); }
inline std::unique_ptr<storage::MetaStore> SimulatedDisk::meta() { return std::make_unique<SimulatedMeta>(*this); }

}  // namespace freshet::test
