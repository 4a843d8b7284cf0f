#pragma once

#include <memory>
#include <set>
#include <vector>

#include "storage/commit/load_publisher.h"

namespace freshet::storage {

/// One table as a transaction sees it: as it was when the transaction began, with the transaction's own changes, which
/// nobody else sees. COMMIT publishes them as one load.
///
/// Rows that a statement made of what it read are held to what was there when the transaction began: when another commit has
/// changed the row of one of the transaction's keys by then, its commit is refused (first committer wins). Rows that were
/// only inserted win over others, as they do without a transaction. One thread.
class PrivateTable {
 public:
  /// What has been applied until some moment.
  struct Mark {
    TableSnapshotPtr current;
    size_t blocks = 0;   ///< of rows()
    uint64_t bytes = 0;  ///< of the rows that wait for COMMIT
    bool depends_on_base = false;
    bool has_inserts = false;
    bool has_deletes = false;
  };

  /// `publisher` must outlive it.
  PrivateTable(const LoadPublisher& publisher, const TableSnapshotPtr& base)
      : publisher_(publisher), base_(base), now_{base} {}

  const TableSnapshotPtr& base() const { return base_; }
  /// The table with all that was applied.
  const TableSnapshotPtr& current() const { return now_.current; }
  /// Bytes of the rows that wait for COMMIT.
  uint64_t byte_size() const { return now_.bytes; }

  /// Makes a load visible in current(); answers how many rows it replaced. Nothing has changed when it fails. REQUIRES: its
  /// rows are all in memory, and made for current().
  Result<uint64_t> apply(const LoadCommit& load);

  /// This moment, for return_to().
  const Mark& mark() const { return now_; }
  /// Takes back all that was applied since; also twice. REQUIRES: a mark of this table, older than none to which it has
  /// returned since.
  void return_to(const Mark& mark);

  /// What COMMIT publishes, beside rows(): rows of base() that die by their places (DUPLICATE tables).
  std::vector<TabletRows> dead_rows() const;
  /// Rows in the order in which they came, deletes among them, whole but for an AGGREGATE table, where they are combined
  /// when they are published.
  std::vector<Block> rows() const;
  /// Whether the commit is held to base().
  bool depends_on_base() const { return now_.depends_on_base; }

 private:
  Status check_kind(const LoadCommit& load);
  std::vector<Block> own_live_rows() const;

  const LoadPublisher& publisher_;
  const TableSnapshotPtr base_;
  Mark now_;
  std::vector<Block> rows_;
  std::set<RowsetId> open_buffers_;  ///< made by apply() since the last return_to(): they take more rows
};

}  // namespace freshet::storage
