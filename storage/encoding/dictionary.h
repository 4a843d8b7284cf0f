#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/encoding/bit_packing.h"
#include "storage/encoding/plain.h"

namespace freshet::storage {

/// Finds the distinct values of a page, in order of first appearance. One page at a time; reusable; not thread-safe.
class DictionaryBuilder {
 public:
  /// Starts anew and codes `values`; false, with nothing useful inside, as soon as there are more than `limit` distinct
  /// ones.
  bool build(std::span<const std::string_view> values, uint32_t limit);

  std::span<const std::string_view> distinct() const { return distinct_; }
  std::span<const uint32_t> codes() const { return codes_; }

 private:
  std::vector<std::string_view> distinct_;
  std::vector<uint64_t> hashes_;  ///< of distinct_
  std::vector<uint32_t> codes_;
  std::vector<uint32_t> slots_;  ///< open addressing: code + 1, 0 = free
};

/// Layout: count (4 bytes), width of a code in bits (4 bytes), the values as plain bytes, one packed code for each row.
void encode_dictionary(std::span<const std::string_view> distinct, std::span<const uint32_t> codes, std::string& out);

/// A dictionary page body, read in place.
class DictionaryView {
 public:
  DictionaryView() = default;
  /// REQUIRES: is_valid(body, row_count).
  DictionaryView(std::string_view body, size_t row_count)
      : count_(load_fixed<uint32_t>(body.data())),
        bits_(load_fixed<uint32_t>(body.data() + 4)),
        values_(body.data() + kHeaderBytes, count_),
        packed_(body.data() + body.size() - packed_bytes(row_count, bits_)) {}

  /// Whether all offsets and codes are inside: O(rows), done once when a page is loaded.
  static bool is_valid(std::string_view body, size_t row_count);

  uint32_t count() const { return count_; }
  std::string_view value(uint32_t code) const { return values_.at(code); }
  uint32_t code_at(size_t row) const { return static_cast<uint32_t>(unpack_one(packed_, row, bits_)); }
  void read_codes(size_t first, size_t count, uint32_t* out) const {
    unpack_deltas<uint32_t>(packed_, bits_, first, count, 0, out);
  }

 private:
  static constexpr size_t kHeaderBytes = 8;

  uint32_t count_ = 0;
  uint32_t bits_ = 0;
  BytesView values_;
  const char* packed_ = nullptr;
};

}  // namespace freshet::storage
