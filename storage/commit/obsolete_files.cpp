#include "storage/commit/obsolete_files.h"

#include "storage/base/log.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {

Status ObsoleteFiles::remove_recorded(MetaStore& meta) {
  MetaBatch batch;
  FRESHET_RETURN_IF_ERROR(meta.scan(meta_keys::kObsoleteFiles, prefix_end(meta_keys::kObsoleteFiles),
                                    [&](std::string_view key, std::string_view) {
                                      const RowsetId id(meta_keys::number_at(key, meta_keys::kObsoleteFiles.size()));
                                      const Status removed = files_.remove(segment_file_name(id));
                                      if (removed.ok() || removed.code() == StatusCode::kNotFound) {
                                        batch.erase(std::string(key));
                                      } else {
                                        log_warning("obsolete file stays: {}", removed.to_string());
                                      }
                                      return Status::OK();
                                    }));
  return batch.empty() ? Status::OK() : meta.commit(batch);
}

void ObsoleteFiles::add_to(MetaBatch& batch, const std::vector<std::shared_ptr<const Segment>>& segments) {
  for (const auto& segment : segments)
    batch.put(meta_keys::obsolete_file(segment->id()), encode_number(segment->id().value));
  std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [&](const auto& entry) {
    if (!entry.second.expired()) return false;
    batch.erase(meta_keys::obsolete_file(entry.first));
    return true;
  });
}

void ObsoleteFiles::committed(const std::vector<std::shared_ptr<const Segment>>& segments) {
  for (const auto& segment : segments) segment->remove_file_when_unused();
  std::lock_guard lock(mutex_);
  for (const auto& segment : segments) waiting_.emplace_back(segment->id(), segment);
}

}  // namespace freshet::storage
