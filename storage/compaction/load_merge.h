#pragma once

#include "storage/commit/id_allocator.h"
#include "storage/commit/load_commit.h"
#include "storage/io/file_store.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

/// Makes few segments of the many that a large load has written, before it commits: so that one load never brings a tablet
/// over its limit of rowsets, and no query after it has to open them all.
class LoadMerge {
 public:
  struct Parts {
    FileStore& files;
    PageCache& page_cache;
    IdAllocator& ids;
    const IdAllocator& commit_numbers;
  };
  struct Limits {
    size_t segments = 32;          ///< of a load in a tablet: more are merged
    uint64_t rows = 256ull << 20;  ///< of one merge; 4 bytes of memory each
  };
  LoadMerge(const Parts& parts, const Limits& limits) : parts_(parts), limits_(limits) {}

  /// Neighbours become one segment, in which each key has the row that would have won when the load commits, deletes among
  /// them; of a flexible partial update all rows stay, in their order. Loads that are combined with what is stored are left
  /// alone: AggregateRows makes one segment of theirs. The files of the inputs are removed. After an error the load is as it
  /// was, without keys in memory. One thread.
  Status run(LoadCommit& load) const;

 private:
  Result<std::vector<WrittenSegment>> merge_all(const LoadCommit& load, TabletRows& rows) const;
  Result<WrittenSegment> merge(const LoadCommit& load, const SchemaPtr& schema, TabletId tablet,
                               std::span<WrittenSegment> inputs) const;

  const Parts parts_;
  const Limits limits_;
};

}  // namespace freshet::storage
