#include "storage/commit/partition_changes.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "storage/base/limits.h"
#include "storage/commit/table_partitions.h"
#include "storage/commit/table_record.h"
#include "storage/meta/meta_keys.h"
#include "storage/types/partition_time.h"

namespace freshet::storage {
namespace {

Status unknown_partition(const TableSnapshot& table, const std::string& partition) {
  return Status::NotFound("Unknown partition '{}' in table {}.{}", partition, table.database_name, table.name);
}

/// What `head` has in this partition goes; one that an earlier clause made has nothing.
void empty(const Partition& partition, const TableSnapshot& head, PartitionEdit::What& edit) {
  std::copy_if(partition.tablets.begin(), partition.tablets.end(), std::back_inserter(edit.emptied),
               [&](TabletId tablet) { return head.position_of(tablet).has_value(); });
}

}  // namespace

Result<TableStatePtr> PartitionChanges::find(const std::string& database, const std::string& table) const {
  TableStatePtr state = catalog_.find_table(database, table);
  if (!state) return Status::NotFound("Unknown table '{}.{}'", database, table);
  return state;
}

Result<TableStatePtr> PartitionChanges::find_partitioned(const std::string& database, const std::string& table) const {
  FRESHET_ASSIGN_OR_RETURN(TableStatePtr state, find(database, table));
  if (state->head()->partitions->is_partitioned()) return state;
  return Status::InvalidArgument("Table {}.{} is not a partitioned table", database, table);
}

Status PartitionChanges::apply(TableState& table, PartitionEdit::What what) {
  auto change = std::make_shared<CommitPipeline::Change>();
  PartitionEdit edit({ids_, obsolete_, history_}, std::move(what));
  {
    std::lock_guard publish(table.publish_lock);
    auto next = std::make_shared<TableSnapshot>(*table.head());
    FRESHET_RETURN_IF_ERROR(pipeline_.prepare());
    FRESHET_RETURN_IF_ERROR(edit.stage(table, next, change->batch));
    change->batch.put(meta_keys::table(next->id), table_record_of(*next).encode());
    change->finish_batch = [&](CommitNumber commit, MetaBatch& batch) { edit.finish(table, commit, batch); };
    change->install = [next](ServerSnapshot& server) { server.tables[next->id] = next; };
    FRESHET_RETURN_IF_ERROR(pipeline_.enqueue(change).status());
    change->finish_batch = nullptr;
    edit.staged(table);
    table.set_head(next);
  }
  FRESHET_RETURN_IF_ERROR(pipeline_.wait_for_ddl(change));
  edit.committed();
  return Status::OK();
}

Status PartitionChanges::change(const std::string& database, const std::string& name, std::vector<PartitionChange> changes) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  FRESHET_ASSIGN_OR_RETURN(const TableStatePtr table, find_partitioned(database, name));
  const TableSnapshotPtr head = table->head();
  PartitionEdit::What edit{head->partitions, {}};
  for (PartitionChange& change : changes) {
    FRESHET_RETURN_IF_ERROR(std::visit([&](auto& clause) { return add_to(edit, *head, clause); }, change));
  }
  if (edit.partitions == head->partitions && edit.emptied.empty()) return Status::OK();
  return apply(*table, std::move(edit));
}

Status PartitionChanges::add_to(PartitionEdit::What& edit, const TableSnapshot& head, AddPartitions& change) const {
  FRESHET_ASSIGN_OR_RETURN(
      const PartitionMapPtr next,
      add_partitions(*head.schema, *edit.partitions, std::move(change.partitions), change.if_not_exists, ids_));
  if (next->partitions().size() != edit.partitions->partitions().size()) edit.partitions = next;
  return Status::OK();
}

Status PartitionChanges::add_to(PartitionEdit::What& edit, const TableSnapshot& head, const DropPartition& change) const {
  const std::optional<size_t> found = edit.partitions->find(change.name);
  if (!found) return change.if_exists ? Status::OK() : unknown_partition(head, change.name);
  std::vector<Partition> rest = edit.partitions->partitions();
  empty(rest[*found], head, edit);
  rest.erase(rest.begin() + static_cast<ptrdiff_t>(*found));
  FRESHET_ASSIGN_OR_RETURN(edit.partitions, PartitionMap::make(*head.schema, edit.partitions->scheme(), std::move(rest)));
  return Status::OK();
}

