#pragma once

#include <atomic>
#include <string>

#include "connectors/load_client/chunk.h"
#include "connectors/load_client/http_client.h"
#include "connectors/load_client/load_outcome.h"
#include "connectors/load_client/progress.h"

namespace freshet::connectors::load_client {

/// Sends chunks, each again and again under its label until the server says what became of it. Any thread.
class ChunkSender {
 public:
  ChunkSender(const LoadOptions& options, const HttpClient& client, LoadCounts& counts, Progress& progress,
              const std::atomic<bool>& is_cancelled)
      : options_(options), client_(client), counts_(counts), progress_(progress), is_cancelled_(is_cancelled) {}

  /// kLoaded, kLoadedBefore, kFailed or kCancelled. `headers` are those of the chunk's input, `name` tells people of it.
  LoadOutcome send(const Chunk& chunk, const Headers& headers, const std::string& name) const;

 private:
  LoadOutcome attempt(const Chunk& chunk, const Headers& headers) const;
  /// False when the run was cancelled meanwhile.
  bool wait_millis(uint64_t millis) const;

  const LoadOptions& options_;
  const HttpClient& client_;
  LoadCounts& counts_;
  Progress& progress_;
  const std::atomic<bool>& is_cancelled_;
};

}  // namespace freshet::connectors::load_client
