#include "storage/tablet/delta_buffer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "storage/tablet/byte_arena.h"
#include "storage/tablet/delta_key_index.h"
#include "storage/types/widening.h"

namespace freshet::storage {

/// Up to kVectorRows rows with their keys. `previous` links a row to the next older row of its key.
struct DeltaBuffer::RowChunk {
  uint32_t capacity;
  std::vector<ColumnChunk> columns;
  std::unique_ptr<uint64_t[]> fixed_keys;
  std::unique_ptr<std::string_view[]> byte_keys;
  std::unique_ptr<RowOrdinal[]> previous;
};

namespace {

constexpr uint32_t kMaxChunks = DeltaBuffer::kMaxRows / kVectorRows;
constexpr unsigned kLevels = std::bit_width(kMaxChunks);
/// Room in the first chunk of a buffer; it grows by kChunkGrowth, so that a table of many tablets with few rows each stays
/// small.
constexpr uint32_t kFirstChunkRows = 16;
constexpr uint32_t kChunkGrowth = 4;

/// Calls `use` with a zero of the unsigned (or 128-bit) type that is `width` bytes wide.
template <typename Use>
void with_width(uint32_t width, const Use& use) {
  switch (width) {
    case 1: return use(uint8_t{});
    case 2: return use(uint16_t{});
    case 4: return use(uint32_t{});
    case 8: return use(uint64_t{});
    default: return use(Int128{});
  }
}

}  // namespace

/// Chunks in levels of 1, 2, 4, ... so that the directory of a small buffer is small and none is ever moved. A grown chunk
/// takes the place of the one whose rows it repeats, which stays for those who read it.
struct DeltaBuffer::State {
  explicit State(const TableSchema& schema) : keys_are_fixed(KeyCodec(schema).is_fixed()) {
    bytes_per_row = keys_are_fixed ? sizeof(uint64_t) : sizeof(std::string_view);
    if (schema.is_unique()) bytes_per_row += sizeof(RowOrdinal);
    for (const ColumnSchema& column : schema.columns) {
      bytes_per_row += 1 + (column.type.is_bytes() ? sizeof(std::string_view) : column.type.width());
    }
  }

  static unsigned level_of(uint32_t chunk_index) { return static_cast<unsigned>(std::bit_width(chunk_index + 1)) - 1; }
  std::atomic<RowChunk*>& place_of(uint32_t chunk_index) const {
    const unsigned level = level_of(chunk_index);
    return levels[level][chunk_index + 1 - (1u << level)];
  }
  RowChunk& chunk(uint32_t chunk_index) const { return *place_of(chunk_index).load(std::memory_order_acquire); }
  const RowChunk& chunk_of_row(RowOrdinal row) const { return chunk(row / kVectorRows); }

  bool row_has_key(RowOrdinal row, const KeyRun& keys, size_t key) const {
    const RowChunk& rows = chunk_of_row(row);
    return keys_are_fixed ? rows.fixed_keys[row % kVectorRows] == keys.fixed_at(key)
                          : rows.byte_keys[row % kVectorRows] == keys.bytes_at(key);
  }

