#include <algorithm>

#include "storage/base/failpoint.h"
#include "storage/commit/load_publisher.h"
#include "storage/commit/read_guard.h"
#include "storage/types/schema_mapping.h"

/// Loads of several tables that become one commit, and loads that only their own transaction sees until then.
namespace freshet::storage {

/// One load on its way into a common commit.
struct LoadPublisher::Part {
  TableLoad sent;
  std::unique_ptr<ReadGuard> guard;
  std::unique_ptr<RowCompletion> completion;  ///< of the attempt that runs
  LoadCommit whole;                           ///< what completion made, or a copy of what was sent
  std::vector<Bucket> buckets;
  std::vector<Arrival> arrivals;

  TableState& table() { return *sent.table; }
};

/// Locks of several tables, taken in one order by all.
class LoadPublisher::PublishLocks {
 public:
  explicit PublishLocks(std::vector<Part>& parts) : parts_(parts) {
    for (Part& part : parts_) part.table().publish_lock.lock();
  }
  ~PublishLocks() {
    for (Part& part : parts_) part.table().publish_lock.unlock();
  }
  PublishLocks(const PublishLocks&) = delete;
  PublishLocks& operator=(const PublishLocks&) = delete;

 private:
  std::vector<Part>& parts_;
};

Status LoadPublisher::prepare_part(Part& part) const {
  const TableSnapshotPtr head = part.table().head();
  const LoadCommit& load = part.sent.load;
  if (part.guard != nullptr) FRESHET_RETURN_IF_ERROR(part.guard->advance(head));
  if (is_completed(load)) {
    FRESHET_ASSIGN_OR_RETURN(part.completion, begin_completion(load, head));
    part.whole = LoadCommit{load.table, part.completion->schema(), {}, {}, nullptr, load.label, load.offsets};
    FRESHET_ASSIGN_OR_RETURN(part.whole.tablets, part.completion->complete());
  } else {
    part.whole = load;
  }
  FRESHET_ASSIGN_OR_RETURN(part.buckets, prepare(*head, part.whole));
  return head->schema->is_unique() ? probe_rounds(part.table(), part.buckets) : Status::OK();
}

Result<CommitOutcome> LoadPublisher::publish_all(std::vector<TableLoad> loads) {
  failpoint(Failpoint::kCommitStart);
  std::sort(loads.begin(), loads.end(),
            [](const TableLoad& a, const TableLoad& b) { return a.load.table.value < b.load.table.value; });
  std::vector<Part> parts(loads.size());
  for (size_t i = 0; i < loads.size(); ++i) {
    parts[i].sent = std::move(loads[i]);
    parts[i].arrivals = arrivals_when_completed(parts[i].sent.load);
    FRESHET_ASSIGN_OR_RETURN(parts[i].guard, open_guard(parts[i].sent.load));
  }
  const auto began = Admission::Clock::now();
  for (int attempt = 1; attempt <= kCompletionAttempts; ++attempt) {
    for (Part& part : parts) {
      FRESHET_RETURN_IF_ERROR(
          parts_.admission.wait_for_room(part.table(), part.arrivals, began, part.sent.load.is_cancelled));
    }
    for (Part& part : parts) FRESHET_RETURN_IF_ERROR(prepare_part(part));
    FRESHET_ASSIGN_OR_RETURN(const Staged staged, stage_parts(parts, attempt));
    if (staged.lacks_room) {
      for (Part& part : parts) part.arrivals = arrivals_of_buckets(part.buckets);
      --attempt;
    }
    if (staged.change == nullptr) continue;
    for (Part& part : parts) {
      if (part.completion != nullptr) part.completion->release();
    }
    failpoint(Failpoint::kCommitStaged);
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(staged.change));
    for (const Part& part : parts) {
      if (part.sent.load.label) parts_.labels.committed(*part.sent.load.label);
      if (part.completion != nullptr) remove_segment_files(parts_.files, part.completion->replaced_segments());
    }
    return staged.outcome;
  }
  return Status::Conflict(
      "the rows of this transaction were changed by others again and again while it committed ({} times)",
      kCompletionAttempts);
}

Result<LoadPublisher::Staged> LoadPublisher::stage_parts(std::vector<Part>& parts, int attempt) {
  const PublishLocks locks(parts);
  std::vector<Admission::Reservation> reserved(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    FRESHET_ASSIGN_OR_RETURN(
        const Comparison compared,
        compare(part.table(), part.whole, part.buckets, {part.completion.get(), part.guard.get(), attempt}, reserved[i]));
    if (compared != Comparison::kReady) return Staged{nullptr, {}, compared == Comparison::kNoRoom};
  }
  std::vector<ReadyTable> ready;
  for (size_t i = 0; i < parts.size(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(ReadyTable table,
                             make_ready(parts[i].table(), parts[i].whole, parts[i].buckets, std::move(reserved[i])));
    ready.push_back(std::move(table));
  }
  return stage(ready);
}

Result<PrivateChange> LoadPublisher::apply_privately(const TableSnapshotPtr& current, LoadCommit load,
                                                     const std::set<RowsetId>& own) const {
  PrivateChange change;
  std::unique_ptr<RowCompletion> completion;
  if (is_completed(load)) {
    FRESHET_ASSIGN_OR_RETURN(completion, begin_completion(load, current));
    FRESHET_ASSIGN_OR_RETURN(change.rows, completion->complete());
  } else {
    change.rows = load.tablets;
  }
  LoadCommit whole{load.table, completion ? completion->schema() : load.schema, change.rows, {}, nullptr, {}, {}};
  FRESHET_ASSIGN_OR_RETURN(std::vector<Bucket> buckets, prepare(*current, whole));
  for (const Bucket& bucket : buckets) {
    if (current->find_tablet(bucket.tablet) != nullptr) continue;
    return Status::Conflict("table {}.{} got a new partition since the transaction began; try restarting transaction",
                            current->database_name, current->name);
  }
  FRESHET_RETURN_IF_ERROR(probe_rest(*current, buckets));
  auto next = std::make_shared<TableSnapshot>(*current);
  for (Bucket& bucket : buckets) {
    bucket.leave_losers_out(*current->schema);
    const uint32_t position = current->position_of(bucket.tablet).value();
    TabletEdit edit(*current->tablets[position]);
    bucket.kill_replaced(*current->tablets[position], edit);
    change.rows_replaced += edit.replaced_rows();
    if (bucket.rows && bucket.rows->kept.row_count() > 0) {
      const DeltaView& last = edit.active_delta();
      if (!own.contains(last.buffer->id()) ||
          last.row_count + bucket.rows->kept.row_count() > parts_.admission.buffer_limits().rows) {
        FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
        edit.add_delta({std::make_shared<DeltaBuffer>(RowsetId(id), current->schema), 0, {}});
        change.new_buffers.push_back(RowsetId(id));
      }
      bucket.append_rows(edit);
    }
    next->tablets[position] = edit.finish();
  }
  change.table = std::move(next);
  return change;
}

}  // namespace freshet::storage
