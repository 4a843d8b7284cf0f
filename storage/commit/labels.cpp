#include "storage/commit/labels.h"

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/meta/meta_keys.h"

namespace freshet::storage {

std::string LabelRecord::serialize() const {
  std::string out(1, '\1');
  put_length_prefixed(out, label);
  put_fixed<uint64_t>(out, database.value);
  put_fixed<uint64_t>(out, table.value);
  put_fixed<uint64_t>(out, transaction.value);
  put_fixed<uint8_t>(out, static_cast<uint8_t>(state));
  put_fixed<int64_t>(out, finished_unix_seconds);
  put_fixed<uint64_t>(out, loaded_rows);
  put_fixed<uint64_t>(out, filtered_rows);
  put_fixed<uint32_t>(out, crc32c(out));
  return out;
}

Result<LabelRecord> LabelRecord::deserialize(std::string_view bytes) {
  if (bytes.size() < 5 || bytes[0] != '\1' ||
      crc32c(bytes.substr(0, bytes.size() - 4)) != load_fixed<uint32_t>(bytes.data() + bytes.size() - 4)) {
    return Status::Corruption("label record has a wrong checksum or version");
  }
  ByteReader reader(bytes.substr(1, bytes.size() - 5));
  LabelRecord record;
  record.label = reader.length_prefixed();
  record.database = DatabaseId(reader.fixed<uint64_t>());
  record.table = TableId(reader.fixed<uint64_t>());
  record.transaction = TransactionId(reader.fixed<uint64_t>());
  record.state = static_cast<LabelState>(reader.fixed<uint8_t>());
  record.finished_unix_seconds = reader.fixed<int64_t>();
  record.loaded_rows = reader.fixed<uint64_t>();
  record.filtered_rows = reader.fixed<uint64_t>();
  if (!reader.ok() || !reader.at_end()) return Status::Corruption("label record has a wrong length");
  return record;
}

Result<std::unique_ptr<Labels>> Labels::open(MetaStore& meta, const WallClock& clock, const Limits& limits) {
  std::unique_ptr<Labels> labels(new Labels(meta, clock, limits));
  uint64_t count = 0;
  FRESHET_RETURN_IF_ERROR(meta.scan(meta_keys::kLabels, prefix_end(meta_keys::kLabels), [&](auto, auto) {
    ++count;
    return Status::OK();
  }));
  labels->count_ = count;
  return labels;
}

Status Labels::reserve(DatabaseId database, const std::string& label, TransactionId transaction,
                       std::optional<LabelRecord>* existing) {
  if (count() >= limits_.count_max) {
    return Status::ResourceExhausted(
        "{} labels are kept, the limit of storage.label_limit; wait until older ones pass storage.label_keep_seconds",
        count());
  }
  std::lock_guard lock(mutex_);
  auto [running, is_new] = running_.try_emplace({database, label}, transaction);
  if (!is_new) {
    LabelRecord record;
    record.label = label;
    record.database = database;
    record.transaction = running->second;
    record.state = LabelState::kRunning;
    if (existing != nullptr) *existing = record;
    return Status::LabelExists("Label [{}] has already been used, relate to txn [{}]", label, running->second.value);
  }
  // The stored labels are read under the lock: committed() makes a name stored before it stops being a running one.
  auto stored = meta_.get(meta_keys::label(database, label));
  if (!stored.ok() || stored->has_value()) running_.erase(running);
  FRESHET_RETURN_IF_ERROR(Status(stored.status()));
  if (!stored->has_value()) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(LabelRecord record, LabelRecord::deserialize(**stored));
  const uint64_t earlier = record.transaction.value;
  if (existing != nullptr) *existing = std::move(record);
  return Status::LabelExists("Label [{}] has already been used, relate to txn [{}]", label, earlier);
}

void Labels::release(DatabaseId database, const std::string& label) {
  std::lock_guard lock(mutex_);
  running_.erase({database, label});
}

Result<std::optional<LabelRecord>> Labels::find(DatabaseId database, const std::string& label) {
  {
    std::lock_guard lock(mutex_);
    auto running = running_.find({database, label});
    if (running != running_.end()) {
      LabelRecord record;
      record.label = label;
      record.database = database;
      record.transaction = running->second;
      record.state = LabelState::kRunning;
      return std::optional(record);
    }
  }
  FRESHET_ASSIGN_OR_RETURN(auto stored, meta_.get(meta_keys::label(database, label)));
  if (!stored) return std::optional<LabelRecord>();
  FRESHET_ASSIGN_OR_RETURN(LabelRecord record, LabelRecord::deserialize(*stored));
  return std::optional(std::move(record));
}

void Labels::add_to(MetaBatch& batch, LabelRecord record) const {
  record.finished_unix_seconds = clock_.unix_seconds();
  batch.put(meta_keys::label(record.database, record.label), record.serialize());
}

void Labels::committed(const LabelRecord& record) {
  count_.fetch_add(1, std::memory_order_relaxed);
  release(record.database, record.label);
}

Status Labels::expire() {
  const int64_t oldest_kept = clock_.unix_seconds() - static_cast<int64_t>(limits_.keep_seconds);
  MetaBatch batch;
  uint64_t expired = 0;
  FRESHET_RETURN_IF_ERROR(
      meta_.scan(meta_keys::kLabels, prefix_end(meta_keys::kLabels), [&](std::string_view key, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(const LabelRecord record, LabelRecord::deserialize(value));
        if (record.finished_unix_seconds < oldest_kept) {
          batch.erase(std::string(key));
          ++expired;
        }
        return Status::OK();
      }));
  if (batch.empty()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(meta_.commit(batch));
  count_.fetch_sub(expired, std::memory_order_relaxed);
  return Status::OK();
}

}  // namespace freshet::storage
