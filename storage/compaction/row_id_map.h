#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/ids.h"

namespace freshet::storage {

/// Where the rows of rewritten rowsets went: old ordinal -> new ordinal in the output, for the deletes that arrived while it
/// was written. 4 bytes a row of the inputs. Not thread-safe while it is filled.
class RowIdMap {
 public:
  static constexpr RowOrdinal kDropped = UINT32_MAX;

  /// Adds an input of `rows` rows, all dropped until set() says otherwise; returns its position.
  size_t add_input(uint32_t rows) {
    inputs_.emplace_back(rows, kDropped);
    return inputs_.size() - 1;
  }
  void set(size_t input, RowOrdinal old_row, RowOrdinal new_row) { inputs_[input][old_row] = new_row; }

  size_t input_count() const { return inputs_.size(); }
  /// kDropped when the row was dead when the rewrite began.
  RowOrdinal at(size_t input, RowOrdinal old_row) const { return inputs_[input][old_row]; }
  /// The rows of `input` as rows of the output, in the order given; dropped ones are left out.
  std::vector<RowOrdinal> translate(size_t input, std::span<const RowOrdinal> old_rows) const;

 private:
  std::vector<std::vector<RowOrdinal>> inputs_;
};

}  // namespace freshet::storage
