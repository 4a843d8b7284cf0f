#include "ingest/routine_load_table.h"

#include "ingest/partial_update.h"

namespace freshet::ingest {

Status RoutineLoadTable::begin() {
  table_ = parts_.storage.snapshot()->find_table(load_.database, load_.table);
  if (table_ == nullptr) return Status::NotFound("Unknown table '{}.{}'", load_.database, load_.table);
  RejectRow reject = [this](std::string_view reason, std::string_view row) {
    parts_.errors.add(reason, row);
    return Status::OK();
  };
  const IngestOptions& options = parts_.loads.options();
  FRESHET_ASSIGN_OR_RETURN(auto partial, partial_columns_of(load_, *table_->schema));
  transaction_ = std::make_unique<LoadTransaction>(
      parts_.storage, table_,
      LoadTransaction::Options{options.memtable_bytes, std::move(reject), std::move(partial), load_.partial_new_keys});
  if (!load_.partitions.empty()) FRESHET_RETURN_IF_ERROR(transaction_->restrict_to(load_.partitions));
  if (decoder_ != nullptr && decoder_schema_ == table_->schema->version) return Status::OK();
  DecodeTarget target{parts_.storage,          table_,
                      parts_.errors,           [this](const Block& block) { return transaction_->append(block); },
                      options.max_row_bytes,   options.transforms,
                      &parts_.unselected_rows, {},
                      parts_.on_truncate};
  FRESHET_ASSIGN_OR_RETURN(decoder_, make_decoder(load_, std::move(target)));
  decoder_schema_ = table_->schema->version;
  return Status::OK();
}

bool RoutineLoadTable::has_changed() const {
  const storage::TableSnapshotPtr now = parts_.storage.snapshot()->find_table(load_.database, load_.table);
  return now == nullptr || now->id != table_->id || now->schema->version != table_->schema->version;
}

Status RoutineLoadTable::prepare_commit() {
  if (parts_.may_load) {
    const Status allowed = parts_.may_load(load_.table);
    // Trying again would not help: as an error of the job, it pauses it.
    if (!allowed.ok()) return Status::InvalidArgument("the job's user may not load any more: {}", allowed.message());
  }
  FRESHET_RETURN_IF_ERROR(decoder_->flush());
  return parts_.storage.admit_load(table_->id);
}

Status RoutineLoadTable::commit(std::vector<storage::OffsetAdvance> offsets) {
  return transaction_->commit(std::nullopt, std::move(offsets)).status();
}

}  // namespace freshet::ingest
