#include "storage/segment/prefix_block.h"

#include <algorithm>

#include "storage/base/coding.h"
#include "storage/base/limits.h"
#include "storage/segment/prefix_key_index.h"

namespace freshet::storage {
namespace {

struct Entry {
  uint32_t shared;
  std::string_view own;
  const char* end;
};

void put_varint(std::string& out, uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

/// Null when the number does not end before `end`. Lengths of keys take two bytes at most.
const char* read_varint(const char* cursor, const char* end, uint32_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 21 && cursor != end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*cursor++);
    value |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return cursor;
  }
  return nullptr;
}

uint32_t load_varint(const char*& cursor) {
  uint32_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*cursor++);
    value |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

Entry load_entry(const char* cursor) {
  const uint32_t shared = load_varint(cursor);
  const uint32_t own = load_varint(cursor);
  return {shared, {cursor, own}, cursor + own};
}

uint32_t restarts_of(uint32_t key_count) { return (key_count + kRestartInterval - 1) / kRestartInterval; }

}  // namespace

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t shared = 0;
  while (shared < limit && a[shared] == b[shared]) ++shared;
  return shared;
}

void put_prefix_entry(std::string& out, size_t shared, std::string_view own) {
  put_varint(out, static_cast<uint32_t>(shared));
  put_varint(out, static_cast<uint32_t>(own.size()));
  out.append(own);
}

PrefixBlock::PrefixBlock(std::string_view bytes, uint32_t key_count)
    : restarts_(bytes.data()),
      entries_(bytes.data() + restarts_of(key_count) * sizeof(uint32_t)),
      key_count_(key_count),
      restart_count_(restarts_of(key_count)) {}

bool PrefixBlock::is_valid(std::string_view bytes, uint32_t key_count) {
  const size_t restarts_bytes = restarts_of(key_count) * sizeof(uint32_t);
  if (key_count == 0 || bytes.size() < restarts_bytes) return false;
  const char* begin = bytes.data() + restarts_bytes;
  const char* end = bytes.data() + bytes.size();
  const char* cursor = begin;
  size_t previous_size = 0;
  for (uint32_t index = 0; index < key_count; ++index) {
    const bool is_restart = index % kRestartInterval == 0;
    if (is_restart) {
      const auto offset = load_fixed<uint32_t>(bytes.data() + index / kRestartInterval * sizeof(uint32_t));
      if (offset != static_cast<size_t>(cursor - begin)) return false;
    }
    uint32_t shared, own;
    if ((cursor = read_varint(cursor, end, shared)) == nullptr) return false;
    if ((cursor = read_varint(cursor, end, own)) == nullptr) return false;
    if (shared > (is_restart ? 0 : previous_size) || own > static_cast<size_t>(end - cursor)) return false;
    previous_size = size_t{shared} + own;
    if (previous_size > kMaxKeyBytes) return false;
    cursor += own;
  }
  return cursor == end;
}

std::string_view PrefixBlock::restart_key(uint32_t restart) const {
  return load_entry(entries_ + load_fixed<uint32_t>(restarts_ + restart * sizeof(uint32_t))).own;
}

PrefixBlock::Position PrefixBlock::lower_bound(std::string_view key) const {
  uint32_t begin = 0;
  for (uint32_t left = restart_count_; left > 0;) {
    const uint32_t half = left / 2;
    const bool is_not_above = restart_key(begin + half) <= key;
    begin = is_not_above ? begin + half + 1 : begin;
    left = is_not_above ? left - half - 1 : half;
  }
  if (begin == 0) return {0, false};

  // From the restart on every key is below `key` until shown otherwise, and `matched` is how many bytes the last one shares
  // with `key`. A key that shares more than that with its predecessor is below `key` too; one that shares less is above.
  const uint32_t first = (begin - 1) * kRestartInterval;
  const uint32_t last = std::min(first + kRestartInterval, key_count_);
  const char* cursor = entries_ + load_fixed<uint32_t>(restarts_ + (begin - 1) * sizeof(uint32_t));
  size_t matched = 0;
  for (uint32_t index = first; index < last; ++index) {
    const Entry entry = load_entry(cursor);
    cursor = entry.end;
    if (entry.shared < matched) return {index, false};
    if (entry.shared > matched) continue;
    const std::string_view rest = key.substr(matched);
    const size_t common = common_prefix(entry.own, rest);
    if (common == entry.own.size() && common == rest.size()) return {index, true};
    const bool is_above = common == rest.size() || (common < entry.own.size() && static_cast<uint8_t>(entry.own[common]) >
                                                                                     static_cast<uint8_t>(rest[common]));
    if (is_above) return {index, false};
    matched += common;
  }
  return {last, false};
}

PrefixBlock::Cursor::Cursor(const PrefixBlock& block) : next_entry_(block.entries_), key_count_(block.key_count_) {
  read_entry();
}

void PrefixBlock::Cursor::next() {
  if (++index_ < key_count_) read_entry();
}

void PrefixBlock::Cursor::read_entry() {
  const Entry entry = load_entry(next_entry_);
  next_entry_ = entry.end;
  key_.resize(entry.shared);
  key_.append(entry.own);
}

}  // namespace freshet::storage
