#include "storage/commit/recovery.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "storage/base/log.h"
#include "storage/commit/carried_blocks.h"
#include "storage/commit/precommit_record.h"
#include "storage/commit/row_completion.h"
#include "storage/commit/tablet_contents.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {
namespace {

/// One tablet while its records are read.
struct TabletBuilder {
  std::string table_name;  ///< for errors: database.table
  TabletSnapshot tablet;
  TableState* state = nullptr;
  SchemaPtr schema;
  std::unique_ptr<CarriedBlockReader> blocks;
  TableState::TabletMarks marks;  ///< carried blocks up to the first are kept for older versions alone
  std::unordered_map<RowsetId, std::vector<RowOrdinal>> dead;
  std::unordered_map<RowsetId, uint32_t> folded;
  std::unordered_map<RowsetId, TableState::BufferInfo> buffers;
  uint64_t delete_records = 0;
  bool is_dropped = false;  ///< with its partition: older versions alone have it
};
using TabletBuilders = std::unordered_map<TabletId, TabletBuilder>;

/// What the records of a kind are called in errors.
std::string_view record_name(std::string_view kind) {
  if (kind == meta_keys::kSegments) return "segment record";
  if (kind == meta_keys::kFoldedBitmaps) return "folded delete bitmap";
  if (kind == meta_keys::kDeleteDeltas) return "delete bitmap of commit";
  if (kind == meta_keys::kCarriedBlocks) return "carried block of commit";
  if (kind == meta_keys::kRetiredRowsets) return "retired rowset";
  if (kind == meta_keys::kTabletContents) return "contents record";
  return "record of flushed blocks";
}

/// Scans the records of one kind whose keys hold a tablet and a second number.
Status scan_tablet_records(MetaStore& meta, std::string_view kind, TabletBuilders& tablets,
                           const std::function<Status(TabletBuilder&, uint64_t second, std::string_view value)>& visit) {
  return meta.scan(kind, prefix_end(kind), [&](std::string_view key, std::string_view value) {
    const TabletId tablet(meta_keys::number_at(key, kind.size()));
    const uint64_t second = meta_keys::number_at(key, kind.size() + 8);
    auto found = tablets.find(tablet);
    if (found == tablets.end()) {
      return Status::Corruption("{} {} belongs to tablet {}, which no table record names: the record of its table is gone",
                                record_name(kind), second, tablet.value);
    }
    const Status visited = visit(found->second, second, value);
    if (visited.ok()) return visited;
    return visited.with_context(
        fmt::format("table {}, tablet {}, {} {}", found->second.table_name, tablet.value, record_name(kind), second));
  });
}

Status add_dead_rows(TabletBuilder& tablet, std::string_view value) {
  FRESHET_ASSIGN_OR_RETURN(const DeadRowsRecord record, DeadRowsRecord::decode(value));
  for (const DeadRowsRecord::Entry& entry : record.entries) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<RowOrdinal> rows, decode_rows(entry.rows));
    std::vector<RowOrdinal>& all = tablet.dead[entry.rowset];
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return Status::OK();
}

Status add_folded_rows(TabletBuilder& tablet, std::string_view value) {
  FRESHET_RETURN_IF_ERROR(add_dead_rows(tablet, value));
  FRESHET_ASSIGN_OR_RETURN(const DeadRowsRecord record, DeadRowsRecord::decode(value));
  for (const DeadRowsRecord::Entry& entry : record.entries) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<RowOrdinal> rows, decode_rows(entry.rows));
    tablet.folded[entry.rowset] = static_cast<uint32_t>(rows.size());
  }
  return Status::OK();
}

Status add_carried_block(TabletBuilder& tablet, CommitNumber commit, std::string_view value) {
  if (tablet.is_dropped || commit <= tablet.marks.flushed_up_to) return Status::OK();
  FRESHET_RETURN_IF_ERROR(tablet.blocks->add(commit, value, [](RowsetId) { return true; }));
  tablet.buffers[tablet.blocks->last_buffer()].last_commit = commit;
  return Status::OK();
}

