#include "ingest/new_keys.h"

#include <algorithm>
#include <map>

#include "storage/segment/segment_writer.h"
#include "storage/types/partition_map.h"
#include "storage/types/row_groups.h"
#include "storage/types/row_mask.h"
#include "storage/upsert/base_rows.h"

namespace freshet::ingest {
namespace {

using Rows = std::vector<uint32_t>;

/// Appends those of `rows`, all of one tablet, whose keys it does not have.
Status add_new_keys_of(const storage::TableSnapshot& table, TabletId id, const TableSchema& schema, const Block& block,
                       const Rows& rows, Rows& out) {
  Block routed = Block::for_schema(schema);
  routed.append_gather(block, rows);
  KeyRun arrived = table.key_codec->make_run();
  table.key_codec->append_keys(routed, 0, routed.row_count(), arrived);
  const RowGroups groups = group_rows(arrived, storage::sort_order(arrived));
  KeyRun keys = table.key_codec->make_run();
  for (size_t key = 0; key < groups.size(); ++key) keys.append_from(arrived, groups.rows(key).front());
  FRESHET_ASSIGN_OR_RETURN(const std::vector<storage::BaseRow> bases, storage::find_base_rows(*table.find_tablet(id), keys));
  for (size_t key = 0; key < groups.size(); ++key) {
    if (bases[key].exists()) continue;
    for (const uint32_t row : groups.rows(key)) out.push_back(rows[row]);
  }
  return Status::OK();
}

}  // namespace

Result<Rows> rows_of_new_keys(const storage::TableSnapshot& table, const TableSchema& schema, const Block& block,
                              std::optional<size_t> mask) {
  std::vector<uint32_t> positions;
  table.partitions->route(schema, *table.key_codec, block, positions);
  std::map<uint32_t, Rows> by_tablet;
  Rows found;
  for (uint32_t row = 0; row < positions.size(); ++row) {
    const bool is_delete = block.is_delete(row) || (mask && RowMask::is_delete(block.columns[*mask].bytes_at(row)));
    if (is_delete) continue;
    Rows& rows = positions[row] == PartitionMap::kNoTablet ? found : by_tablet[positions[row]];
    rows.push_back(row);
  }
  for (const auto& [position, rows] : by_tablet) {
    FRESHET_RETURN_IF_ERROR(add_new_keys_of(table, table.partitions->tablet_at(position), schema, block, rows, found));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace freshet::ingest
