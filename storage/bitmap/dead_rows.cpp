#include "storage/bitmap/dead_rows.h"

#include <algorithm>
#include <bit>
#include <exception>
#include <roaring/roaring.hh>

#include "storage/base/assert.h"

namespace freshet::storage {
namespace {

constexpr uint64_t kAllBits = ~uint64_t{0};

/// Bits of word `word` of a chunk that lie in [first, last), rows relative to the chunk.
uint64_t bits_within(uint32_t word, uint32_t first, uint32_t last) {
  const uint32_t begin = word * 64;
  uint64_t mask = kAllBits;
  if (first > begin) mask &= kAllBits << (first - begin);
  if (last < begin + 64) mask &= kAllBits >> (begin + 64 - last);
  return mask;
}

/// Calls `visit(chunk index, first row in it, past-last row in it)` for each chunk that [first, first + count) touches.
template <typename Visit>
void visit_chunks(RowOrdinal first, uint32_t count, const Visit& visit) {
  const uint64_t end = uint64_t{first} + count;
  for (uint64_t row = first; row < end;) {
    const uint64_t chunk = row / kBitmapChunkRows;
    const uint64_t begin = chunk * kBitmapChunkRows;
    const uint64_t stop = std::min<uint64_t>(end, begin + kBitmapChunkRows);
    visit(static_cast<size_t>(chunk), static_cast<uint32_t>(row - begin), static_cast<uint32_t>(stop - begin));
    row = stop;
  }
}

template <typename Visit>
void visit_bits(uint64_t bits, const Visit& visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<uint32_t>(std::countr_zero(bits)));
}

}  // namespace

uint32_t DeadRows::count_in(RowOrdinal first, uint32_t count) const {
  if (!state_ || state_->count == 0) return 0;
  uint32_t dead = 0;
  visit_chunks(first, count, [&](size_t index, uint32_t begin, uint32_t end) {
    const Chunk* chunk = index < state_->chunks.size() ? state_->chunks[index].get() : nullptr;
    if (chunk == nullptr) return;
    if (end - begin == kBitmapChunkRows) {
      dead += chunk->count;
      return;
    }
    for (uint32_t word = begin / 64; word * 64 < end; ++word) {
      dead += static_cast<uint32_t>(std::popcount(chunk->words[word] & bits_within(word, begin, end)));
    }
  });
  return dead;
}

uint32_t DeadRows::live_rows(RowOrdinal first, uint32_t count, uint32_t* out) const {
  uint32_t* next = out;
  visit_chunks(first, count, [&](size_t index, uint32_t begin, uint32_t end) {
    const uint32_t base = static_cast<uint32_t>(index * kBitmapChunkRows - first);  // wraps for the first chunk, sums do not
    const Chunk* chunk = state_ && index < state_->chunks.size() ? state_->chunks[index].get() : nullptr;
    if (chunk == nullptr) {
      for (uint32_t row = begin; row < end; ++row) *next++ = base + row;
      return;
    }
    for (uint32_t word = begin / 64; word * 64 < end; ++word) {
      const uint32_t word_base = base + word * 64;
      const uint64_t live = ~chunk->words[word] & bits_within(word, begin, end);
      if (live == kAllBits) {
        for (uint32_t bit = 0; bit < 64; ++bit) *next++ = word_base + bit;
      } else if (word * 64 >= begin && word * 64 + 64 <= end) {
        next = write_set_bits(live, word_base, next);
      } else {
        visit_bits(live, [&](uint32_t bit) { *next++ = word_base + bit; });
      }
    }
  });
  return static_cast<uint32_t>(next - out);
}

RowBits DeadRows::live_bits(RowOrdinal first, uint32_t count) const {
  FRESHET_DCHECK(first % kVectorRows == 0);
  RowBits live = RowBits::first(count);
  if (const Chunk* chunk = chunk_of(first)) {
    const uint64_t* dead = chunk->words.data() + first % kBitmapChunkRows / 64;
    for (size_t i = 0; i < live.words.size(); ++i) live.words[i] &= ~dead[i];
  }
  return live;
}

