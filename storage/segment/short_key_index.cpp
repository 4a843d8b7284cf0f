#include "storage/segment/short_key_index.h"

#include <algorithm>

#include "storage/base/coding.h"

namespace freshet::storage {

void ShortKeyIndex::add(const KeyRun& keys, uint64_t rows_before) {
  const uint64_t phase = rows_before % kPageRows;
  for (uint64_t row = phase == 0 ? 0 : kPageRows - phase; row < keys.size(); row += kPageRows) {
    entries_.push_back(keys.encoded_at(row));
  }
}

RowOrdinal ShortKeyIndex::lower_bound(std::string_view encoded) const {
  const auto not_below = std::lower_bound(entries_.begin(), entries_.end(), encoded);
  const auto runs_below = static_cast<uint32_t>(not_below - entries_.begin());
  return runs_below == 0 ? 0 : (runs_below - 1) * kPageRows;
}

std::string ShortKeyIndex::serialize() const {
  std::string bytes;
  for (const std::string& entry : entries_) put_length_prefixed(bytes, entry);
  return bytes;
}

bool ShortKeyIndex::assign(std::string_view bytes, uint32_t row_count) {
  ByteReader reader(bytes);
  entries_.clear();
  while (reader.ok() && !reader.at_end()) entries_.emplace_back(reader.length_prefixed());
  return reader.ok() && entries_.size() == (row_count + kPageRows - 1) / kPageRows &&
         std::is_sorted(entries_.begin(), entries_.end());
}

uint64_t ShortKeyIndex::resident_bytes() const {
  uint64_t bytes = entries_.capacity() * sizeof(std::string);
  for (const std::string& entry : entries_) bytes += entry.capacity();
  return bytes;
}

}  // namespace freshet::storage
