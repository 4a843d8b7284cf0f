#include "storage/commit/stream_positions.h"

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {
namespace {

constexpr size_t kPositionBytes = 20;

std::string encode_position(uint64_t epoch, int64_t next_offset) {
  std::string out;
  put_fixed<uint64_t>(out, epoch);
  put_fixed<int64_t>(out, next_offset);
  put_fixed<uint32_t>(out, crc32c(out));
  return out;
}

}  // namespace

Result<std::unique_ptr<StreamPositions>> StreamPositions::open(MetaStore& meta) {
  auto result = std::make_unique<StreamPositions>();
  FRESHET_RETURN_IF_ERROR(meta.scan(
      meta_keys::kStreamPositions, prefix_end(meta_keys::kStreamPositions),
      [&](std::string_view key, std::string_view value) {
        const size_t prefix = meta_keys::kStreamPositions.size();
        if (key.size() != prefix + 12 || value.size() != kPositionBytes ||
            crc32c(value.substr(0, kPositionBytes - 4)) != load_fixed<uint32_t>(value.data() + kPositionBytes - 4)) {
          return Status::Corruption("stream position record has a wrong length or checksum");
        }
        const JobId job(meta_keys::number_at(key, prefix));
        const auto partition = static_cast<int32_t>(load_big_endian32(key.data() + prefix + 8));
        result->positions_[{job, partition}] = {load_fixed<uint64_t>(value.data()), load_fixed<int64_t>(value.data() + 8)};
        return Status::OK();
      }));
  return result;
}

Status StreamPositions::advance(const std::vector<OffsetAdvance>& offsets, MetaBatch& batch) {
  std::lock_guard lock(mutex_);
  for (const OffsetAdvance& offset : offsets) {
    auto stored = positions_.find({offset.job, offset.partition});
    if (stored == positions_.end()) continue;
    if (stored->second.epoch > offset.job_epoch || stored->second.next_offset != offset.from) {
      return Status::Conflict("partition {} of job {} stands at offset {} (epoch {}), the commit begins at {} (epoch {})",
                              offset.partition, offset.job.value, stored->second.next_offset, stored->second.epoch,
                              offset.from, offset.job_epoch);
    }
  }
  for (const OffsetAdvance& offset : offsets) {
    positions_[{offset.job, offset.partition}] = {offset.job_epoch, offset.to};
    batch.put(meta_keys::stream_position(offset.job, offset.partition), encode_position(offset.job_epoch, offset.to));
    if (offset.record) batch.put(meta_keys::record(offset.record->kind, offset.record->key), offset.record->value);
  }
  return Status::OK();
}

std::vector<std::pair<int32_t, int64_t>> StreamPositions::of_job(JobId job) const {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<int32_t, int64_t>> result;
  for (auto it = positions_.lower_bound({job, INT32_MIN}); it != positions_.end() && it->first.first == job; ++it) {
    result.emplace_back(it->first.second, it->second.next_offset);
  }
  return result;
}

void StreamPositions::erase_job(JobId job, CommitNumber newest, MetaBatch& batch) {
  std::lock_guard lock(mutex_);
  std::erase_if(positions_, [&](const auto& entry) { return entry.first.first == job; });
  const std::string begin = meta_keys::of(meta_keys::kStreamPositions, job.value);
  batch.erase_range(begin, prefix_end(begin));
  batch.put(meta_keys::forgotten_stream(job), encode_number(newest.value));
}

}  // namespace freshet::storage
