#include "storage/compaction/segment_output.h"

#include "storage/base/log.h"

namespace freshet::storage {

Result<std::unique_ptr<SegmentOutput>> SegmentOutput::create(FileStore& files, RowsetId id, TabletId tablet,
                                                             SchemaPtr schema, const SegmentWriterOptions& options) {
  FRESHET_ASSIGN_OR_RETURN(auto writer, SegmentWriter::create(files, id, tablet, std::move(schema), options));
  return std::unique_ptr<SegmentOutput>(new SegmentOutput(files, id, std::move(writer)));
}

SegmentOutput::~SegmentOutput() {
  if (is_finished_) return;
  writer_.reset();
  const Status removed = files_.remove(segment_file_name(id_));
  if (!removed.ok()) log_warning("unfinished segment file {} stays: {}", segment_file_name(id_), removed.to_string());
}

Result<SegmentMeta> SegmentOutput::finish() {
  FRESHET_ASSIGN_OR_RETURN(SegmentMeta meta, writer_->finish());
  is_finished_ = true;
  return meta;
}

}  // namespace freshet::storage
