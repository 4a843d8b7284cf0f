#include "query/dml/open_transaction.h"

#include <algorithm>

#include "ingest/load_transaction.h"
#include "query/dialect/tokenizer.h"

namespace freshet::query {

storage::ServerSnapshotPtr OpenTransaction::view() {
  if (view_ == nullptr) view_ = base_ = storage_.snapshot();
  return view_;
}

Result<uint64_t> OpenTransaction::apply(const storage::LoadCommit& load) {
  const storage::ServerSnapshotPtr before = view();
  const auto base = before->tables.find(load.table);
  if (base == before->tables.end()) return Status::NotFound("Unknown table: it was made after the transaction began");
  std::unique_ptr<storage::PrivateTable>& table = tables_[load.table];
  if (table == nullptr) table = storage_.open_private_table(base->second);
  uint64_t bytes = 0;
  for (const auto& [id, known] : tables_) bytes += known->byte_size();
  for (const storage::TabletRows& tablet : load.tablets) bytes += tablet.rows ? tablet.rows->byte_size() : 0;
  if (bytes > limit_bytes_) {
    return Status::ResourceExhausted(
        "the rows of this transaction would take {} bytes, at most {} are held (query.transaction_bytes): COMMIT earlier",
        bytes, limit_bytes_);
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t replaced, table->apply(load));
  auto after = std::make_shared<storage::ServerSnapshot>(*before);
  after->tables[load.table] = table->current();
  view_ = std::move(after);
  return replaced;
}

std::vector<OpenTransaction::Savepoint>::iterator OpenTransaction::find_savepoint(const std::string& name) {
  return std::find_if(savepoints_.begin(), savepoints_.end(),
                      [&](const Savepoint& savepoint) { return to_lower(savepoint.name) == to_lower(name); });
}

Status OpenTransaction::no_savepoint(const std::string& name) {
  return Status::NotFound("SAVEPOINT {} does not exist", name);
}

Status OpenTransaction::set_savepoint(const std::string& name) {
  if (const auto same = find_savepoint(name); same != savepoints_.end()) savepoints_.erase(same);
  if (savepoints_.size() >= kMostSavepoints) {
    return Status::ResourceExhausted("a transaction has at most {} savepoints: RELEASE SAVEPOINT some", kMostSavepoints);
  }
  Savepoint& savepoint = savepoints_.emplace_back(Savepoint{name, view_, {}});
  for (const auto& [id, table] : tables_) savepoint.tables.emplace(id, table->mark());
  return Status::OK();
}

Status OpenTransaction::return_to_savepoint(const std::string& name) {
  const auto savepoint = find_savepoint(name);
  if (savepoint == savepoints_.end()) return no_savepoint(name);
  view_ = savepoint->view ? savepoint->view : base_;
  std::erase_if(tables_, [&](const auto& entry) { return !savepoint->tables.contains(entry.first); });
  for (const auto& [id, mark] : savepoint->tables) tables_.at(id)->return_to(mark);
  savepoints_.erase(std::next(savepoint), savepoints_.end());
  return Status::OK();
}

Status OpenTransaction::release_savepoint(const std::string& name) {
  const auto savepoint = find_savepoint(name);
  if (savepoint == savepoints_.end()) return no_savepoint(name);
  savepoints_.erase(savepoint, savepoints_.end());
  return Status::OK();
}

Result<storage::LoadCommit> OpenTransaction::load_of(const storage::PrivateTable& table) const {
  ingest::LoadTransaction::Options options;
  if (table.depends_on_base()) options.read_from = table.base();
  ingest::LoadTransaction rows(storage_, table.base(), options);
  for (const Block& block : table.rows()) FRESHET_RETURN_IF_ERROR(rows.append(block));
  FRESHET_ASSIGN_OR_RETURN(storage::LoadCommit load, rows.take());
  for (storage::TabletRows& dead : table.dead_rows()) {
    const auto found = std::find_if(load.tablets.begin(), load.tablets.end(),
                                    [&](const storage::TabletRows& known) { return known.tablet == dead.tablet; });
    if (found == load.tablets.end()) {
      load.tablets.push_back(std::move(dead));
    } else {
      found->dead_rows = std::move(dead.dead_rows);
    }
  }
  return load;
}

/// Removes the files of loads that do not commit.
void OpenTransaction::discard(const std::vector<storage::LoadCommit>& loads) {
  for (const storage::LoadCommit& load : loads) {
    for (const storage::TabletRows& tablet : load.tablets) {
      for (const storage::WrittenSegment& segment : tablet.segments) storage_.discard_segments({segment.meta});
    }
  }
}

Status OpenTransaction::commit(const storage::IsCancelled& is_cancelled) {
  std::vector<storage::LoadCommit> loads;
  Status status;
  for (const auto& [id, table] : tables_) {
    if (table->current() == table->base()) continue;
    Result<storage::LoadCommit> load = load_of(*table);
    if (!load.ok()) {
      status = load.status();
      break;
    }
    load->is_cancelled = is_cancelled;
    loads.push_back(*std::move(load));
  }
  if (!status.ok()) {
    discard(loads);
    return status;
  }
  if (loads.empty()) return Status::OK();
  if (label_.empty()) return storage_.commit_all(std::move(loads)).status();
  return commit_labelled(std::move(loads));
}

Status OpenTransaction::commit_labelled(std::vector<storage::LoadCommit> loads) {
  const storage::TableSnapshot& first = *view_->tables.at(loads.front().table);
  storage::LabelRecord label;
  label.label = label_;
  label.database = first.database;
  label.table = first.id;
  FRESHET_ASSIGN_OR_RETURN(label.transaction, storage_.next_transaction_id());
  Status status = storage_.reserve_label(label.database, label.label, label.transaction, nullptr);
  if (!status.ok()) {
    discard(loads);
    return status;
  }
  loads.front().label = label;
  status = storage_.commit_all(std::move(loads)).status();
  if (!status.ok() && status.code() != StatusCode::kUnknownOutcome) {
    storage_.release_label(label.database, label.label, label.transaction, status.message());
  }
  return status;
}

}  // namespace freshet::query
