#include "connectors/load_client/chunk_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "connectors/http/router.h"

namespace freshet::connectors::load_client {

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kFirstWaitMillis = 100;
constexpr uint64_t kLongestWaitMillis = 5000;
constexpr uint64_t kLookMillis = 100;

}  // namespace

LoadOutcome ChunkSender::send(const Chunk& chunk, const Headers& headers, const std::string& name) const {
  const auto deadline = Clock::now() + std::chrono::seconds(options_.retry_seconds);
  bool is_told = false;
  for (uint64_t wait = kFirstWaitMillis;; wait = std::min(2 * wait, kLongestWaitMillis)) {
    LoadOutcome outcome = attempt(chunk, headers);
    if (outcome.kind != LoadOutcome::Kind::kTryAgain) return outcome;
    if (Clock::now() > deadline) {
      outcome.kind = LoadOutcome::Kind::kFailed;
      outcome.message += fmt::format(" (tried again for {} s)", options_.retry_seconds);
      return outcome;
    }
    if (!is_told) progress_.tell(fmt::format("{}: {}; trying again", name, outcome.message));
    is_told = true;
    ++counts_.retries;
    if (!wait_millis(wait)) {
      outcome.kind = LoadOutcome::Kind::kCancelled;
      return outcome;
    }
  }
}

LoadOutcome ChunkSender::attempt(const Chunk& chunk, const Headers& headers) const {
  const std::string target =
      fmt::format("/api/{}/{}/_stream_load", http::percent_encode(options_.database), http::percent_encode(options_.table));
  Headers sent = headers;
  sent.emplace_back("label", chunk.label);
  ChunkBody source(chunk);
  uint64_t counted = 0;
  const auto count_to = [&](uint64_t bytes) {
    counts_.bytes += bytes - counted;
    counted = bytes;
  };
  HttpBody body;
  body.bytes = source.bytes();
  body.rewind = [&] {
    source.rewind();
    count_to(0);
  };
  body.next = [&] {
    Result<std::string_view> piece = source.next();
    count_to(std::min(source.sent(), chunk.end - chunk.begin));
    return piece;
  };
  LoadOutcome outcome = outcome_of(client_.put(options_.server, target, sent, body));
  const bool is_in_table = outcome.kind == LoadOutcome::Kind::kLoaded || outcome.kind == LoadOutcome::Kind::kLoadedBefore;
  count_to(is_in_table ? chunk.end - chunk.begin : 0);
  return outcome;
}

bool ChunkSender::wait_millis(uint64_t millis) const {
  for (uint64_t waited = 0; waited < millis; waited += kLookMillis) {
    if (is_cancelled_) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(kLookMillis, millis - waited)));
  }
  return !is_cancelled_;
}

}  // namespace freshet::connectors::load_client
