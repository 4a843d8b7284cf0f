#include "ingest/routine_load_table.h"

#include "ingest/partial_update.h"

namespace freshet::ingest {

storage::TableSnapshotPtr RoutineLoadTable::find_table() const {
  return parts_.storage.snapshot()->find_table(load_.database, load_.table);
}

bool RoutineLoadTable::is_as_it_was(const storage::TableSnapshot* table) const {
  return table != nullptr && table->id == table_ && table->schema->version == schema_version_;
}

Status RoutineLoadTable::begin() {
  drop_batch();
  const storage::TableSnapshotPtr table = find_table();
  if (table == nullptr) return Status::NotFound("Unknown table '{}.{}'", load_.database, load_.table);
  FRESHET_RETURN_IF_ERROR(partial_columns_of(load_, *table->schema).status());
  if (decoder_ == nullptr || !is_as_it_was(table.get())) FRESHET_RETURN_IF_ERROR(make_decoder_for(*table));
  is_begun_ = true;
  if (load_.partitions.empty()) return Status::OK();
  // Whether they are there.
  const Status opened = open_transaction();
  transaction_.reset();
  return opened;
}

Status RoutineLoadTable::make_decoder_for(const storage::TableSnapshot& table) {
  auto without_rows = std::make_shared<storage::TableSnapshot>(table);
  without_rows->tablets.clear();
  DecodeTarget target{parts_.storage,
                      std::move(without_rows),
                      parts_.errors,
                      [this](const Block& block) { return transaction_->append(block); },
                      parts_.loads.options().max_row_bytes,
                      parts_.loads.options().transforms,
                      &parts_.unselected_rows,
                      {},
                      parts_.on_truncate};
  FRESHET_ASSIGN_OR_RETURN(decoder_, make_decoder(load_, std::move(target)));
  table_ = table.id;
  schema_version_ = table.schema->version;
  return Status::OK();
}

Status RoutineLoadTable::open_transaction() {
  if (transaction_ != nullptr) return Status::OK();
  storage::TableSnapshotPtr table = find_table();
  if (!is_as_it_was(table.get())) {
    return Status::Conflict("table {}.{} was changed when the batch began", load_.database, load_.table);
  }
  RejectRow reject = [this](std::string_view reason, std::string_view row) {
    parts_.errors.add(reason, row);
    return Status::OK();
  };
  FRESHET_ASSIGN_OR_RETURN(auto partial, partial_columns_of(load_, *table->schema));
  auto opened =
      std::make_unique<LoadTransaction>(parts_.storage, std::move(table),
                                        LoadTransaction::Options{parts_.loads.options().memtable_bytes, std::move(reject),
                                                                 std::move(partial), load_.partial_new_keys});
  if (!load_.partitions.empty()) FRESHET_RETURN_IF_ERROR(opened->restrict_to(load_.partitions));
  transaction_ = std::move(opened);
  return Status::OK();
}

bool RoutineLoadTable::has_changed() const { return !is_as_it_was(find_table().get()); }

Status RoutineLoadTable::feed(std::string_view message) {
  FRESHET_RETURN_IF_ERROR(open_transaction());
  return decoder_->feed_record(message);
}

Status RoutineLoadTable::prepare_commit() {
  if (parts_.may_load) {
    const Status allowed = parts_.may_load(load_.table);
    // Trying again would not help: as an error of the job, it pauses it.
    if (!allowed.ok()) return Status::InvalidArgument("the job's user may not load any more: {}", allowed.message());
  }
  FRESHET_RETURN_IF_ERROR(open_transaction());
  FRESHET_RETURN_IF_ERROR(decoder_->flush());
  return parts_.storage.admit_load(table_);
}

Status RoutineLoadTable::commit(std::vector<storage::OffsetAdvance> offsets) {
  return transaction_->commit(std::nullopt, std::move(offsets)).status();
}

}  // namespace freshet::ingest
