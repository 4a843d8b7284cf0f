#pragma once

#include <cstdint>
#include <string>

#include "storage/base/status.h"

namespace freshet::ingest {

/// The outcome of a load, with the figures of Doris's answer.
struct LoadReport {
  uint64_t transaction_id = 0;
  std::string label;
  std::string comment;
  Status status;  ///< OK = durable and visible, or precommitted
  bool two_phase_commit = false;
  bool group_commit = false;        ///< transaction and label are those of the group
  std::string existing_job_status;  ///< with kLabelExists: RUNNING, PRECOMMITTED or FINISHED
  uint64_t total_rows = 0;
  uint64_t loaded_rows = 0;
  uint64_t filtered_rows = 0;
  uint64_t unselected_rows = 0;
  uint64_t load_bytes = 0;
  uint64_t load_ms = 0;
  uint64_t begin_ms = 0;
  uint64_t plan_ms = 0;  ///< StreamLoadPutTimeMs
  uint64_t read_ms = 0;
  uint64_t write_ms = 0;
  uint64_t receive_ms = 0;
  uint64_t commit_ms = 0;
  std::string error_log_id;  ///< empty = no row was rejected; else names the log for ErrorURL
  std::string first_error;
};

/// A load that has ended, well or not, for lists of loads.
struct FinishedLoad {
  std::string database;
  std::string table;
  std::string client;  ///< where it came from: "127.0.0.1:54321"
  std::string user;
  int64_t begun_unix_micros = 0;
  int64_t ended_unix_micros = 0;
  LoadReport report;
};

}  // namespace freshet::ingest
