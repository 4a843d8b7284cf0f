#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "storage/io/file_store.h"
#include "storage/segment/row_store_writer.h"
#include "storage/segment/segment_meta.h"
#include "storage/types/block.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// Name of the table property that says how pages are compressed (see parse_compression).
inline constexpr std::string_view kCompressionProperty = "compression";

struct SegmentWriterOptions {
  uint32_t level = 0;
  /// The newest commit when the file was begun: stored in the footer as the second witness of the metadata's age.
  CommitNumber newest_commit;
  /// Rows that will come, when that is known: memory is taken once.
  uint64_t expected_rows = 0;
  /// False for a file that no reader is meant for: its rows are completed and written again when the load commits.
  bool with_row_store = true;
  /// Of the row store, whose bytes nobody else sees.
  ChargeBytes charge_rows = {};
};

/// Writes one segment file (FORMAT.md, "Segment file"), column after column.
///
/// Call order: (append_column(0, ...)+ append_column(1, ...)+ ... | append_keys)* finish. The columns come in schema order,
/// each in as many pieces as the caller likes; every column and the keys get the same number of rows, sorted by key. Tables
/// with a row store (table_options.h) get it by finish(). Keys of
/// a kUnique table are strictly increasing and get a primary-key index and a key filter; those of a kDuplicate table are
/// nondecreasing and get the short-key index only. One owner, not thread-safe. After an error the file is abandoned.
class SegmentWriter {
 public:
  static Result<std::unique_ptr<SegmentWriter>> create(FileStore& files, RowsetId id, TabletId tablet, SchemaPtr schema,
                                                       const SegmentWriterOptions& options);
  virtual ~SegmentWriter() = default;
  virtual Status append_column(size_t column_index, const Column& values) = 0;
  virtual Status append_keys(const KeyRun& keys) = 0;
  /// Writes indexes and footer and makes the file durable; the caller syncs the directory (FileStore::sync_names).
  virtual Result<SegmentMeta> finish() = 0;
};

/// A segment that was written from one block: its record, and the rows that are deletes (ordinals, sorted), which are dead
/// from the start but replace older rows of their key.
struct WrittenSegment {
  SegmentMeta meta;
  std::vector<RowOrdinal> delete_rows;
  /// Of all its rows, sorted: ready for key lookups. A caller with little memory may empty it: the commit then reads the
  /// keys from the file.
  KeyRun keys;
};

/// Sorts `block` by key (stable), keeps one row of each key (kUnique; see keep_newest_of_equal) or makes one row of those of
/// a key (kAggregate), and writes it as one segment. Where the table keeps deletes, they get the time of now.
/// REQUIRES: block.row_count() > 0. Memory beyond the block: about 20 bytes a row.
Result<WrittenSegment> write_sorted_segment(FileStore& files, RowsetId id, TabletId tablet, const SchemaPtr& schema,
                                            const Block& block, const SegmentWriterOptions& options);

/// Order of the rows of `keys` sorted by key; equal keys stay in arrival order.
std::vector<uint32_t> sort_order(const KeyRun& keys);

/// Keeps one row of each key in `order`, which sort_order made: the one with the largest of `sequences`, the later of equal
/// ones. `sequences` (by row) may be null: the last.
void keep_newest_of_equal(const KeyRun& keys, const Column* sequences, std::vector<uint32_t>& order);

}  // namespace freshet::storage
