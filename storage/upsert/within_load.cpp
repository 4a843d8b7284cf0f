#include "storage/upsert/within_load.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>

#include "storage/segment/segment_writer.h"
#include "storage/types/sequence.h"
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

/// Calls visit(part, row, whether the next row visited has the same key) for every row in key order.
template <typename Key, typename Visit>
Status merge_streams(std::span<const KeyStream> streams, bool is_fixed, const Visit& visit) {
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
    visit(input_number, row, !heap.empty() && heap.top().key == key);
  }
  return Status::OK();
}

template <typename Visit>
Status merge_streams(std::span<const KeyStream> streams, bool is_fixed, const Visit& visit) {
  return is_fixed ? merge_streams<uint64_t>(streams, is_fixed, visit)
                  : merge_streams<std::string_view>(streams, is_fixed, visit);
}

}  // namespace

DistinctRows distinct_rows(const KeyRun& keys, const Column* sequences) {
  DistinctRows distinct{sort_order(keys), KeyRun(keys.is_fixed())};
  keep_newest_of_equal(keys, sequences, distinct.rows);
  distinct.keys.reserve(distinct.rows.size());
  for (uint32_t row : distinct.rows) distinct.keys.append_from(keys, row);
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
  FRESHET_RETURN_IF_ERROR(merge_streams(streams, is_fixed, [&](uint32_t part, RowOrdinal row, bool is_replaced) {
    if (is_replaced) replaced[part].push_back(row);
  }));
  return replaced;
}

Result<SameKeyRows> same_key_rows(std::span<const KeyStream> streams, bool is_fixed) {
  SameKeyRows same;
  bool is_open = false;
  FRESHET_RETURN_IF_ERROR(merge_streams(streams, is_fixed, [&](uint32_t part, RowOrdinal row, bool is_followed) {
    if (is_open || is_followed) same.rows.push_back({part, row});
    if (is_open && !is_followed) same.ends.push_back(same.rows.size());
    is_open = is_followed;
  }));
  return same;
}

Result<std::vector<std::vector<RowOrdinal>>> beaten_within_load(const SameKeyRows& same_keys, size_t parts,
                                                                const DataType& sequence_type, const ReadSequences& read) {
  // Keys ascend, and with them the rows of each part.
  std::vector<std::vector<RowOrdinal>> rows(parts), beaten(parts);
  for (const SameKeyRows::PartRow& row : same_keys.rows) rows[row.part].push_back(row.row);
  std::vector<Column> sequences(parts, Column(sequence_type));
  for (size_t part = 0; part < parts; ++part) {
    if (!rows[part].empty()) FRESHET_RETURN_IF_ERROR(read(part, rows[part], sequences[part]));
  }
  std::vector<size_t> next(parts, 0);
  size_t at = 0;
  for (const size_t end : same_keys.ends) {
    SameKeyRows::PartRow newest = same_keys.rows[at];
    size_t newest_at = next[newest.part]++;
    for (++at; at < end; ++at) {
      SameKeyRows::PartRow loser = same_keys.rows[at];
      const size_t loser_at = next[loser.part]++;
      if (compare_sequences(sequences[loser.part], loser_at, sequences[newest.part], newest_at) >= 0) {
        std::swap(loser, newest);
        newest_at = loser_at;
      }
      beaten[loser.part].push_back(loser.row);
    }
  }
  for (std::vector<RowOrdinal>& part : beaten) std::sort(part.begin(), part.end());
  return beaten;
}

}  // namespace freshet::storage
