#include <algorithm>

#include "storage/segment/segment_writer.h"
#include "storage/types/row_groups.h"
#include "storage/types/sequence.h"

namespace freshet::storage {
namespace {

/// Rows gathered at once for one column: bounds the memory beside the block.
constexpr size_t kGatherRows = 64 * 1024;

KeyRun gather_keys(const KeyRun& keys, std::span<const uint32_t> order) {
  KeyRun sorted(keys.is_fixed());
  sorted.reserve(order.size());
  for (uint32_t row : order) sorted.append_from(keys, row);
  return sorted;
}

/// Ordinals, in `order`, of the rows that are deletes.
std::vector<RowOrdinal> find_deletes(const Block& block, std::span<const uint32_t> order) {
  std::vector<RowOrdinal> deletes;
  if (block.delete_signs.empty()) return deletes;
  for (size_t i = 0; i < order.size(); ++i) {
    if (block.is_delete(order[i])) deletes.push_back(static_cast<RowOrdinal>(i));
  }
  return deletes;
}

bool is_identity(std::span<const uint32_t> order, size_t row_count) {
  // Distinct rows in arrival order, and none left out.
  return order.size() == row_count && std::is_sorted(order.begin(), order.end());
}

Status write_columns(SegmentWriter& writer, const TableSchema& schema, const Block& block, std::span<const uint32_t> order) {
  const bool as_it_is = is_identity(order, block.row_count());
  const std::optional<size_t> delete_time = schema.delete_time_column();
  const Column times = delete_time ? delete_times(block) : Column({TypeKind::kBigInt});
  for (size_t index = 0; index < block.columns.size(); ++index) {
    const Column& column = index == delete_time ? times : block.columns[index];
    if (as_it_is) {
      FRESHET_RETURN_IF_ERROR(writer.append_column(index, column));
      continue;
    }
    Column piece(column.type());
    piece.reserve(std::min(order.size(), kGatherRows));
    for (size_t first = 0; first < order.size(); first += kGatherRows) {
      piece.clear();
      piece.append_gather(column, order.subspan(first, std::min(kGatherRows, order.size() - first)));
      FRESHET_RETURN_IF_ERROR(writer.append_column(index, piece));
    }
  }
  return Status::OK();
}

/// Each key's rows as one. They replace no other row yet: the commit combines them with what is stored.
Status write_aggregated_columns(SegmentWriter& writer, const TableSchema& schema, const Block& block,
                                const RowGroups& groups) {
  for (size_t index = 0; index < block.columns.size(); ++index) {
    Column piece(block.columns[index].type());
    for (size_t first = 0; first < groups.size(); first += kGatherRows) {
      piece.clear();
      const size_t count = std::min(groups.size() - first, kGatherRows);
      FRESHET_RETURN_IF_ERROR(aggregate_groups(schema.columns[index], block.columns[index], groups, first, count, piece));
      FRESHET_RETURN_IF_ERROR(writer.append_column(index, piece));
    }
  }
  return Status::OK();
}

}  // namespace

Result<WrittenSegment> write_sorted_segment(FileStore& files, RowsetId id, TabletId tablet, const SchemaPtr& schema,
                                            const Block& block, const SegmentWriterOptions& options) {
  FRESHET_ASSERT(block.row_count() > 0);
  const KeyCodec codec(*schema);
  KeyRun arrived = codec.make_run();
  codec.append_keys(block, 0, block.row_count(), arrived);
  std::vector<uint32_t> order = sort_order(arrived);
  // A load into an aggregate table has deletes only or none.
  const bool aggregates = schema->is_aggregate() && !block.has_deletes();
  RowGroups groups;
  if (aggregates) groups = group_rows(arrived, order);
  const std::optional<size_t> sequence = schema->sequence_column();
  if (schema->is_unique()) keep_newest_of_equal(arrived, sequence ? &block.columns[*sequence] : nullptr, order);

  KeyRun sorted = gather_keys(arrived, order);
  FRESHET_ASSIGN_OR_RETURN(auto writer, SegmentWriter::create(files, id, tablet, schema, options));
  FRESHET_RETURN_IF_ERROR(aggregates && !groups.are_single() ? write_aggregated_columns(*writer, *schema, block, groups)
                                                             : write_columns(*writer, *schema, block, order));
  FRESHET_RETURN_IF_ERROR(writer->append_keys(sorted));
  FRESHET_ASSIGN_OR_RETURN(SegmentMeta meta, writer->finish());
  return WrittenSegment{std::move(meta), find_deletes(block, order), std::move(sorted)};
}

}  // namespace freshet::storage
