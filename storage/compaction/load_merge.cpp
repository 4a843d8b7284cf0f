#include "storage/compaction/load_merge.h"

#include <algorithm>
#include <limits>

#include "storage/commit/load_buckets.h"
#include "storage/commit/row_completion.h"
#include "storage/compaction/compaction_job.h"

namespace freshet::storage {
namespace {

/// Of the run of segments that begins there: how many fit into one merge.
size_t neighbours(std::span<const WrittenSegment> segments, uint64_t rows_max) {
  size_t count = 0;
  for (uint64_t rows = 0; count < segments.size(); ++count) {
    rows += segments[count].meta.row_count;
    if (rows > rows_max && count != 0) break;
  }
  return count;
}

std::vector<RowsetId> ids_of(std::span<const WrittenSegment> segments) {
  std::vector<RowsetId> ids;
  for (const WrittenSegment& segment : segments) ids.push_back(segment.meta.id);
  return ids;
}

}  // namespace

Status LoadMerge::run(LoadCommit& load) const {
  if (load.schema->is_aggregate() && !load.partial && !has_deletes(load)) return Status::OK();
  for (TabletRows& rows : load.tablets) {
    if (rows.segments.size() <= limits_.segments) continue;
    FRESHET_ASSIGN_OR_RETURN(std::vector<WrittenSegment> merged, merge_all(load, rows));
    const std::vector<RowsetId> inputs = ids_of(rows.segments);
    const std::vector<RowsetId> outputs = ids_of(merged);
    rows.segments = std::move(merged);
    for (RowsetId input : inputs) {
      if (std::find(outputs.begin(), outputs.end(), input) == outputs.end()) remove_segment_files(parts_.files, {&input, 1});
    }
  }
  return Status::OK();
}

Result<std::vector<WrittenSegment>> LoadMerge::merge_all(const LoadCommit& load, TabletRows& rows) const {
  const SchemaPtr schema = segment_schema_of(load);
  std::vector<WrittenSegment> merged;
  std::vector<RowsetId> written;
  Status status;
  std::span<WrittenSegment> rest(rows.segments);
  while (!rest.empty() && status.ok()) {
    const size_t count = neighbours(rest, limits_.rows);
    if (count == 1) {
      WrittenSegment& alone = rest.front();
      merged.push_back({alone.meta, alone.delete_rows, std::move(alone.keys)});
    } else {
      Result<WrittenSegment> output = merge(load, schema, rows.tablet, rest.first(count));
      status = output.status();
      if (status.ok()) {
        written.push_back(output->meta.id);
        merged.push_back(std::move(output).value());
      }
    }
    rest = rest.subspan(count);
  }
  if (status.ok()) status = parts_.files.sync_names();
  if (status.ok()) return merged;
  remove_segment_files(parts_.files, written);
  return status;
}

Result<WrittenSegment> LoadMerge::merge(const LoadCommit& load, const SchemaPtr& schema, TabletId tablet,
                                        std::span<WrittenSegment> inputs) const {
  LoadBucket bucket;
  for (WrittenSegment& input : inputs) {
    auto segment = std::make_shared<const Segment>(parts_.files, parts_.page_cache, input.meta, schema);
    bucket.segments.push_back({std::move(segment), std::move(input.keys), {}, {}, {}});
  }
  const KeyCodec codec(*schema);
  if (schema->is_unique()) FRESHET_RETURN_IF_ERROR(bucket.settle_within_load(*schema, codec.is_fixed()));
  std::vector<SegmentView> views;
  for (const NewSegment& input : bucket.segments) views.push_back({input.segment, DeadRows().with(input.dead)});

  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
  SegmentWriterOptions options;
  options.newest_commit = CommitNumber(parts_.commit_numbers.last());
  options.with_row_store = load.partial == nullptr;
  // Deletes that have won are rows here, whatever their age.
  constexpr int64_t kNoTombstones = std::numeric_limits<int64_t>::max();
  FRESHET_ASSIGN_OR_RETURN(CompactionOutput output, run_compaction(parts_.files, views, schema, codec, RowsetId(id), tablet,
                                                                   options, kNoTombstones, nullptr, nullptr));
  FRESHET_ASSERT(output.meta.has_value());
  WrittenSegment merged{*output.meta, {}, codec.make_run()};
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (RowOrdinal row : inputs[i].delete_rows) {
      const RowOrdinal moved = output.row_ids.at(i, row);
      if (moved != RowIdMap::kDropped) merged.delete_rows.push_back(moved);
    }
  }
  std::sort(merged.delete_rows.begin(), merged.delete_rows.end());
  return merged;
}

}  // namespace freshet::storage
