#include "storage/compaction/row_id_map.h"

namespace freshet::storage {

std::vector<RowOrdinal> RowIdMap::translate(size_t input, std::span<const RowOrdinal> old_rows) const {
  std::vector<RowOrdinal> new_rows;
  new_rows.reserve(old_rows.size());
  for (RowOrdinal row : old_rows) {
    if (inputs_[input][row] != kDropped) new_rows.push_back(inputs_[input][row]);
  }
  return new_rows;
}

}  // namespace freshet::storage
