#include "storage/segment/row_layout.h"

#include <algorithm>

namespace freshet::storage {

RowLayout::RowLayout(std::span<const std::pair<ColumnId, DataType>> columns) {
  uint32_t offset = static_cast<uint32_t>((columns.size() + 7) / 8);
  for (const auto& [column, type] : columns) {
    by_id_.emplace_back(column, static_cast<uint32_t>(fields_.size()));
    if (type.is_bytes()) {
      fields_.push_back({column, type, byte_fields_++});
    } else {
      fields_.push_back({column, type, offset});
      offset += type.width();
    }
  }
  std::sort(by_id_.begin(), by_id_.end());
  ends_at_ = offset;
  front_bytes_ = end_at(byte_fields_);
}

std::optional<size_t> RowLayout::find(ColumnId column, size_t likely) const {
  if (likely < fields_.size() && fields_[likely].column == column) return likely;
  const auto at = std::lower_bound(by_id_.begin(), by_id_.end(), std::pair{column, uint32_t{0}});
  return at != by_id_.end() && at->first == column ? std::optional<size_t>(at->second) : std::nullopt;
}

bool RowLayout::is_valid(std::string_view row) const {
  if (row.size() < front_bytes_) return false;
  uint32_t end = 0;
  for (uint32_t place = 0; place < byte_fields_; ++place) {
    const auto next = load_fixed<uint32_t>(row.data() + end_at(place));
    if (next < end) return false;
    end = next;
  }
  return row.size() - front_bytes_ == end;
}

}  // namespace freshet::storage
