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
  Status feed(std::string_view message) { return decoder_->feed_record(message); }
  /// InvalidArgument when the job may not load into the table. Hands all rows to the transaction, and waits until the
  /// storage takes more of this table.
  Status prepare_commit();
  /// Rows of the batch, after prepare_commit().
  uint64_t row_count() const { return transaction_->row_count(); }
  /// Makes the batch durable and visible with the positions. REQUIRES: prepare_commit().
  Status commit(std::vector<storage::OffsetAdvance> offsets);
  /// Drops the batch, which has to begin again. REQUIRES: the decoder is flushed, or nothing was fed.
  void drop_batch() { transaction_.reset(); }
  bool is_begun() const { return transaction_ != nullptr; }

 private:
  const Parts parts_;
  const LoadRequest load_;
  storage::TableSnapshotPtr table_;
  std::unique_ptr<LoadTransaction> transaction_;
  std::unique_ptr<Decoder> decoder_;
  uint32_t decoder_schema_ = 0;
};

}  // namespace freshet::ingest
