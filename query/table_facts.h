#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/engine/storage_engine.h"

namespace freshet::query {

/// A column as connectors ask for it, in Doris's words.
struct ColumnFacts {
  std::string name;
  std::string type;  ///< "BIGINT", "DECIMAL", without its length or precision
  std::string comment;
  std::optional<unsigned> precision;  ///< decimals only
  std::optional<unsigned> scale;      ///< decimals only
  std::string aggregation;            ///< of value columns of AGGREGATE tables; of UNIQUE ones "REPLACE"
};

struct TableFacts {
  std::string keys_type;  ///< "UNIQUE_KEYS", "AGG_KEYS" or "DUP_KEYS"
  std::vector<ColumnFacts> columns;
  uint64_t rows = 0;
};

/// Bytes of files.
uint64_t stored_bytes(const storage::TabletSnapshot& tablet);
uint64_t stored_bytes(const storage::TableSnapshot& table);

/// NotFound as query::find_table.
Result<TableFacts> table_facts(const storage::StorageEngine& storage, const std::string& database, const std::string& table);

}  // namespace freshet::query