Status PartitionChanges::add_to(PartitionEdit::What& edit, const TableSnapshot& head, const RenamePartition& change) const {
  FRESHET_RETURN_IF_ERROR(check_partition_name(change.new_name));
  const std::optional<size_t> found = edit.partitions->find(change.name);
  if (!found) return unknown_partition(head, change.name);
  std::vector<Partition> renamed = edit.partitions->partitions();
  renamed[*found].name = change.new_name;
  FRESHET_ASSIGN_OR_RETURN(edit.partitions, PartitionMap::make(*head.schema, edit.partitions->scheme(), std::move(renamed)));
  return Status::OK();
}

Status PartitionChanges::add_to(PartitionEdit::What& edit, const TableSnapshot& head,
                                const TruncatePartition& change) const {
  const std::optional<size_t> found = edit.partitions->find(change.name);
  if (!found) return unknown_partition(head, change.name);
  empty(edit.partitions->partitions()[*found], head, edit);
  return Status::OK();
}

Status PartitionChanges::truncate(const std::string& database, const std::string& name) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  FRESHET_ASSIGN_OR_RETURN(const TableStatePtr table, find(database, name));
  const TableSnapshotPtr head = table->head();
  PartitionEdit::What edit{head->partitions, {}};
  for (const TabletSnapshotPtr& tablet : head->tablets) edit.emptied.push_back(tablet->id);
  return apply(*table, std::move(edit));
}

Result<AutoPartitions> PartitionChanges::add_auto(TableId id, const std::vector<BoundTuple>& values, size_t limit) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  const TableStatePtr table = catalog_.find_table(id);
  if (!table) return Status::NotFound("Unknown table: it was dropped");
  const TableSnapshotPtr head = table->head();
  const PartitionScheme& scheme = head->partitions->scheme();
  std::vector<PartitionDefinition> missing;
  std::set<std::string> made;
  std::set<std::string> names;
  for (const BoundTuple& tuple : values) {
    FRESHET_ASSIGN_OR_RETURN(const std::string encoded, encode_bound(*head->schema, scheme, tuple));
    if (head->partitions->find_partition(encoded)) continue;
    FRESHET_ASSIGN_OR_RETURN(PartitionDefinition definition, auto_partition(*head->schema, scheme, tuple));
    if (!made.insert(bounds_text(scheme, definition.bounds)).second) continue;
    const std::string name = definition.name;
    for (size_t i = 1; head->partitions->find(definition.name) || names.contains(definition.name); ++i) {
      definition.name = fmt::format("{}_{}", name, i);
    }
    names.insert(definition.name);
    missing.push_back(std::move(definition));
    if (missing.size() > limit) {
      return Status::ResourceExhausted(
          "the load needs more than {} new partitions of table {}.{}, the limit of AUTO PARTITION for one load; "
          "split it, or take a larger unit",
          kMaxAutoPartitionsPerLoad, head->database_name, head->name);
    }
  }
  if (missing.empty()) return AutoPartitions{head->partitions, 0};
  if (head->partitions->partitions().size() + missing.size() > kMaxPartitions) {
    return Status::ResourceExhausted(
        "table {}.{} has {} partitions and the load needs {} more, which is beyond the limit of {}; drop old partitions, or "
        "take a larger unit",
        head->database_name, head->name, head->partitions->partitions().size(), missing.size(), kMaxPartitions);
  }
  const size_t count = missing.size();
  PartitionEdit::What edit;
  FRESHET_ASSIGN_OR_RETURN(edit.partitions,
                           add_partitions(*head->schema, *head->partitions, std::move(missing), false, ids_));
  FRESHET_RETURN_IF_ERROR(apply(*table, edit));
  return AutoPartitions{edit.partitions, count};
}

Status PartitionChanges::keep_dynamic(TableId id, int64_t now_unix_micros) {
  std::lock_guard ddl(catalog_.ddl_mutex);
  const TableStatePtr table = catalog_.find_table(id);
  if (!table) return Status::OK();
  const TableSnapshotPtr head = table->head();
  FRESHET_ASSIGN_OR_RETURN(auto kept, keep_dynamic_partitions(*head->schema, *head->partitions, now_unix_micros, ids_));
  if (!kept) return Status::OK();
  return apply(*table, {std::move(kept->partitions), std::move(kept->dropped)});
}

}  // namespace freshet::storage
