#include "query/scan/row_ids.h"

#include <algorithm>

namespace freshet::query {
namespace {

constexpr int kRowBits = 32;

size_t view_count(const storage::TabletSnapshot& tablet) { return tablet.segments.size() + tablet.deltas.size(); }

}  // namespace

RowIds::RowIds(const storage::TableSnapshot& table, size_t tablet, bool is_delta, size_t view) {
  size_t place = view + (is_delta ? table.tablets[tablet]->segments.size() : 0);
  for (size_t i = 0; i < tablet; ++i) place += view_count(*table.tablets[i]);
  first_ = static_cast<int64_t>(place) << kRowBits;
}

std::vector<storage::TabletRows> rows_of_ids(const storage::TableSnapshot& table, std::vector<int64_t> ids) {
  std::sort(ids.begin(), ids.end());
  std::vector<storage::TabletRows> rows;
  size_t next = 0;
  size_t first_place = 0;
  for (const storage::TabletSnapshotPtr& tablet : table.tablets) {
    storage::TabletRows found;
    found.tablet = tablet->id;
    for (size_t view = 0; view < view_count(*tablet); ++view) {
      const int64_t end = static_cast<int64_t>(first_place + view + 1) << kRowBits;
      const size_t segments = tablet->segments.size();
      storage::RowsetHits hits{
          view < segments ? tablet->segments[view].segment->id() : tablet->deltas[view - segments].buffer->id(), {}};
      for (; next < ids.size() && ids[next] < end; ++next) hits.rows.push_back(static_cast<RowOrdinal>(ids[next]));
      if (!hits.rows.empty()) found.dead_rows.push_back(std::move(hits));
    }
    first_place += view_count(*tablet);
    if (!found.dead_rows.empty()) rows.push_back(std::move(found));
  }
  return rows;
}

}  // namespace freshet::query