Status check_contents(TabletBuilder& tablet, std::string_view value) {
  FRESHET_ASSIGN_OR_RETURN(const TabletContentsRecord contents, TabletContentsRecord::decode(value));
  tablet.marks = {contents.flushed_up_to, contents.folded_up_to};
  return check_tablet_contents(contents, tablet.tablet.segments, tablet.folded);
}

/// Gives each rowset its dead rows; bits of rowsets that are gone are stale and left out.
Status settle_dead_rows(TabletBuilder& tablet) {
  auto settle = [&](RowsetId rowset, uint32_t row_count, DeadRows& dead) {
    auto found = tablet.dead.find(rowset);
    if (found == tablet.dead.end()) return Status::OK();
    for (RowOrdinal row : found->second) {
      if (row >= row_count) {
        return Status::Corruption("delete bitmap of rowset {} names row {}, but it has {} rows", rowset.value, row,
                                  row_count);
      }
    }
    dead = dead.with(found->second);
    return Status::OK();
  };
  for (SegmentView& view : tablet.tablet.segments) {
    FRESHET_RETURN_IF_ERROR(settle(view.segment->id(), view.segment->meta().row_count, view.dead));
  }
  for (DeltaView& view : tablet.tablet.deltas) FRESHET_RETURN_IF_ERROR(settle(view.buffer->id(), view.row_count, view.dead));
  return Status::OK();
}

Result<uint64_t> last_commit(MetaStore& meta) {
  FRESHET_ASSIGN_OR_RETURN(auto stored, meta.get(meta_keys::kLastCommit));
  return stored ? decode_number(*stored) : Result<uint64_t>(uint64_t{0});
}

Result<std::vector<std::shared_ptr<TableSnapshot>>> read_tables(MetaStore& meta, ServerSnapshot& server) {
  std::unordered_map<DatabaseId, std::string> database_names;
  FRESHET_RETURN_IF_ERROR(
      meta.scan(meta_keys::kDatabases, prefix_end(meta_keys::kDatabases), [&](std::string_view key, std::string_view value) {
        const DatabaseId id(meta_keys::number_at(key, meta_keys::kDatabases.size()));
        Result<std::string> name = decode_database_name(value);
        if (!name.ok()) return name.status().with_context(fmt::format("database {}", id.value));
        server.databases[*name] = id;
        database_names[id] = std::move(name).value();
        return Status::OK();
      }));
  std::vector<std::shared_ptr<TableSnapshot>> tables;
  FRESHET_RETURN_IF_ERROR(
      meta.scan(meta_keys::kTables, prefix_end(meta_keys::kTables), [&](std::string_view key, std::string_view value) {
        const std::string number = fmt::format("table {}", meta_keys::number_at(key, meta_keys::kTables.size()));
        Result<TableRecord> decoded = TableRecord::decode(value);
        if (!decoded.ok()) return decoded.status().with_context(number);
        const TableRecord record = std::move(decoded).value();
        Result<TableSchema> read_schema = TableSchema::deserialize(record.schema);
        if (!read_schema.ok()) return read_schema.status().with_context(fmt::format("{} '{}'", number, record.name));
        TableSchema schema = std::move(read_schema).value();
        auto database = database_names.find(record.database);
        if (database == database_names.end()) return Status::Corruption("table '{}' names an unknown database", record.name);
        auto table = std::make_shared<TableSnapshot>();
        table->id = TableId(meta_keys::number_at(key, meta_keys::kTables.size()));
        table->database = record.database;
        table->database_name = database->second;
        table->name = record.name;
        table->schema = std::make_shared<const TableSchema>(std::move(schema));
        table->key_codec = std::make_shared<const KeyCodec>(*table->schema);
        FRESHET_ASSIGN_OR_RETURN(table->partitions, PartitionMap::make(*table->schema, record.scheme, record.partitions));
        for (const Partition& partition : table->partitions->partitions()) {
          for (TabletId tablet : partition.tablets) {
            auto snapshot = std::make_shared<TabletSnapshot>();
            snapshot->id = tablet;
            table->tablets.push_back(std::move(snapshot));
          }
        }
        tables.push_back(std::move(table));
        return Status::OK();
      }));
  return tables;
}

