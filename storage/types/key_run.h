#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/assert.h"
#include "storage/base/coding.h"
#include "storage/types/block.h"

namespace freshet {

/// Primary keys of a run of rows, comparable as numbers or by memcmp.
///
/// Fixed form: one NOT NULL key column of at most 64 bits (integers, BOOLEAN, DATE, DATETIME, DECIMAL up to 18 digits) is
/// the value as int64 with its sign bit flipped, as uint64. Byte form: every other key. The key columns one after another,
/// each a marker byte (00 = NULL and nothing more, 01 = value) and then
///   integers, BOOLEAN, DATE, DATETIME, DECIMAL: the physical value in its width, big-endian, sign bit flipped;
///   FLOAT, DOUBLE: the IEEE bits big-endian, sign bit flipped when positive, all bits when negative; -0 is encoded as +0
///   and
///     every NaN as all ones, above all numbers;
///   strings: each 00 as 00 FF, ended by 00 00.
/// So NULL comes first, and the encoding of the first columns is a prefix of the whole. At most 4 GiB of byte keys.
class KeyRun {
 public:
  explicit KeyRun(bool is_fixed) : is_fixed_(is_fixed) {
    if (!is_fixed) offsets_.push_back(0);
  }

  bool is_fixed() const { return is_fixed_; }
  size_t size() const { return is_fixed_ ? fixed_.size() : offsets_.size() - 1; }
  std::span<const uint64_t> fixed() const { return fixed_; }
  uint64_t fixed_at(size_t row) const { return fixed_[row]; }
  std::string_view bytes_at(size_t row) const { return {bytes_.data() + offsets_[row], offsets_[row + 1] - offsets_[row]}; }
  size_t byte_size() const { return fixed_.size() * 8 + bytes_.size() + offsets_.size() * 4; }

  void append_fixed(uint64_t key) { fixed_.push_back(key); }
  void append_bytes(std::string_view key) {
    bytes_.append(key);
    offsets_.push_back(static_cast<uint32_t>(bytes_.size()));
  }
  void append_from(const KeyRun& source, size_t row) {
    is_fixed_ ? append_fixed(source.fixed_[row]) : append_bytes(source.bytes_at(row));
  }
  void reserve(size_t rows) { is_fixed_ ? fixed_.reserve(rows) : offsets_.reserve(rows + 1); }
  void clear();

  /// Key `row` as bytes that compare with memcmp in both forms (the fixed form big-endian).
  std::string encoded_at(size_t row) const;
  /// Appends a key in the form of encoded_at().
  void append_encoded(std::string_view encoded);
  /// Negative, zero or positive as key `row` is below, equal to or above key `other_row` of `other` (same form).
  int compare(size_t row, const KeyRun& other, size_t other_row) const {
    if (is_fixed_) {
      const uint64_t a = fixed_[row], b = other.fixed_[other_row];
      return a < b ? -1 : a > b;
    }
    return bytes_at(row).compare(other.bytes_at(other_row));
  }
  /// The same against a key in the form of encoded_at(); a key of fixed form has 8 bytes there.
  int compare_encoded(size_t row, std::string_view encoded) const {
    if (!is_fixed_) return bytes_at(row).compare(encoded);
    FRESHET_DCHECK(encoded.size() == sizeof(uint64_t));
    const uint64_t a = fixed_[row], b = load_big_endian64(encoded.data());
    return a < b ? -1 : a > b;
  }
  /// 64-bit hash of key `row`; stored in key filters, so it never changes (xxHash3 of the encoded bytes; for the fixed form
  /// a multiply-xorshift mix of the number).
  uint64_t hash_at(size_t row) const;
  static uint64_t hash_fixed(uint64_t key);
  static uint64_t hash_bytes(std::string_view key);

 private:
  bool is_fixed_;
  std::vector<uint64_t> fixed_;
  std::string bytes_;
  std::vector<uint32_t> offsets_;
};

/// How the key columns of one schema become keys.
class KeyCodec {
 public:
  explicit KeyCodec(const TableSchema& schema);

  bool is_fixed() const { return is_fixed_; }
  KeyRun make_run() const { return KeyRun(is_fixed_); }
  /// Keys of rows [first, first + count) of `block`.
  void append_keys(const Block& block, size_t first, size_t count, KeyRun& out) const;
  /// Encoded bytes (KeyRun::encoded_at form) of the first `columns` key columns of a row; a prefix for range scans.
  std::string encode_prefix(const Block& block, size_t row, size_t columns) const;
  /// Bucket of each row in [0, bucket_count). With bucket columns the bucket follows from their values alone and never
  /// changes: high half of hash_fixed(h ^ salt) * bucket_count / 2^32, where h is hash_fixed() of a single integer column in
  /// fixed form, else hash_bytes() of the encoded columns. Without, rows go round robin.
  void append_buckets(const TableSchema& schema, const Block& block, size_t first, size_t count,
                      std::vector<uint32_t>& out) const {
    append_buckets(schema, schema.bucket_count, block, first, count, out);
  }
  void append_buckets(const TableSchema& schema, uint32_t bucket_count, const Block& block, size_t first, size_t count,
                      std::vector<uint32_t>& out) const;
  /// What decides the bucket of each row, for partitions with bucket counts of their own: bucket_at(hash, bucket_count).
  /// REQUIRES: the schema has bucket columns.
  void append_bucket_hashes(const TableSchema& schema, const Block& block, size_t first, size_t count,
                            std::vector<uint32_t>& out) const;
  static uint32_t bucket_at(uint32_t bucket_hash, uint32_t bucket_count) {
    return static_cast<uint32_t>((static_cast<uint64_t>(bucket_hash) * bucket_count) >> 32);
  }

 private:
  bool is_fixed_;
  std::vector<DataType> key_types_;
};

/// Appends one value as it is encoded in a key: the marker, and for what is not NULL the value.
void append_encoded_value(const Column& column, size_t row, std::string& out);

}  // namespace freshet
