#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/decode/decoder.h"
#include "ingest/load_transaction.h"
#include "ingest/stream_load.h"

namespace freshet::ingest {

/// One table of a routine load: the decoder of its rows, and those of the batch at hand. One thread.
///
/// Between a commit and the next message, which may be days, it holds no snapshot of the table: that would keep every file
/// on disk that compactions and other loads replace meanwhile.
class RoutineLoadTable {
 public:
  struct Parts {
    storage::StorageEngine& storage;
    LoadManager& loads;
    RowErrors& errors;                  ///< takes rejected rows
    uint64_t& unselected_rows;          ///< counts rows that conditions leave out
    std::function<void()> on_truncate;  ///< DecodeTarget::on_truncate
    /// Whether the job may load into a table now, asked before each commit; empty: it may.
    std::function<Status(const std::string& table)> may_load = nullptr;
  };
  RoutineLoadTable(const Parts& parts, LoadRequest load) : parts_(parts), load_(std::move(load)) {}

  /// Begins a batch with the table as it is now; what the last one did not commit is dropped. NotFound when the table or a
  /// partition is not there; else fails as make_decoder does when the load does not fit the table.
  Status begin();
  /// Whether the table is another, or has another schema, than when the batch began.
  bool has_changed() const;
  /// Takes one message: see Decoder::feed_record. REQUIRES: begun.
  Status feed(std::string_view message);
  /// InvalidArgument when the job may not load into the table. Hands all rows to the transaction, and waits until the
  /// storage takes more of this table.
  Status prepare_commit();
  /// Rows of the batch, after prepare_commit().
  uint64_t row_count() const { return transaction_->row_count(); }
  /// Makes the batch durable and visible with the positions. REQUIRES: prepare_commit().
  Status commit(std::vector<storage::OffsetAdvance> offsets);
  /// Drops the batch, which has to begin again. REQUIRES: the decoder is flushed, or nothing was fed.
  void drop_batch() {
    transaction_.reset();
    is_begun_ = false;
  }
  bool is_begun() const { return is_begun_; }

 private:
  storage::TableSnapshotPtr find_table() const;
  bool is_as_it_was(const storage::TableSnapshot* table) const;
  Status make_decoder_for(const storage::TableSnapshot& table);
  /// Makes the transaction of the batch for its first rows.
  Status open_transaction();

  const Parts parts_;
  const LoadRequest load_;
  std::unique_ptr<LoadTransaction> transaction_;  ///< null until the batch has rows
  std::unique_ptr<Decoder> decoder_;
  TableId table_;  ///< that the decoder is made for
  uint32_t schema_version_ = 0;
  bool is_begun_ = false;
};

}  // namespace freshet::ingest
