#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/base/limits.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// The encoded key of the first row of every kPageRows rows: the sparse index of kDuplicate segments, resident.
class ShortKeyIndex {
 public:
  /// Takes the keys that follow the `rows_before` keys it has already seen.
  void add(const KeyRun& keys, uint64_t rows_before);
  size_t size() const { return entries_.size(); }
  std::string_view entry(size_t index) const { return entries_[index]; }

  /// Start of the run of kPageRows rows in which the first key not below `encoded` is, or of the run before it.
  RowOrdinal lower_bound(std::string_view encoded) const;

  std::string serialize() const;
  /// False when `bytes` is not the index of `row_count` rows, in order.
  bool assign(std::string_view bytes, uint32_t row_count);
  uint64_t resident_bytes() const;

 private:
  std::vector<std::string> entries_;
};

}  // namespace freshet::storage
