#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/types/column.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// The rows of one block that stay when a later row of a key replaces the earlier ones, deletes included.
struct DistinctRows {
  std::vector<uint32_t> rows;  ///< of the block, in key order: one of each key
  KeyRun keys;                 ///< their keys, strictly increasing
};
/// `keys[i]` is the key of row i, in arrival order. Of each key the last row stays, or (`sequences`, by row, not null) the
/// one with the largest sequence, the last of equal ones.
DistinctRows distinct_rows(const KeyRun& keys, const Column* sequences);

/// Deduplicates one load of one bucket over its segments: `runs` are the sorted, distinct keys of its parts (segments, then
/// the rows still in memory) in arrival order. Element i of the answer: the rows of part i whose key a later part holds
/// again, ascending. They are dead from the start, deletes among them too: the later row does their work.
std::vector<std::vector<RowOrdinal>> replaced_within_load(std::span<const KeyRun* const> runs);

/// The keys of one part in order, piece by piece: each call replaces `piece` by the next keys, and leaves it empty at the
/// end.
using KeyStream = std::function<Status(KeyRun& piece)>;
/// The same for parts whose keys do not fit into memory: holds one piece of each. `is_fixed`: the form of all keys.
Result<std::vector<std::vector<RowOrdinal>>> replaced_within_load(std::span<const KeyStream> streams, bool is_fixed);

/// The rows of a load whose key several of its parts hold, key by key.
struct SameKeyRows {
  struct PartRow {
    uint32_t part;
    RowOrdinal row;
  };
  std::vector<PartRow> rows;  ///< of one key in the order of the parts
  std::vector<size_t> ends;   ///< behind the last row of each key, in `rows`
};
Result<SameKeyRows> same_key_rows(std::span<const KeyStream> streams, bool is_fixed);

/// Appends the sequences of rows of a part, ascending, to `out`.
using ReadSequences = std::function<Status(size_t part, std::span<const RowOrdinal> rows, Column& out)>;
/// As replaced_within_load() for a table with a sequence column: of each key all rows but the one with the largest sequence,
/// the latest of equal ones.
Result<std::vector<std::vector<RowOrdinal>>> beaten_within_load(const SameKeyRows& same_keys, size_t parts,
                                                                const DataType& sequence_type, const ReadSequences& read);

}  // namespace freshet::storage
