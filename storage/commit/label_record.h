#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/ids.h"
#include "storage/base/result.h"

namespace freshet::storage {

/// State of a load label. The numbers are stored.
enum class LabelState : uint8_t {
  kRunning = 0,  ///< in memory only
  kVisible = 1,
  kAborted = 2,       ///< the label can be used again
  kPrecommitted = 3,  ///< durable, waits for the second phase of its commit
};

/// What is known of a load by its label: kept by (database, label) for StorageOptions::label_keep_seconds after its end.
/// FORMAT.md, "Metadata records".
struct LabelRecord {
  std::string label;
  DatabaseId database;
  TableId table;
  TransactionId transaction;
  LabelState state = LabelState::kVisible;
  int64_t finished_unix_seconds = 0;  ///< set when the record is written; of a precommitted load: its precommit
  uint64_t loaded_rows = 0;
  uint64_t filtered_rows = 0;
  bool is_two_phase = false;
  int64_t begun_unix_seconds = 0;          ///< 0 = not known
  int64_t precommitted_unix_seconds = 0;   ///< 0 = one phase
  uint64_t precommit_timeout_seconds = 0;  ///< then a precommitted load is aborted
  std::string reason;                      ///< why it was aborted

  std::string serialize() const;
  static Result<LabelRecord> deserialize(std::string_view bytes);
};

}  // namespace freshet::storage