TabletBuilder make_builder(const TableSnapshot& table, TabletId tablet) {
  TabletBuilder builder;
  builder.table_name = fmt::format("{}.{}", table.database_name, table.name);
  builder.tablet.id = tablet;
  builder.schema = table.schema;
  builder.blocks = std::make_unique<CarriedBlockReader>(table.schema, table.key_codec, tablet);
  return builder;
}

/// Adds the tablets that went with their partitions and that older versions have.
Status read_dropped_tablets(MetaStore& meta, const std::vector<std::shared_ptr<TableSnapshot>>& tables,
                            TabletBuilders& builders, std::unordered_map<TableId, std::set<TabletId>>& dropped) {
  std::unordered_map<TableId, const TableSnapshot*> by_id;
  for (const auto& table : tables) by_id[table->id] = table.get();
  const size_t prefix = meta_keys::kPartitionsBefore.size();
  return meta.scan(meta_keys::kPartitionsBefore, prefix_end(meta_keys::kPartitionsBefore),
                   [&](std::string_view key, std::string_view value) {
                     const TableId id(meta_keys::number_at(key, prefix));
                     const std::string what = fmt::format("partitions of table {} before commit {}", id.value,
                                                          meta_keys::number_at(key, prefix + 8));
                     const auto table = by_id.find(id);
                     if (table == by_id.end()) return Status::Corruption("{}: the record of its table is gone", what);
                     const Result<PartitionsRecord> record = PartitionsRecord::decode(value);
                     if (!record.ok()) return record.status().with_context(what);
                     for (const Partition& partition : record->partitions) {
                       for (TabletId tablet : partition.tablets) {
                         if (builders.contains(tablet)) continue;
                         builders.emplace(tablet, make_builder(*table->second, tablet)).first->second.is_dropped = true;
                         dropped[id].insert(tablet);
                       }
                     }
                     return Status::OK();
                   });
}

Status read_precommitted(MetaStore& meta, FileStore& files, PageCache& page_cache, RecoveredState& state) {
  return meta.scan(meta_keys::kPrecommittedLoads, prefix_end(meta_keys::kPrecommittedLoads),
                   [&](std::string_view, std::string_view value) {
                     FRESHET_ASSIGN_OR_RETURN(const LoadCommit load, decode_precommit(value));
                     RecoveredPrecommit found{*load.label, {}};
                     const SchemaPtr schema = segment_schema_of(load);
                     for (const TabletRows& rows : load.tablets) {
                       for (const WrittenSegment& segment : rows.segments) {
                         found.segments.push_back(std::make_shared<const Segment>(files, page_cache, segment.meta, schema));
                       }
                     }
                     state.precommitted.push_back(std::move(found));
                     return Status::OK();
                   });
}

}  // namespace

