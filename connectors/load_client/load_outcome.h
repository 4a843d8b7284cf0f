#pragma once

#include <cstdint>
#include <string>

#include "connectors/load_client/http_client.h"

namespace freshet::connectors::load_client {

/// What became of one attempt to load a chunk.
struct LoadOutcome {
  enum class Kind {
    kLoaded,
    kLoadedBefore,  ///< an earlier attempt, maybe of an earlier run, did it: its label is taken and finished
    kTryAgain,      ///< nothing of it is known to be loaded; the same label again finds out
    kFailed,        ///< and would again
    kCancelled,
  };
  Kind kind = Kind::kFailed;
  std::string message;
  uint64_t loaded_rows = 0;
  uint64_t filtered_rows = 0;
  uint64_t unselected_rows = 0;
  std::string error_url;  ///< where the rejected rows can be read; empty = there are none
  std::string first_error;
};

/// Reads the answer of a Stream Load, Freshet's or Doris's.
LoadOutcome outcome_of(const Result<HttpResponse>& response);

}  // namespace freshet::connectors::load_client
