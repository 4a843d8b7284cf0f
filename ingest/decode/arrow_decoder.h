#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingest/decode/arrow_column.h"
#include "ingest/decode/decoder.h"
#include "ingest/decode/named_columns.h"

namespace freshet::ingest {

/// An Arrow stream (IPC) as rows, batch by batch while it arrives: a schema, then batches and dictionaries, plain or with
/// buffers compressed by lz4 or zstd. Several streams of the same columns may follow each other, with or without end marks:
/// Doris's Flink connector sends one for each of its flushes. What does not fit ends the load. Memory is bounded by one
/// batch, received, set apart and unpacked, and by the dictionaries, each of these four by the target's arrow_batch_bytes.
/// One thread.
class ArrowDecoder final : public Decoder {
 public:
  static Result<std::unique_ptr<Decoder>> create(const LoadRequest& request, DecodeTarget target);

  Status feed(std::string_view bytes) override;
  /// Messages of a stream are no Arrow streams: Unsupported.
  Status feed_record(std::string_view record) override;
  Status flush() override { return columns_.flush(); }
  /// InvalidArgument when the stream ends within a message, or has none.
  Status finish() override;

 private:
  ArrowDecoder(const DecodeTarget& target, BlockAssembler assembler)
      : batch_bytes_max_(target.arrow_batch_bytes), columns_(std::move(assembler)) {}

  /// Bytes of the message at the front of `bytes`; 0 = they are not all there.
  Result<size_t> message_bytes(std::string_view bytes);
  Status take_message(std::string_view bytes);
  Status take_schema(ArrowMessage message);
  Status take_dictionary(const ArrowMessage& message, std::shared_ptr<ArrowBody> body);
  Status take_batch(const ArrowMessage& message, ArrowBody& body);
  Status too_large(uint64_t bytes) const;

  const uint64_t batch_bytes_max_;
  NamedColumns columns_;
  std::string buffer_;              ///< what is not read yet
  bool is_within_stream_ = false;   ///< a schema has come, and no end mark since
  size_t head_begin_ = 0;           ///< of the message at the front of buffer_: where its head begins
  size_t head_bytes_ = 0;           ///< ... its length; 0 = not known yet
  ArrowMessage message_;            ///< ... the head itself
  std::vector<std::string> names_;  ///< of the columns; empty before the first schema
  std::vector<ArrowField> fields_;
  std::map<int64_t, std::shared_ptr<ArrowDictionary>> dictionaries_;
  uint64_t dictionary_bytes_ = 0;
  TextArena texts_;
};

}  // namespace freshet::ingest
