#pragma once

#include "storage/meta/meta_records.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// The stored record of a table as `table` says it is.
inline TableRecord table_record_of(const TableSnapshot& table) {
  return {table.database, table.name, table.schema->serialize(), table.partitions->scheme(), table.partitions->partitions()};
}

}  // namespace freshet::storage
