#pragma once

#include <string>

#include "storage/catalog/catalog.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/partition_edit.h"
#include "storage/types/schema_change.h"

namespace freshet::storage {

/// ALTER TABLE as one commit that installs the next version of the table's schema: no row is read or written, so it takes
/// the same few milliseconds at every size.
///
/// Segments and delta buffers keep the schema they were written under; readers match columns by id, fill in new ones, and
/// widen narrower ones. When the layout of rows changes, active delta buffers are sealed and new ones begin. Queries that
/// run go on with the schema of their snapshot; loads that run are mapped to the new schema when they commit. Any thread.
class SchemaChanges {
 public:
  SchemaChanges(Catalog& catalog, CommitPipeline& pipeline, const PartitionEdit::Parts& parts)
      : catalog_(catalog), pipeline_(pipeline), parts_(parts) {}

  /// Durable and visible when it returns, with the dynamic partitions that new properties ask for at `partition_time` (unix
  /// microseconds). Errors of change_schema(), NotFound, AlreadyExists, and InvalidArgument when the table cannot have them.
  Status alter_table(const std::string& database, const std::string& name, const TableChange& change,
                     int64_t partition_time);

 private:
  Status seal_buffers(TableSnapshot& table, const std::vector<RowsetId>& new_buffers);

  Catalog& catalog_;
  CommitPipeline& pipeline_;
  PartitionEdit::Parts parts_;
};

}  // namespace freshet::storage