DeadRows DeadRows::with(std::span<const RowOrdinal> rows) const {
  if (std::all_of(rows.begin(), rows.end(), [&](RowOrdinal row) { return contains(row); })) return *this;
  auto state = state_ ? std::make_shared<State>(*state_) : std::make_shared<State>();
  const size_t chunks_needed = *std::max_element(rows.begin(), rows.end()) / kBitmapChunkRows + 1;
  if (state->chunks.size() < chunks_needed) state->chunks.resize(chunks_needed);
  std::vector<std::shared_ptr<Chunk>> copies(state->chunks.size());
  for (RowOrdinal row : rows) {
    const size_t index = row / kBitmapChunkRows;
    std::shared_ptr<Chunk>& copy = copies[index];
    if (copy == nullptr) {
      const Chunk* old = state->chunks[index].get();
      copy = old != nullptr ? std::make_shared<Chunk>(*old) : std::make_shared<Chunk>();
      state->chunks[index] = copy;
    }
    uint64_t& word = copy->words[row % kBitmapChunkRows / 64];
    const uint64_t bit = uint64_t{1} << (row % 64);
    const uint32_t added = (word & bit) == 0;
    word |= bit;
    copy->count += added;
    state->count += added;
  }
  DeadRows result;
  result.state_ = std::move(state);
  return result;
}

DeadRows DeadRows::without(std::span<const RowOrdinal> rows) const {
  if (rows.empty()) return *this;
  const std::vector<RowOrdinal> all = to_vector();
  std::vector<RowOrdinal> remaining;
  std::set_difference(all.begin(), all.end(), rows.begin(), rows.end(), std::back_inserter(remaining));
  return DeadRows().with(remaining);
}

std::vector<RowOrdinal> DeadRows::added_since(const DeadRows& older) const {
  std::vector<RowOrdinal> rows;
  if (!state_ || state_ == older.state_) return rows;
  for (size_t index = 0; index < state_->chunks.size(); ++index) {
    const Chunk* chunk = state_->chunks[index].get();
    const Chunk* old = older.state_ && index < older.state_->chunks.size() ? older.state_->chunks[index].get() : nullptr;
    if (chunk == nullptr || chunk == old) continue;
    const auto base = static_cast<RowOrdinal>(index * kBitmapChunkRows);
    for (uint32_t word = 0; word < kChunkWords; ++word) {
      const uint64_t bits = old != nullptr ? chunk->words[word] & ~old->words[word] : chunk->words[word];
      visit_bits(bits, [&](uint32_t bit) { rows.push_back(base + word * 64 + bit); });
    }
  }
  return rows;
}

std::vector<RowOrdinal> DeadRows::to_vector() const { return added_since(DeadRows()); }

uint64_t DeadRows::byte_size() const {
  if (!state_) return 0;
  uint64_t bytes = sizeof(State) + state_->chunks.size() * sizeof(state_->chunks[0]);
  for (const auto& chunk : state_->chunks) bytes += chunk ? sizeof(Chunk) : 0;
  return bytes;
}

std::string encode_rows(std::span<const RowOrdinal> rows) {
  Roaring bitmap;
  bitmap.addMany(rows.size(), rows.data());
  bitmap.runOptimize();
  std::string bytes(bitmap.getSizeInBytes(), '\0');
  bitmap.write(bytes.data());
  return bytes;
}

Result<std::vector<RowOrdinal>> decode_rows(std::string_view bytes) {
  struct Collector {
    std::vector<RowOrdinal> rows;
    bool ascending = true;
  } collector;
  try {
    const Roaring bitmap = Roaring::readSafe(bytes.data(), bytes.size());
    if (bitmap.getSizeInBytes() != bytes.size()) {
      return Status::Corruption("delete bitmap: {} bytes hold a bitmap of {}", bytes.size(), bitmap.getSizeInBytes());
    }
    // Row by row: the library's bulk copy trusts the counts inside the bytes.
    bitmap.iterate(
        [](uint32_t row, void* target) {
          auto& all = *static_cast<Collector*>(target);
          all.ascending &= all.rows.empty() || all.rows.back() < row;
          all.rows.push_back(row);
          return all.ascending;
        },
        &collector);
  } catch (const std::exception& error) {
    return Status::Corruption("delete bitmap of {} bytes is not in Roaring's portable format: {}", bytes.size(),
                              error.what());
  }
  if (!collector.ascending) return Status::Corruption("delete bitmap: its rows are not in order");
  return std::move(collector.rows);
}

}  // namespace freshet::storage
