#pragma once

#include <memory>

#include "storage/segment/segment_writer.h"

namespace freshet::storage {

/// A segment file that is being written by a rewrite. Unless finish() succeeded, the file is removed in the end.
class SegmentOutput {
 public:
  static Result<std::unique_ptr<SegmentOutput>> create(FileStore& files, RowsetId id, TabletId tablet, SchemaPtr schema,
                                                       const SegmentWriterOptions& options);
  ~SegmentOutput();
  SegmentWriter& writer() { return *writer_; }
  Result<SegmentMeta> finish();

 private:
  SegmentOutput(FileStore& files, RowsetId id, std::unique_ptr<SegmentWriter> writer)
      : files_(files), id_(id), writer_(std::move(writer)) {}

  FileStore& files_;
  const RowsetId id_;
  std::unique_ptr<SegmentWriter> writer_;
  bool is_finished_ = false;
};

}  // namespace freshet::storage
