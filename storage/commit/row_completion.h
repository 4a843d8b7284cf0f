#pragma once

#include <optional>
#include <span>
#include <vector>

#include "storage/catalog/table_state.h"
#include "storage/commit/id_allocator.h"
#include "storage/commit/load_commit.h"
#include "storage/io/file_store.h"
#include "storage/segment/page_cache.h"
#include "storage/upsert/key_lookup.h"

namespace freshet::storage {

/// Makes the rows that a commit writes out of those a client sent and those the table has: partial updates, and tables that
/// aggregate.
///
/// The rows are completed against one snapshot, outside the publish lock; under it settle() tells whose live row is another
/// one by then. What the client sent is never changed: rows are completed anew from it as often as it takes, so that of two
/// loads of one key both take effect, whatever their order. One thread.
class RowCompletion {
 public:
  struct Parts {
    FileStore& files;
    PageCache& page_cache;
    IdAllocator& ids;
    CommitNumber newest_commit;
    uint64_t segment_rows_max;  ///< of one load, in its segments: up to 60 bytes of memory each, beside their keys
    size_t segments_max;        ///< that it leaves in a tablet
  };
  virtual ~RowCompletion() = default;

  /// The schema of the completed rows.
  virtual const SchemaPtr& schema() const = 0;
  /// The buckets of the load with whole rows. InvalidArgument when the load is to be refused.
  virtual Result<std::vector<TabletRows>> complete() = 0;

  /// May spare the commit a second lookup: tells `state`, which belongs to the keys of a segment that complete() answered
  /// (of the bucket's block when there is none), what the snapshot has of them. Not for tables with a sequence column, whose
  /// lookup compares rows.
  virtual void remember(size_t /*bucket*/, std::optional<size_t> /*segment*/, ProbeState& /*state*/) const {}

  /// A row of a segment that complete() answered and that is not to be: row `row` of segment `segment` of bucket `bucket`.
  struct Changed {
    size_t bucket;
    size_t segment;
    RowOrdinal row;
  };
  struct Settled {
    bool must_complete_again = false;  ///< too much has changed
    std::vector<Changed> changed;      ///< these rows of the segments are replaced by
    /// ... these, by bucket, which stand for the bucket's block, if it has any; nothing: the block stays.
    std::vector<std::optional<Block>> rows;
  };
  /// Compares with `head`, which has the layout of schema().
  virtual Result<Settled> settle(const TableSnapshot& head, uint64_t most_changed) const = 0;
  /// The commit took the segments. Until then they are removed with this object.
  virtual void release() = 0;
  /// Segments that the client sent and that complete() wrote anew: the caller removes them after the commit.
  virtual std::vector<RowsetId> replaced_segments() const = 0;
};

/// The tablet of a bucket; NotFound when it went with its partition.
Result<const TabletSnapshot*> find_tablet_of(const TableSnapshot& table, TabletId id);
/// The schema that the segments of the load are written under.
SchemaPtr segment_schema_of(const LoadCommit& load);
/// The segments that the client sent, and their rows.
std::vector<RowsetId> segments_of(const LoadCommit& load);
uint64_t segment_rows_of(const LoadCommit& load);
/// Deletes of keys: an aggregate table takes them as any unique table does.
bool has_deletes(const LoadCommit& load);
/// Removes files that no commit names; one that cannot be removed is logged, and set aside at the next start.
void remove_segment_files(FileStore& files, std::span<const RowsetId> segments);

}  // namespace freshet::storage
