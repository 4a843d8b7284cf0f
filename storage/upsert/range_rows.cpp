#include "storage/upsert/range_rows.h"

#include <algorithm>

namespace freshet::storage {
namespace {

bool is_in(const EncodedRange& range, const KeyRun& keys, size_t key) {
  return keys.compare_encoded(key, range.low) >= 0 && (range.end.empty() || keys.compare_encoded(key, range.end) < 0);
}

/// The rows of a segment in the range, dead ones included: [first, second).
Result<std::pair<RowOrdinal, RowOrdinal>> rows_between(const SegmentView& view, const EncodedRange& range) {
  const SegmentMeta& meta = view.segment->meta();
  if (meta.max_key < range.low || (!range.end.empty() && meta.min_key >= range.end)) {
    return std::pair<RowOrdinal, RowOrdinal>(0, 0);
  }
  FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<const SegmentReader> reader, view.segment->reader());
  FRESHET_ASSIGN_OR_RETURN(const RowOrdinal first, reader->lower_bound(range.low));
  RowOrdinal end = reader->row_count();
  if (!range.end.empty()) {
    FRESHET_ASSIGN_OR_RETURN(end, reader->lower_bound(range.end));
  }
  return std::pair(first, end);
}

}  // namespace

EncodedRange range_of_prefixes(std::string low, std::string high, bool is_fixed) {
  const size_t bytes = high.size();
  while (!high.empty() && high.back() == '\xff') high.pop_back();
  if (!high.empty()) {
    high.back() = static_cast<char>(static_cast<uint8_t>(high.back()) + 1);
    if (is_fixed) high.resize(bytes, '\0');
  }
  return {std::move(low), std::move(high)};
}

Result<std::optional<std::vector<RowLocation>>> find_rows_in_range(const TabletSnapshot& tablet, const EncodedRange& range,
                                                                   uint64_t& rows_left) {
  using Found = std::optional<std::vector<RowLocation>>;
  std::vector<RowLocation> found;
  if (!range.end.empty() && range.low >= range.end) return Found(std::move(found));
  const auto take = [&](uint64_t rows) {
    const bool are_left = rows <= rows_left;
    if (are_left) rows_left -= rows;
    return are_left;
  };
  for (uint32_t i = 0; i < tablet.deltas.size(); ++i) {
    const DeltaView& view = tablet.deltas[i];
    if (!take(view.row_count)) return Found();
    KeyRun key = KeyCodec(*view.buffer->schema()).make_run();
    for (RowOrdinal row = 0; row < view.row_count; ++row) {
      if (view.dead.contains(row)) continue;
      key.clear();
      view.buffer->append_key(row, key);
      if (is_in(range, key, 0)) found.push_back({.is_delta = true, .view = i, .row = row});
    }
  }
  for (uint32_t i = 0; i < tablet.segments.size(); ++i) {
    const SegmentView& view = tablet.segments[i];
    FRESHET_ASSIGN_OR_RETURN(const auto between, rows_between(view, range));
    if (!take(between.second - between.first)) return Found();
    for (RowOrdinal row = between.first; row < between.second; ++row) {
      if (!view.dead.contains(row)) found.push_back({.is_delta = false, .view = i, .row = row});
    }
  }
  return Found(std::move(found));
}

}  // namespace freshet::storage
