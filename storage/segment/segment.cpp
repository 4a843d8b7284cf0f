#include <atomic>
#include <mutex>

#include "storage/base/log.h"
#include "storage/segment/segment_reader.h"

namespace freshet::storage {

struct Segment::OpenState {
  std::mutex mutex;  ///< guards the opening
  /// Written once, before is_open.
  std::shared_ptr<const SegmentReader> reader;
  std::atomic<bool> is_open{false};
  std::atomic<bool> remove_file{false};
};

Segment::Segment(FileStore& files, PageCache& cache, SegmentMeta meta, SchemaPtr schema)
    : files_(files),
      cache_(cache),
      meta_(std::move(meta)),
      schema_(std::move(schema)),
      open_(std::make_unique<OpenState>()) {}

Segment::~Segment() {
  if (!open_->remove_file.load(std::memory_order_acquire)) return;
  const Status removed = files_.remove(segment_file_name(meta_.id));
  if (!removed.ok()) log_warning("segment file {} stays: {}", segment_file_name(meta_.id), removed.to_string());
}

Result<std::shared_ptr<const SegmentReader>> Segment::reader() const {
  if (open_->is_open.load(std::memory_order_acquire)) return open_->reader;
  std::lock_guard lock(open_->mutex);
  if (!open_->reader) {
    FRESHET_ASSIGN_OR_RETURN(open_->reader, SegmentReader::open(files_, cache_, meta_, *schema_));
    open_->is_open.store(true, std::memory_order_release);
  }
  return open_->reader;
}

Result<std::shared_ptr<const SegmentReader>> Segment::open_apart(PageCache& cache) const {
  return SegmentReader::open(files_, cache, meta_, *schema_);
}

uint64_t Segment::resident_bytes() const {
  return open_->is_open.load(std::memory_order_acquire) ? open_->reader->resident_bytes() : 0;
}

void Segment::remove_file_when_unused() const { open_->remove_file.store(true, std::memory_order_release); }

}  // namespace freshet::storage
