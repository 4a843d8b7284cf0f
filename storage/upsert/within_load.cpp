#include "storage/upsert/within_load.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>

#include "storage/segment/segment_writer.h"
#include "storage/upsert/merge_heap.h"

namespace freshet::storage {
namespace {

using Runs = std::span<const KeyRun* const>;

template <typename Key>
Key key_at(const KeyRun& run, size_t row) {
  if constexpr (std::is_same_v<Key, uint64_t>) {
    return run.fixed_at(row);
  } else {
    return run.bytes_at(row);
  }
}

/// Streams that come in key order need no merge.
bool ranges_are_disjoint(Runs runs) {
  std::vector<const KeyRun*> sorted;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(sorted), [](const KeyRun* run) { return run->size() != 0; });
  std::sort(sorted.begin(), sorted.end(), [](const KeyRun* a, const KeyRun* b) { return a->compare(0, *b, 0) < 0; });
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1]->compare(sorted[i - 1]->size() - 1, *sorted[i], 0) >= 0) return false;
  }
  return true;
}

template <typename Key>
void merge_runs(Runs runs, std::vector<std::vector<RowOrdinal>>& replaced) {
  MergeHeap<Key> heap;
  std::vector<RowOrdinal> next(runs.size(), 0);
  for (uint32_t input = 0; input < runs.size(); ++input) {
    if (runs[input]->size() != 0) heap.push(key_at<Key>(*runs[input], 0), input);
  }
  while (!heap.empty()) {
    const auto [key, input] = heap.top();
    const RowOrdinal row = next[input]++;
    if (next[input] < runs[input]->size()) {
      heap.replace_top(key_at<Key>(*runs[input], next[input]));
    } else {
      heap.pop_top();
    }
    // The next of the same key comes from a later part.
    if (!heap.empty() && heap.top().key == key) replaced[input].push_back(row);
  }
}

/// A stream's current piece.
struct StreamInput {
  KeyRun piece;
  size_t at = 0;       ///< next key of the piece
  RowOrdinal row = 0;  ///< its row of the part
};

template <typename Key>
Status merge_streams(std::span<const KeyStream> streams, bool is_fixed, std::vector<std::vector<RowOrdinal>>& replaced) {
  MergeHeap<Key> heap;
  std::vector<StreamInput> inputs;
  inputs.reserve(streams.size());  // the heap's keys point into their pieces
  for (uint32_t input = 0; input < streams.size(); ++input) {
    inputs.push_back({KeyRun(is_fixed)});
    FRESHET_RETURN_IF_ERROR(streams[input](inputs[input].piece));
    if (inputs[input].piece.size() != 0) heap.push(key_at<Key>(inputs[input].piece, 0), input);
  }
  std::string held;  // the current key when its piece is gone
  while (!heap.empty()) {
    auto [key, input_number] = heap.top();
    StreamInput& input = inputs[input_number];
    const RowOrdinal row = input.row++;
    if (++input.at == input.piece.size()) {
      if constexpr (std::is_same_v<Key, std::string_view>) {
        held.assign(key);
        key = held;
      }
      FRESHET_RETURN_IF_ERROR(streams[input_number](input.piece));
      input.at = 0;
    }
    if (input.piece.size() != 0) {
      heap.replace_top(key_at<Key>(input.piece, input.at));
    } else {
      heap.pop_top();
    }
    if (!heap.empty() && heap.top().key == key) replaced[input_number].push_back(row);
  }
  return Status::OK();
}

}  // namespace

DistinctRows distinct_rows(const KeyRun& keys) {
  DistinctRows distinct{sort_order(keys), KeyRun(keys.is_fixed())};
  std::vector<uint32_t>& rows = distinct.rows;
  size_t kept = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 == rows.size() || keys.compare(rows[i], keys, rows[i + 1]) != 0) rows[kept++] = rows[i];
  }
  rows.resize(kept);
  distinct.keys.reserve(kept);
  for (uint32_t row : rows) distinct.keys.append_from(keys, row);
  return distinct;
}

std::vector<std::vector<RowOrdinal>> replaced_within_load(Runs runs) {
  std::vector<std::vector<RowOrdinal>> replaced(runs.size());
  if (runs.size() < 2 || ranges_are_disjoint(runs)) return replaced;
  if (runs[0]->is_fixed()) {
    merge_runs<uint64_t>(runs, replaced);
  } else {
    merge_runs<std::string_view>(runs, replaced);
  }
  return replaced;
}

Result<std::vector<std::vector<RowOrdinal>>> replaced_within_load(std::span<const KeyStream> streams, bool is_fixed) {
  std::vector<std::vector<RowOrdinal>> replaced(streams.size());
  FRESHET_RETURN_IF_ERROR(is_fixed ? merge_streams<uint64_t>(streams, is_fixed, replaced)
                                   : merge_streams<std::string_view>(streams, is_fixed, replaced));
  return replaced;
}

}  // namespace freshet::storage
