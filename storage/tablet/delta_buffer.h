#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/limits.h"
#include "storage/types/block.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// The rows of small commits to one tablet, in memory, in commit order: the home of rows that have no segment file yet.
/// Every row is also in a carried block of a synced commit record.
///
/// Append-only columns in chunks of kVectorRows rows (the first one grows up to that), with a hash index from key to newest
/// row. A version of it is a prefix (row count) and a DeadRows. Threads: one writer (holds the table's publish lock); any
/// number of readers of rows below a row count that was published to them through a snapshot, at the same time. They need no
/// lock: a row is written once, before the row count (or the index slot) that leads to it is published.
class DeltaBuffer {
 public:
  /// Most rows of one buffer. The caller begins a new one before that, and before the memory of this one grows too large.
  static constexpr uint32_t kMaxRows = 1u << 24;

  /// Up to kVectorRows rows of a column. Rows that a snapshot covers never change, and what was read of them stays where it
  /// is.
  struct ColumnChunk {
    std::unique_ptr<char[]> fixed;              ///< fixed width: values side by side
    std::unique_ptr<std::string_view[]> bytes;  ///< byte columns: views into the buffer's arena
    std::unique_ptr<uint8_t[]> nulls;           ///< one byte a row, 1 = NULL; never null
  };

  DeltaBuffer(RowsetId id, SchemaPtr schema);
  ~DeltaBuffer();

  RowsetId id() const { return id_; }
  const SchemaPtr& schema() const { return schema_; }
  /// Writer only: rows appended so far.
  uint32_t row_count() const { return row_count_; }
  /// Bytes allocated for rows, keys and index. Any thread.
  uint64_t byte_size() const { return byte_size_.load(std::memory_order_relaxed); }
  /// When its first row came. REQUIRES: a row was published to the caller.
  std::chrono::steady_clock::time_point created() const { return created_; }

  /// Writer only. Appends all rows of `block` (deletes among them are tombstones) and, for kUnique, indexes their keys.
  /// `keys[i]` is the key of row i; no key occurs twice in one call. Returns the ordinal of the first. REQUIRES: room below
  /// kMaxRows.
  RowOrdinal append(const Block& block, const KeyRun& keys);

  /// kUnique: the newest row of key `key` of `keys` below `row_limit`; nothing when there is none. Any thread.
  std::optional<RowOrdinal> find(const KeyRun& keys, size_t key, uint32_t row_limit) const;
  /// Key of a row, appended to `out`.
  void append_key(RowOrdinal row, KeyRun& out) const;

  const ColumnChunk& chunk(size_t column_index, uint32_t chunk_index) const;
  /// Appends the named rows to `out`, which has the columns of schema().
  void gather(std::span<const RowOrdinal> rows, Block& out) const;
  /// The same for one column, into a column of its type or of a wider one.
  void gather_column(size_t column_index, std::span<const RowOrdinal> rows, Column& out) const;

 private:
  struct State;
  struct RowChunk;
  RowChunk& new_chunk(uint32_t capacity);
  RowChunk& chunk_for_append();
  void copy_rows(const RowChunk& from, RowChunk& to) const;
  void copy_in(const Block& block, const KeyRun& keys, size_t first, uint32_t count, RowChunk& chunk);
  void index_keys(const KeyRun& keys);

  RowsetId id_;
  SchemaPtr schema_;
  uint32_t row_count_ = 0;
  std::atomic<uint64_t> byte_size_{0};
  std::chrono::steady_clock::time_point created_;
  std::unique_ptr<State> state_;
};

}  // namespace freshet::storage
