#include "storage/compaction/compaction_job.h"

#include "storage/base/failpoint.h"
#include "storage/compaction/merge_inputs.h"
#include "storage/compaction/segment_output.h"

namespace freshet::storage {

Result<CompactionOutput> run_compaction(FileStore& files, std::span<const SegmentView> views, const SchemaPtr& schema,
                                        const KeyCodec& key_codec, RowsetId output, TabletId tablet,
                                        const SegmentWriterOptions& options, RateLimiter* rate_limiter,
                                        const std::atomic<bool>* cancelled) {
  CompactionOutput result;
  uint64_t live_rows = 0;
  for (const SegmentView& view : views) {
    result.row_ids.add_input(view.segment->meta().row_count);
    live_rows += view.live_rows();
  }
  if (live_rows == 0) return result;
  if (live_rows > kMaxSegmentRows || views.size() > kMaxMergeInputs) {
    return Status::ResourceExhausted("{} rows of {} segments do not fit into one; the limits are {} and {}", live_rows,
                                     views.size(), kMaxSegmentRows, kMaxMergeInputs);
  }
  std::vector<MergeInput> inputs;
  for (const SegmentView& view : views) {
    FRESHET_ASSIGN_OR_RETURN(auto reader, view.segment->reader());
    inputs.push_back({std::move(reader), view.dead});
  }

  FRESHET_ASSIGN_OR_RETURN(const auto segment, SegmentOutput::create(files, output, tablet, schema, options));
  const Throttle throttle{rate_limiter, cancelled};
  MergeOrder order;
  order.reserve(live_rows);
  FRESHET_RETURN_IF_ERROR(merge_keys(inputs, *schema, key_codec, throttle, order, result.row_ids, segment->writer()));
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    FRESHET_RETURN_IF_ERROR(merge_column(inputs, *schema, column, order, throttle, segment->writer()));
    failpoint(Failpoint::kCompactionColumnWritten);
  }
  FRESHET_ASSIGN_OR_RETURN(result.meta, segment->finish());
  return result;
}

}  // namespace freshet::storage
