#pragma once

#include <memory>
#include <set>
#include <vector>

#include "storage/catalog/table_state.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/obsolete_files.h"

namespace freshet::storage {

/// Other partitions for a table, or fewer rows in them, as a part of one commit.
///
/// What goes stays readable in older versions where the table keeps them: its rowsets become retired ones, and a record says
/// what the partitions were (PartitionsRecord). Else its records go with the commit, and its files after it.
///
/// Call order: stage, CommitPipeline::enqueue (whose finish_batch calls finish), staged, then, when the commit is durable,
/// committed. One thread; ddl_mutex is held over all of it, the table's publish lock from stage to staged.
class PartitionEdit {
 public:
  struct What {
    PartitionMapPtr partitions;     ///< the new ones
    std::vector<TabletId> emptied;  ///< tablets whose rows go; those that are not in `partitions` go too
  };
  struct Parts {
    IdAllocator& ids;
    ObsoleteFiles& obsolete;
    HistoryWriter& history;
  };
  PartitionEdit(const Parts& parts, What what)
      : parts_(parts), what_(std::move(what)), emptied_(what_.emptied.begin(), what_.emptied.end()) {}

  /// Gives `next`, which is the head but for the schema, the new partitions and tablets. All that can fail.
  Status stage(const TableState& table, const std::shared_ptr<TableSnapshot>& next, MetaBatch& batch);
  void finish(TableState& table, CommitNumber commit, MetaBatch& batch);
  void staged(TableState& table);
  void committed();

 private:
  void retire(const TableState& table, CommitNumber commit, MetaBatch& batch);

  const Parts parts_;
  const What what_;
  const std::set<TabletId> emptied_;
  bool keeps_history_ = false;
  PartitionMapPtr before_;
  std::shared_ptr<TableSnapshot> next_;
  std::vector<TabletSnapshotPtr> gone_;  ///< the emptied tablets as they were
  std::vector<std::shared_ptr<const Segment>> segments_;
  std::vector<std::shared_ptr<const Segment>> retired_;
};

}  // namespace freshet::storage
