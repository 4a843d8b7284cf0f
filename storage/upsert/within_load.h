#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// The rows of one block that stay when a later row of a key replaces the earlier ones, deletes included.
struct DistinctRows {
  std::vector<uint32_t> rows;  ///< of the block, in key order: the last of each key
  KeyRun keys;                 ///< their keys, strictly increasing
};
/// `keys[i]` is the key of row i, in arrival order.
DistinctRows distinct_rows(const KeyRun& keys);

/// Deduplicates one load of one bucket over its segments: `runs` are the sorted, distinct keys of its parts (segments, then
/// the rows still in memory) in arrival order. Element i of the answer: the rows of part i whose key a later part holds
/// again, ascending. They are dead from the start, deletes among them too: the later row does their work.
std::vector<std::vector<RowOrdinal>> replaced_within_load(std::span<const KeyRun* const> runs);

/// The keys of one part in order, piece by piece: each call replaces `piece` by the next keys, and leaves it empty at the
/// end.
using KeyStream = std::function<Status(KeyRun& piece)>;
/// The same for parts whose keys do not fit into memory: holds one piece of each. `is_fixed`: the form of all keys.
Result<std::vector<std::vector<RowOrdinal>>> replaced_within_load(std::span<const KeyStream> streams, bool is_fixed);

}  // namespace freshet::storage
