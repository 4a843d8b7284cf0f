#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/column_files.h"
#include "ingest/decode/decompressor.h"
#include "ingest/load_request.h"
#include "ingest/row_errors.h"
#include "ingest/row_transform.h"
#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

/// Most rows of a block that a decoder hands on.
inline constexpr size_t kBlockRows = 16384;

/// Takes decoded rows: all columns of the table, in arrival order. The block is cleared after the call. An error ends the
/// load.
using BlockSink = std::function<Status(const Block&)>;

/// Turns the bytes of a body into rows. Bytes may be cut anywhere: any split of a body gives the same rows. Rows that are
/// not right go to RowErrors; an error Status means that the rest of the body cannot be read, and ends the load. Memory is
/// bounded by one piece of input, the longest row, and one block. One thread.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Status feed(std::string_view bytes) = 0;
  /// Takes one whole record of a stream (a Kafka message), which may hold several rows. What is malformed in it is a
  /// rejected row, never an error. Not to be mixed with feed().
  virtual Status feed_record(std::string_view record) = 0;
  /// Hands the rows decoded so far to the sink; a row that is not complete stays.
  virtual Status flush() = 0;
  /// The body is complete: its last row needs no delimiter. Flushes.
  virtual Status finish() = 0;
};

/// Where bodies are kept that can only be read when they are complete, and how large they may be.
struct SpoolOptions {
  std::string directory;
  uint64_t max_bytes = 10ull << 30;
};

/// Where a decoder's rows go. All references outlive the decoder.
struct DecodeTarget {
  storage::StorageEngine& storage;  ///< for AUTO_INCREMENT values
  storage::TableSnapshotPtr table;
  RowErrors& errors;
  BlockSink sink;
  uint64_t max_row_bytes = 16ull << 20;
  RowTransforms* transforms = nullptr;  ///< for requests with expressions; without it they are refused
  /// Counts the rows that conditions leave out, and change events that are about no row, when given.
  uint64_t* unselected_rows = nullptr;
  ExpansionLimits expansion = {};  ///< of a compressed body
  /// Is told that a record asks for all rows before it to be removed; without it such a record is a rejected row.
  std::function<void()> on_truncate = nullptr;
  ColumnFiles* files = nullptr;  ///< reads Parquet; without it such bodies are refused
  SpoolOptions spool = {};
  uint64_t arrow_batch_bytes = 256ull << 20;  ///< longest message of an Arrow stream, and its dictionaries
};

/// The decoder of the request's format, with its expressions behind it and its decompressor before it. Fails as
/// RowTransforms::make and map_columns do, and when a column of the table gets no value.
Result<std::unique_ptr<Decoder>> make_decoder(const LoadRequest& request, DecodeTarget target);

}  // namespace freshet::ingest