Result<RecoveredState> recover(MetaStore& meta, FileStore& files, PageCache& page_cache) {
  auto server = std::make_shared<ServerSnapshot>();
  FRESHET_ASSIGN_OR_RETURN(const uint64_t commit, last_commit(meta));
  server->commit = CommitNumber(commit);
  FRESHET_ASSIGN_OR_RETURN(const auto tables, read_tables(meta, *server));

  TabletBuilders builders;
  for (const auto& table : tables) {
    for (const TabletSnapshotPtr& tablet : table->tablets) {
      builders.try_emplace(tablet->id, make_builder(*table, tablet->id));
    }
  }
  std::unordered_map<TableId, std::set<TabletId>> dropped;
  FRESHET_RETURN_IF_ERROR(read_dropped_tablets(meta, tables, builders, dropped));
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(
      meta, meta_keys::kSegments, builders, [&](TabletBuilder& tablet, uint64_t rowset, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(SegmentMeta segment, SegmentMeta::deserialize(value));
        if (tablet.is_dropped) return Status::Corruption("its partition was dropped");
        if (segment.id.value != rowset || segment.tablet != tablet.tablet.id) {
          return Status::Corruption("it is the record of segment {} of tablet {}", segment.id.value, segment.tablet.value);
        }
        tablet.tablet.segments.push_back(
            {std::make_shared<const Segment>(files, page_cache, std::move(segment), tablet.schema), {}});
        return Status::OK();
      }));
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(
      meta, meta_keys::kFoldedBitmaps, builders,
      [](TabletBuilder& tablet, uint64_t, std::string_view value) { return add_folded_rows(tablet, value); }));
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(
      meta, meta_keys::kTabletContents, builders,
      [](TabletBuilder& tablet, uint64_t, std::string_view value) { return check_contents(tablet, value); }));
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(meta, meta_keys::kDeleteDeltas, builders,
                                              [](TabletBuilder& tablet, uint64_t, std::string_view value) {
                                                ++tablet.delete_records;
                                                return add_dead_rows(tablet, value);
                                              }));
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(meta, meta_keys::kFlushedUpTo, builders,
                                              [](TabletBuilder& tablet, uint64_t, std::string_view value) {
                                                FRESHET_ASSIGN_OR_RETURN(const uint64_t commit_number, decode_number(value));
                                                CommitNumber& mark = tablet.marks.flushed_up_to;
                                                mark = std::max(mark, CommitNumber(commit_number));
                                                return Status::OK();
                                              }));
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(meta, meta_keys::kCarriedBlocks, builders,
                                              [](TabletBuilder& tablet, uint64_t commit_number, std::string_view value) {
                                                return add_carried_block(tablet, CommitNumber(commit_number), value);
                                              }));

  RecoveredState result;
  FRESHET_RETURN_IF_ERROR(scan_tablet_records(
      meta, meta_keys::kRetiredRowsets, builders, [&](TabletBuilder& tablet, uint64_t, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(const RetiredRowsetRecord record, RetiredRowsetRecord::decode(value));
        if (record.segment.empty()) return Status::OK();
        FRESHET_ASSIGN_OR_RETURN(SegmentMeta segment, SegmentMeta::deserialize(record.segment));
        result.retired.push_back(std::make_shared<const Segment>(files, page_cache, std::move(segment), tablet.schema));
        return Status::OK();
      }));
  FRESHET_RETURN_IF_ERROR(read_precommitted(meta, files, page_cache, result));
  for (const auto& table : tables) {
    auto state = std::make_shared<TableState>(nullptr);
    state->dropped_tablets = std::move(dropped[table->id]);
    for (TabletSnapshotPtr& tablet : table->tablets) {
      TabletBuilder& builder = builders.at(tablet->id);
      builder.tablet.deltas = builder.blocks->take();
      const Status settled = settle_dead_rows(builder);
      if (!settled.ok()) {
        return settled.with_context(fmt::format("table {}, tablet {}", builder.table_name, tablet->id.value));
      }
      state->folded_dead_rows.merge(builder.folded);
      state->buffers.merge(builder.buffers);
      state->marks[tablet->id] = builder.marks;
      if (builder.delete_records > 0) state->unfolded_deletes.add(tablet->id, builder.delete_records);
      builder.tablet.index_segments();
      tablet = std::make_shared<const TabletSnapshot>(std::move(builder.tablet));
    }
    state->set_head(table);
    server->tables[table->id] = table;
    server->table_names[{table->database_name, table->name}] = table->id;
    result.tables.push_back(std::move(state));
  }
  result.snapshot = std::move(server);
  return result;
}

std::set<std::string> files_of(const RecoveredState& state) {
  std::set<std::string> names;
  for (const auto& [id, table] : state.snapshot->tables) {
    for (const TabletSnapshotPtr& tablet : table->tablets) {
      for (const SegmentView& view : tablet->segments) names.insert(segment_file_name(view.segment->id()));
    }
  }
  for (const auto& segment : state.retired) names.insert(segment_file_name(segment->id()));
  for (const RecoveredPrecommit& load : state.precommitted) {
    for (const auto& segment : load.segments) names.insert(segment_file_name(segment->id()));
  }
  return names;
}

Status quarantine_unknown_files(const RecoveredState& state, FileStore& files) {
  const std::set<std::string> known = files_of(state);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.list());
  for (const std::string& name : names) {
    if (known.contains(name)) continue;
    log_warning("file {} belongs to no commit: moved to the quarantine folder", name);
    FRESHET_RETURN_IF_ERROR(files.quarantine(name));
  }
  return Status::OK();
}

}  // namespace freshet::storage
