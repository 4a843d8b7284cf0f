#include "storage/compaction/compaction_job.h"

#include "storage/base/failpoint.h"
#include "storage/compaction/merge_inputs.h"
#include "storage/compaction/segment_output.h"
#include "storage/tablet/tombstones.h"
#include "storage/upsert/sequence_probe.h"

namespace freshet::storage {
namespace {

/// The tombstones of each input that the output needs.
Result<std::vector<std::vector<RowOrdinal>>> tombstones_to_keep(std::span<const SegmentView> inputs, const SchemaPtr& schema,
                                                                int64_t oldest_seconds) {
  std::vector<std::vector<RowOrdinal>> kept(inputs.size());
  TabletSnapshot all;
  all.segments.assign(inputs.begin(), inputs.end());
  for (size_t i = 0; i < inputs.size(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<RowOrdinal> tombstones, tombstones_of(inputs[i], oldest_seconds));
    if (tombstones.empty()) continue;
    FRESHET_ASSIGN_OR_RETURN(kept[i], unbeaten_tombstones(*schema, all, i, tombstones));
  }
  return kept;
}

}  // namespace

Result<CompactionOutput> run_compaction(FileStore& files, std::span<const SegmentView> views, const SchemaPtr& schema,
                                        const KeyCodec& key_codec, RowsetId output, TabletId tablet,
                                        const SegmentWriterOptions& options, int64_t oldest_delete_seconds,
                                        RateLimiter* rate_limiter, const std::atomic<bool>* cancelled) {
  CompactionOutput result;
  std::vector<std::vector<RowOrdinal>> tombstones(views.size());
  if (schema->delete_time_column()) {
    FRESHET_ASSIGN_OR_RETURN(tombstones, tombstones_to_keep(views, schema, oldest_delete_seconds));
  }
  uint64_t live_rows = 0;
  for (size_t i = 0; i < views.size(); ++i) {
    result.row_ids.add_input(views[i].segment->meta().row_count);
    live_rows += views[i].live_rows() + tombstones[i].size();
  }
  if (live_rows == 0) return result;
  if (live_rows > kMaxSegmentRows || views.size() > kMaxMergeInputs) {
    return Status::ResourceExhausted("{} rows of {} segments do not fit into one; the limits are {} and {}", live_rows,
                                     views.size(), kMaxSegmentRows, kMaxMergeInputs);
  }
  std::vector<MergeInput> inputs;
  for (size_t i = 0; i < views.size(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(auto reader, views[i].segment->reader());
    inputs.push_back({std::move(reader), views[i].dead.without(tombstones[i])});
  }

  const Throttle throttle{rate_limiter, cancelled};
  SegmentWriterOptions writer_options = options;
  writer_options.expected_rows = live_rows;
  writer_options.charge_rows = [&](uint64_t bytes) { return throttle.charge(bytes); };
  FRESHET_ASSIGN_OR_RETURN(const auto segment, SegmentOutput::create(files, output, tablet, schema, writer_options));
  MergeOrder order;
  order.reserve(live_rows);
  FRESHET_RETURN_IF_ERROR(merge_keys(inputs, *schema, key_codec, throttle, order, result.row_ids, segment->writer()));
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    FRESHET_RETURN_IF_ERROR(merge_column(inputs, *schema, column, order, throttle, segment->writer()));
    failpoint(Failpoint::kCompactionColumnWritten);
  }
  FRESHET_ASSIGN_OR_RETURN(result.meta, segment->finish());
  for (size_t i = 0; i < views.size(); ++i) {
    const std::vector<RowOrdinal> moved = result.row_ids.translate(i, tombstones[i]);
    result.tombstones.insert(result.tombstones.end(), moved.begin(), moved.end());
  }
  return result;
}

}  // namespace freshet::storage
