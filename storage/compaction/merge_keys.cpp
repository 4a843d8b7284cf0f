#include <algorithm>
#include <string_view>
#include <type_traits>

#include "storage/base/thread_priority.h"
#include "storage/compaction/merge_inputs.h"
#include "storage/upsert/merge_heap.h"

namespace freshet::storage {
namespace {

constexpr uint32_t kPieceRows = kPageRows;

/// The keys of the live rows of one input, in order, a piece in memory at a time.
class KeyCursor {
 public:
  KeyCursor(const MergeInput& input, const TableSchema& schema, const KeyCodec& key_codec)
      : input_(input), schema_(schema), key_codec_(key_codec), keys_(key_codec.make_run()), live_(kPieceRows) {}

  /// Goes to the first live row. The others are reached by advance().
  Status start() { return load_pieces(); }
  bool at_end() const { return position_ == live_count_; }
  RowOrdinal row() const { return first_row_ + live_[position_]; }
  template <typename Key>
  Key key() const {
    if constexpr (std::is_same_v<Key, uint64_t>) {
      return keys_.fixed_at(live_[position_]);
    } else {
      return keys_.bytes_at(live_[position_]);
    }
  }
  void append_key_to(KeyRun& out) const { out.append_from(keys_, live_[position_]); }
  /// Views of earlier keys end with the piece they are in.
  Status advance() {
    ++position_;
    return position_ == live_count_ ? load_pieces() : Status::OK();
  }

 private:
  /// Loads the next piece with a live row; at the end there is none.
  Status load_pieces() {
    position_ = live_count_ = 0;
    while (live_count_ == 0 && next_row_ < input_.reader->row_count()) {
      first_row_ = next_row_;
      const uint32_t count = std::min(kPieceRows, input_.reader->row_count() - first_row_);
      next_row_ += count;
      live_count_ = input_.dead.live_rows(first_row_, count, live_.data());
      if (live_count_ != 0) FRESHET_RETURN_IF_ERROR(read_keys(count));
    }
    return Status::OK();
  }

  Status read_keys(uint32_t count) {
    keys_.clear();
    if (schema_.is_unique()) return input_.reader->read_keys(first_row_, count, keys_);
    Block block;
    for (size_t i = 0; i < schema_.key_count; ++i) {
      const ColumnSchema& column = schema_.columns[i];
      const ColumnReader* stored = input_.reader->column(column.id);
      if (stored == nullptr) {
        return Status::Corruption("segment {} has no column '{}', which is part of the key",
                                  segment_file_name(input_.reader->meta().id), column.name);
      }
      FRESHET_RETURN_IF_ERROR(stored->read_rows(first_row_, count, block.columns.emplace_back(column.type)));
    }
    key_codec_.append_keys(block, 0, count, keys_);
    return Status::OK();
  }

  const MergeInput& input_;
  const TableSchema& schema_;
  const KeyCodec& key_codec_;
  RowOrdinal first_row_ = 0;  ///< of the piece in memory
  RowOrdinal next_row_ = 0;   ///< behind it
  KeyRun keys_;
  std::vector<uint32_t> live_;  ///< rows of the piece, relative to it
  uint32_t live_count_ = 0;
  uint32_t position_ = 0;
};

Status live_twice(const MergeInput& a, const MergeInput& b) {
  return Status::Corruption("a key has two live rows, in segments {} and {}", segment_file_name(a.reader->meta().id),
                            segment_file_name(b.reader->meta().id));
}

template <typename Key>
Status merge(std::span<const MergeInput> inputs, std::vector<KeyCursor>& cursors, bool is_unique, const Throttle& throttle,
             MergeOrder& order, RowIdMap& row_ids, KeyRun& piece, SegmentWriter& out) {
  const auto write_piece = [&] {
    FRESHET_RETURN_IF_ERROR(out.append_keys(piece));
    const uint64_t bytes = piece.byte_size();
    piece.clear();
    return throttle.charge(bytes);
  };
  const auto last_key = [&]() -> Key {
    if constexpr (std::is_same_v<Key, uint64_t>) {
      return piece.fixed_at(piece.size() - 1);
    } else {
      return piece.bytes_at(piece.size() - 1);
    }
  };
  MergeHeap<Key> heap;
  for (uint32_t input = 0; input < cursors.size(); ++input) {
    FRESHET_RETURN_IF_ERROR(cursors[input].start());
    if (!cursors[input].at_end()) heap.push(cursors[input].template key<Key>(), input);
  }
  while (!heap.empty()) {
    const uint32_t input = heap.top().input;
    KeyCursor& cursor = cursors[input];
    cursor.append_key_to(piece);
    row_ids.set(input, cursor.row(), static_cast<RowOrdinal>(order.size()));
    order.push_back(static_cast<uint16_t>(input));
    FRESHET_RETURN_IF_ERROR(cursor.advance());
    if (cursor.at_end()) {
      heap.pop_top();
    } else {
      heap.replace_top(cursor.template key<Key>());
    }
    if (is_unique && !heap.empty() && heap.top().key == last_key()) {
      return live_twice(inputs[input], inputs[heap.top().input]);
    }
    if (piece.size() == kPieceRows) FRESHET_RETURN_IF_ERROR(write_piece());
  }
  return write_piece();
}

}  // namespace

Status Throttle::charge(uint64_t bytes) const {
  give_way();
  if (rate_limiter != nullptr) return rate_limiter->acquire(bytes, cancelled);
  if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
    return Status::Cancelled("background work was stopped");
  }
  return Status::OK();
}

Status merge_keys(std::span<const MergeInput> inputs, const TableSchema& schema, const KeyCodec& key_codec,
                  const Throttle& throttle, MergeOrder& order, RowIdMap& row_ids, SegmentWriter& out) {
  std::vector<KeyCursor> cursors;
  cursors.reserve(inputs.size());
  for (const MergeInput& input : inputs) cursors.emplace_back(input, schema, key_codec);
  KeyRun piece = key_codec.make_run();
  piece.reserve(kPieceRows);
  return key_codec.is_fixed()
             ? merge<uint64_t>(inputs, cursors, schema.is_unique(), throttle, order, row_ids, piece, out)
             : merge<std::string_view>(inputs, cursors, schema.is_unique(), throttle, order, row_ids, piece, out);
}

}  // namespace freshet::storage
