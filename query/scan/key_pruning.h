#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "query/scan/pruning.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/key_run.h"

namespace freshet::query {

/// Most keys that conditions may name to be looked up one by one; more are found by zone maps.
inline constexpr size_t kMostWantedKeys = 256;

/// The whole keys that the rows of a scan have, and the tablets where these are.
struct WantedKeys {
  KeyRun keys;                                   ///< strictly increasing
  std::vector<std::vector<uint32_t>> of_tablet;  ///< ascending positions in `keys`, by position of the tablet
};

/// The keys when `conditions` name the values of every key column of a table with unique keys, at most kMostWantedKeys of
/// them; else nothing.
std::optional<WantedKeys> wanted_keys(const storage::TableSnapshot& table, std::span<const ColumnCondition> conditions);

}  // namespace freshet::query
