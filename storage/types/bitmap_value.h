#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace freshet {

/// A set of numbers from 0 to 2^64 - 1: a value of a BITMAP column.
///
/// Its bytes are the 64-bit extension of Roaring's portable format (u64 count of parts, then for each in ascending order its
/// u32 upper half and a 32-bit Roaring bitmap of the lower halves), so that other libraries read them. No bytes at all are
/// the empty set too. Bytes of any origin may be given: every container is checked before it is used. One thread.
class BitmapValue {
 public:
  BitmapValue();
  ~BitmapValue();
  BitmapValue(BitmapValue&&) noexcept;
  BitmapValue& operator=(BitmapValue&&) noexcept;

  /// Adds the numbers of a serialized set. InvalidArgument when `bytes` are not one; then nothing is added.
  Status unite(std::string_view bytes);
  void add(uint64_t number);
  /// "1,5,7"; the empty set for nothing but blanks. False when `text` is anything else; then the set is unchanged.
  bool unite_text(std::string_view text);

  void unite(const BitmapValue& other);
  void intersect(const BitmapValue& other);
  void subtract(const BitmapValue& other);
  /// Keeps the numbers that are in one of both only.
  void keep_difference(const BitmapValue& other);

  uint64_t count() const;
  bool contains(uint64_t number) const;
  std::optional<uint64_t> smallest() const;
  std::optional<uint64_t> largest() const;
  /// "1,5,7"; nothing when that is longer than `most_bytes`.
  std::optional<std::string> to_text(size_t most_bytes) const;
  std::string serialize() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Whether `bytes` are a serialized set, as BitmapValue::unite() takes it.
bool is_bitmap_value(std::string_view bytes);
/// The bytes of a set of one number.
std::string serialize_single(uint64_t number);

}  // namespace freshet
