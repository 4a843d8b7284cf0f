#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/decode/decoder.h"
#include "ingest/load_report.h"
#include "ingest/load_request.h"
#include "ingest/row_errors.h"
#include "ingest/row_transform.h"
#include "ingest/transactions.h"
#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

struct IngestOptions {
  uint64_t memtable_bytes = 128ull << 20;  ///< of one load; a full one is flushed as segments
  uint64_t max_row_bytes = 16ull << 20;    ///< longest row of a body
  uint64_t max_running_loads = 256;        ///< further ones are refused with ResourceExhausted
  /// When there are so many, a load whose client sent nothing for so long is given up for a new one.
  uint64_t silent_load_seconds = 10;
  uint64_t load_timeout_seconds = 600;
  uint64_t error_rows_kept = 1000;      ///< rejected rows kept for the ErrorURL of one load
  uint64_t error_logs_kept = 1000;      ///< loads whose rejected rows are kept
  uint64_t finished_loads_kept = 1000;  ///< loads that finished_loads() tells of
  ExpansionLimits expansion;            ///< of compressed bodies
  RowTransforms* transforms = nullptr;  ///< evaluates expressions of loads; null: such loads are refused
  ColumnFiles* column_files = nullptr;  ///< reads Parquet bodies; null: such loads are refused
  SpoolOptions spool;                   ///< with column_files: a directory for nothing else
  uint64_t arrow_batch_bytes = 256ull << 20;
  std::string error_log_directory;  ///< rejected rows are readable across a restart
};

class LoadManager;

/// One load from its first byte to its answer. Bodies are decoded while they arrive, in memory bounded by
/// IngestOptions::memtable_bytes. One thread at a time.
class StreamLoad {
 public:
  virtual ~StreamLoad() = default;  ///< an unfinished load is aborted: nothing of it is visible, its label is free
  /// Takes the next bytes of the body. An error ends the load; finish() then reports it.
  virtual Status write(std::string_view bytes) = 0;
  /// The body is complete: flushes and commits. The report's status is the outcome.
  virtual LoadReport finish() = 0;
  /// The body ended early or the client went away. The report says why.
  virtual LoadReport abort(const Status& reason) = 0;
};

/// Begins loads and keeps their rejected rows. Any thread; outlives its loads.
class LoadManager {
 public:
  static Result<std::unique_ptr<LoadManager>> create(storage::StorageEngine& storage, const IngestOptions& options);
  virtual ~LoadManager() = default;
  /// Checks the request, takes the label. On error (unknown table, label taken, too many loads) the report is the answer.
  virtual std::unique_ptr<StreamLoad> begin(const LoadRequest& request, LoadReport& report) = 0;
  /// The second phase of a load, or its end: see ingest::change_transaction.
  virtual Result<std::string> change_transaction(const TransactionRequest& request) = 0;
  /// State of the load with this label: "PREPARE", "PRECOMMITTED", "VISIBLE", "ABORTED", or "UNKNOWN" when there is none.
  virtual Result<std::string> load_state(const std::string& database, const std::string& label) = 0;
  /// Rejected rows of a load as text, a line each: "Reason: <why>. src line [<row>];". NotFound when there are none.
  virtual Result<std::string> error_log(std::string_view error_log_id) const = 0;
  /// Keeps rejected rows that came another way (routine loads); the id reads them.
  virtual Result<std::string> save_error_log(const RowErrors& errors) = 0;
  /// The newest loads of a database that have ended since the start, oldest first.
  virtual std::vector<FinishedLoad> finished_loads(const std::string& database) const = 0;
  virtual uint64_t running_loads() const = 0;
  virtual const IngestOptions& options() const = 0;
  /// Refuses new loads; waits up to `timeout_seconds` for running ones. For a clean end.
  virtual void drain(uint64_t timeout_seconds) = 0;
};

}  // namespace freshet::ingest
