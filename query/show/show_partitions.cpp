#include <fmt/format.h>

#include "query/dialect/token_cursor.h"
#include "query/partition_text.h"
#include "query/show/like_pattern.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"

namespace freshet::query {
namespace {

/// A pattern for the name from `PartitionName = "p"` or `PartitionName LIKE "p%"`.
Result<std::optional<std::string>> name_condition(std::string_view where, bool& is_pattern) {
  if (where.empty()) return std::optional<std::string>();
  FRESHET_ASSIGN_OR_RETURN(TokenCursor cursor, TokenCursor::open(where));
  if (!cursor.accept("PARTITIONNAME")) return Status::Unsupported("SHOW PARTITIONS: WHERE takes PartitionName alone");
  is_pattern = cursor.accept("LIKE");
  if (!is_pattern) FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
  FRESHET_ASSIGN_OR_RETURN(std::string name, cursor.string("a partition name in quotes"));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return std::optional(std::move(name));
}

}  // namespace

Status show_partitions(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*snapshot, database, show.name));
  const TableSchema& schema = *table->schema;
  const PartitionScheme& scheme = table->partitions->scheme();
  std::vector<ColumnId> bucket_columns;
  for (size_t position : schema.bucket_columns) bucket_columns.push_back(schema.columns[position].id);
  bool is_pattern = false;
  FRESHET_ASSIGN_OR_RETURN(const std::optional<std::string> wanted, name_condition(show.where, is_pattern));
  std::vector<std::vector<TextCell>> rows;
  const std::vector<Partition>& partitions = table->partitions->partitions();
  for (size_t i = 0; i < partitions.size(); ++i) {
    const Partition& partition = partitions[i];
    const std::string name = partition.name.empty() ? table->name : partition.name;
    if (show.like && !like_matches(*show.like, name)) continue;
    if (wanted && !(is_pattern ? like_matches(*wanted, name) : same_name(*wanted, name))) continue;
    uint64_t bytes = 0, live_rows = 0;
    const uint32_t first = table->partitions->first_tablet(i);
    for (uint32_t position = first; position < first + partition.tablets.size(); ++position) {
      const storage::TabletSnapshot& tablet = *table->tablets[position];
      live_rows += tablet.live_rows();
      for (const storage::SegmentView& view : tablet.segments) bytes += view.segment->meta().file_bytes;
    }
    rows.push_back({fmt::to_string(partition.id.value),
                    name,
                    fmt::to_string(snapshot->commit.value),
                    std::nullopt,
                    "NORMAL",
                    column_list(schema, scheme.columns),
                    doris_bounds_text(schema, scheme, partition.bounds),
                    schema.bucket_columns.empty() ? "RANDOM" : column_list(schema, bucket_columns),
                    fmt::to_string(partition.tablets.size()),
                    "1",
                    "SSD",
                    "9999-12-31 23:59:59",
                    "",
                    std::nullopt,
                    fmt::to_string(bytes),
                    "false",
                    "tag.location.default: 1",
                    "true",
                    "true",
                    std::nullopt,
                    fmt::to_string(live_rows)});
  }
  return write_text_rows(std::vector<std::string>{"PartitionId",
                                                  "PartitionName",
                                                  "VisibleVersion",
                                                  "VisibleVersionTime",
                                                  "State",
                                                  "PartitionKey",
                                                  "Range",
                                                  "DistributionKey",
                                                  "Buckets",
                                                  "ReplicationNum",
                                                  "StorageMedium",
                                                  "CooldownTime",
                                                  "RemoteStoragePolicy",
                                                  "LastConsistencyCheckTime",
                                                  "DataSize",
                                                  "IsInMemory",
                                                  "ReplicaAllocation",
                                                  "IsMutable",
                                                  "SyncWithBaseTables",
                                                  "UnsyncTables",
                                                  "RowCount"},
                         rows, out);
}

}  // namespace freshet::query
