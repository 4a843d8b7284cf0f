#pragma once

#include <cstdio>

#include "connectors/load_client/load_options.h"

namespace freshet::connectors::load_client {

/// Exit codes of `freshet load`.
inline constexpr int kAllLoaded = 0;      ///< every chunk is in the table, by this run or an earlier one
inline constexpr int kSomeNotLoaded = 1;  ///< the same command again loads what is missing
inline constexpr int kNothingDone = 2;    ///< wrong arguments, no such file or table, no server
inline constexpr int kInterrupted = 130;  ///< by SIGINT or SIGTERM; the same command again goes on

/// Loads all inputs and tells what happened: the summary on `out`, all else on `errors`. Takes SIGINT and SIGTERM while it
/// runs. Call it once, from a process with one thread.
int run_load(const LoadOptions& options, std::FILE* out, std::FILE* errors);

}  // namespace freshet::connectors::load_client
