#pragma once

#include <memory>

#include "ingest/column_files.h"
#include "ingest/decode/decoder.h"
#include "ingest/decode/named_columns.h"
#include "ingest/spool_file.h"

namespace freshet::ingest {

/// A Parquet file as rows. Its description is at its end, so the body is kept in a file (SpoolOptions) until it is complete,
/// and read then, some thousand rows at a time. One thread.
class ParquetDecoder final : public Decoder {
 public:
  /// REQUIRES: the target has column files. IoError when no file can be made.
  static Result<std::unique_ptr<Decoder>> create(const LoadRequest& request, DecodeTarget target);

  /// Refuses beyond SpoolOptions::max_bytes, and when the disk has no room.
  Status feed(std::string_view bytes) override;
  /// Messages of a stream are no files: Unsupported.
  Status feed_record(std::string_view record) override;
  Status flush() override { return columns_.flush(); }
  Status finish() override;

 private:
  ParquetDecoder(DecodeTarget target, BlockAssembler assembler, std::unique_ptr<SpoolFile> body)
      : target_(std::move(target)), columns_(std::move(assembler)), body_(std::move(body)) {}

  const DecodeTarget target_;
  NamedColumns columns_;
  const std::unique_ptr<SpoolFile> body_;
  uint64_t admitted_bytes_ = 0;  ///< of the body, when the storage was last asked for room
};

}  // namespace freshet::ingest
