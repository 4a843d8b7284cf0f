#pragma once

#include "query/ddl/statement.h"
#include "storage/engine/storage_engine.h"

namespace freshet::query {

/// True when a clause of the statement is about partitions; then all have to be.
bool changes_partitions(const AlterTable& statement);
/// ALTER TABLE ADD, DROP, RENAME and TRUNCATE PARTITION: clause by clause, each durable when the next begins.
Status alter_partitions(const AlterTable& statement, const storage::TableSnapshot& table, storage::StorageEngine& storage);

}  // namespace freshet::query
