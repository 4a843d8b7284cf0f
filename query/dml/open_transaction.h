#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/engine/storage_engine.h"

namespace freshet::query {

/// What a session does between BEGIN and COMMIT. It reads the server as it was at its first statement, with its own changes;
/// COMMIT publishes those of all tables as one commit. Rows wait in memory until then, at most
/// QueryServices::transaction_bytes. One thread.
class OpenTransaction {
 public:
  OpenTransaction(storage::StorageEngine& storage, uint64_t limit_bytes, std::string label)
      : storage_(storage), limit_bytes_(limit_bytes), label_(std::move(label)) {}

  /// What its statements read.
  storage::ServerSnapshotPtr view();
  /// view() without its own changes: the server as it was at its first statement. REQUIRES: view() was called.
  const storage::ServerSnapshotPtr& base() const { return base_; }
  /// Most bytes of rows that it takes.
  uint64_t limit_bytes() const { return limit_bytes_; }
  /// Adds the rows of a statement that read view(), or dead rows; answers how many rows they replace. Nothing has changed
  /// when it fails.
  Result<uint64_t> apply(const storage::LoadCommit& load);
  /// Names this moment; a savepoint of this name that is there already is given up. ResourceExhausted beyond
  /// kMostSavepoints.
  Status set_savepoint(const std::string& name);
  /// Takes back all changes since the savepoint, and gives up those that came after it. NotFound when there is none.
  Status return_to_savepoint(const std::string& name);
  /// Gives up the savepoint and those that came after it. NotFound when there is none.
  Status release_savepoint(const std::string& name);
  /// What the last two answer.
  static Status no_savepoint(const std::string& name);

  /// Makes all of it durable and visible, or, with an error, nothing. Conflict when others have changed rows that it
  /// depends on. REQUIRES: not called before.
  Status commit(const storage::IsCancelled& is_cancelled);

 private:
  static constexpr size_t kMostSavepoints = 1000;
  struct Savepoint {
    std::string name;
    storage::ServerSnapshotPtr view;
    std::map<TableId, storage::PrivateTable::Mark> tables;
  };
  std::vector<Savepoint>::iterator find_savepoint(const std::string& name);
  Result<storage::LoadCommit> load_of(const storage::PrivateTable& table) const;
  Status commit_labelled(std::vector<storage::LoadCommit> loads);
  void discard(const std::vector<storage::LoadCommit>& loads);

  storage::StorageEngine& storage_;
  const uint64_t limit_bytes_;
  const std::string label_;
  storage::ServerSnapshotPtr base_;  ///< null before the first statement
  storage::ServerSnapshotPtr view_;  ///< base_ with what it has changed
  std::map<TableId, std::unique_ptr<storage::PrivateTable>> tables_;
  std::vector<Savepoint> savepoints_;  ///< in the order in which they were set
};

}  // namespace freshet::query