  const bool keys_are_fixed;
  uint64_t bytes_per_row = 0;
  uint64_t chunk_bytes = 0;                       ///< of all chunks
  std::vector<std::unique_ptr<RowChunk>> chunks;  ///< all, also those that have grown
  std::array<std::unique_ptr<std::atomic<RowChunk*>[]>, kLevels> levels;
  ByteArena arena;
  DeltaKeyIndex index;
};

DeltaBuffer::DeltaBuffer(RowsetId id, SchemaPtr schema)
    : id_(id), schema_(std::move(schema)), state_(std::make_unique<State>(*schema_)) {}

DeltaBuffer::~DeltaBuffer() = default;

DeltaBuffer::RowChunk& DeltaBuffer::new_chunk(uint32_t capacity) {
  auto chunk = std::make_unique<RowChunk>();
  chunk->capacity = capacity;
  chunk->columns.resize(schema_->columns.size());
  for (size_t i = 0; i < chunk->columns.size(); ++i) {
    const DataType& type = schema_->columns[i].type;
    ColumnChunk& column = chunk->columns[i];
    if (type.is_bytes()) {
      column.bytes = std::make_unique_for_overwrite<std::string_view[]>(capacity);
    } else {
      column.fixed = std::make_unique_for_overwrite<char[]>(size_t{capacity} * type.width());
    }
    column.nulls = std::make_unique_for_overwrite<uint8_t[]>(capacity);
  }
  if (state_->keys_are_fixed) {
    chunk->fixed_keys = std::make_unique_for_overwrite<uint64_t[]>(capacity);
  } else {
    chunk->byte_keys = std::make_unique_for_overwrite<std::string_view[]>(capacity);
  }
  if (schema_->is_unique()) chunk->previous = std::make_unique_for_overwrite<RowOrdinal[]>(capacity);
  state_->chunk_bytes += sizeof(RowChunk) + chunk->columns.size() * sizeof(ColumnChunk) + capacity * state_->bytes_per_row;
  return *state_->chunks.emplace_back(std::move(chunk));
}

/// Copies all rows of `from`, which is full, to the front of `to`.
void DeltaBuffer::copy_rows(const RowChunk& from, RowChunk& to) const {
  const size_t rows = from.capacity;
  for (size_t i = 0; i < from.columns.size(); ++i) {
    const DataType& type = schema_->columns[i].type;
    if (type.is_bytes()) {
      std::copy_n(from.columns[i].bytes.get(), rows, to.columns[i].bytes.get());
    } else {
      std::memcpy(to.columns[i].fixed.get(), from.columns[i].fixed.get(), rows * type.width());
    }
    std::copy_n(from.columns[i].nulls.get(), rows, to.columns[i].nulls.get());
  }
  if (state_->keys_are_fixed) {
    std::copy_n(from.fixed_keys.get(), rows, to.fixed_keys.get());
  } else {
    std::copy_n(from.byte_keys.get(), rows, to.byte_keys.get());
  }
  if (schema_->is_unique()) std::copy_n(from.previous.get(), rows, to.previous.get());
}

/// The chunk of the next row, which has room for it.
DeltaBuffer::RowChunk& DeltaBuffer::chunk_for_append() {
  const uint32_t chunk_index = row_count_ / kVectorRows;
  auto& level = state_->levels[State::level_of(chunk_index)];
  if (level == nullptr) level = std::make_unique<std::atomic<RowChunk*>[]>(size_t{1} << State::level_of(chunk_index));
  std::atomic<RowChunk*>& place = state_->place_of(chunk_index);
  RowChunk* const chunk = place.load(std::memory_order_relaxed);
  if (chunk != nullptr && row_count_ % kVectorRows < chunk->capacity) return *chunk;
  const uint32_t capacity = chunk_index != 0   ? uint32_t{kVectorRows}
                            : chunk == nullptr ? kFirstChunkRows
                                               : std::min<uint32_t>(kVectorRows, chunk->capacity * kChunkGrowth);
  RowChunk& made = new_chunk(capacity);
  if (chunk != nullptr) copy_rows(*chunk, made);
  place.store(&made, std::memory_order_release);
  return made;
}

RowOrdinal DeltaBuffer::append(const Block& block, const KeyRun& keys) {
  const size_t rows = block.row_count();
  FRESHET_ASSERT(rows == keys.size() && rows <= kMaxRows - row_count_);
  FRESHET_ASSERT(block.columns.size() == schema_->columns.size() && keys.is_fixed() == state_->keys_are_fixed);
  const RowOrdinal first = row_count_;
  if (first == 0) created_ = std::chrono::steady_clock::now();
  for (size_t done = 0; done < rows;) {
    RowChunk& chunk = chunk_for_append();
    const uint32_t count = static_cast<uint32_t>(std::min<size_t>(rows - done, chunk.capacity - row_count_ % kVectorRows));
    copy_in(block, keys, done, count, chunk);
    done += count;
    row_count_ += count;
  }
  if (schema_->is_unique()) index_keys(keys);
  byte_size_.store(state_->chunk_bytes + state_->arena.byte_size() + state_->index.byte_size(), std::memory_order_relaxed);
  return first;
}

/// Copies rows [first, first + count) of `block` behind the last row, into `chunk`.
void DeltaBuffer::copy_in(const Block& block, const KeyRun& keys, size_t first, uint32_t count, RowChunk& chunk) {
  const uint32_t at = row_count_ % kVectorRows;
  for (size_t i = 0; i < chunk.columns.size(); ++i) {
    const Column& source = block.columns[i];
    ColumnChunk& target = chunk.columns[i];
    if (source.is_bytes()) {
      for (uint32_t row = 0; row < count; ++row) target.bytes[at + row] = state_->arena.store(source.bytes_at(first + row));
    } else {
      const size_t width = source.type().width();
      std::memcpy(target.fixed.get() + at * width, source.raw_at(first), count * width);
    }
    if (source.has_nulls()) {
      std::memcpy(target.nulls.get() + at, source.nulls().data() + first, count);
    } else {
      std::memset(target.nulls.get() + at, 0, count);
    }
  }
  for (uint32_t row = 0; row < count; ++row) {
    if (keys.is_fixed()) {
      chunk.fixed_keys[at + row] = keys.fixed_at(first + row);
    } else {
      chunk.byte_keys[at + row] = state_->arena.store(keys.bytes_at(first + row));
    }
  }
}

/// Puts the last keys.size() rows into the index.
void DeltaBuffer::index_keys(const KeyRun& keys) {
  const RowOrdinal first = row_count_ - static_cast<uint32_t>(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const RowOrdinal row = first + static_cast<RowOrdinal>(i);
    RowOrdinal& link = state_->chunk_of_row(row).previous[row % kVectorRows];
    state_->index.put(
        keys.hash_at(i), row, [&](RowOrdinal other) { return state_->row_has_key(other, keys, i); },
        [&](RowOrdinal previous) { link = previous; });
  }
}

std::optional<RowOrdinal> DeltaBuffer::find(const KeyRun& keys, size_t key, uint32_t row_limit) const {
  RowOrdinal row =
      state_->index.find(keys.hash_at(key), [&](RowOrdinal other) { return state_->row_has_key(other, keys, key); });
  while (row != DeltaKeyIndex::kNoRow && row >= row_limit) row = state_->chunk_of_row(row).previous[row % kVectorRows];
  if (row == DeltaKeyIndex::kNoRow) return std::nullopt;
  return row;
}

void DeltaBuffer::append_key(RowOrdinal row, KeyRun& out) const {
  const RowChunk& chunk = state_->chunk_of_row(row);
  if (state_->keys_are_fixed) {
    out.append_fixed(chunk.fixed_keys[row % kVectorRows]);
  } else {
    out.append_bytes(chunk.byte_keys[row % kVectorRows]);
  }
}

const DeltaBuffer::ColumnChunk& DeltaBuffer::chunk(size_t column_index, uint32_t chunk_index) const {
  return state_->chunk(chunk_index).columns[column_index];
}

void DeltaBuffer::gather(std::span<const RowOrdinal> rows, Block& out) const {
  for (size_t i = 0; i < out.columns.size(); ++i) gather_column(i, rows, out.columns[i]);
  if (!out.delete_signs.empty()) out.delete_signs.resize(out.row_count(), 0);
}

void DeltaBuffer::gather_column(size_t column_index, std::span<const RowOrdinal> rows, Column& out) const {
  const DataType& type = schema_->columns[column_index].type;
  if (type.physical() != out.type().physical()) {
    Column narrow(type);
    gather_column(column_index, rows, narrow);
    out.append_range(widen_column(narrow, out.type()), 0, rows.size());
    return;
  }
  if (out.is_bytes()) {
    for (RowOrdinal row : rows) {
      const ColumnChunk& column = chunk(column_index, row / kVectorRows);
      column.nulls[row % kVectorRows] != 0 ? out.append_null() : out.append_bytes(column.bytes[row % kVectorRows]);
    }
    return;
  }
  constexpr size_t kPieceRows = 256;
  with_width(out.type().width(), [&](auto zero) {
    using Value = decltype(zero);
    std::array<Value, kPieceRows> values;
    std::array<uint8_t, kPieceRows> nulls;
    for (size_t done = 0; done < rows.size();) {
      const size_t count = std::min(kPieceRows, rows.size() - done);
      for (size_t i = 0; i < count; ++i) {
        const RowOrdinal row = rows[done + i];
        const ColumnChunk& column = chunk(column_index, row / kVectorRows);
        std::memcpy(&values[i], column.fixed.get() + row % kVectorRows * sizeof(Value), sizeof(Value));
        nulls[i] = column.nulls[row % kVectorRows];
      }
      out.append_fixed_run(values.data(), nulls.data(), count);
      done += count;
    }
  });
}

}  // namespace freshet::storage
