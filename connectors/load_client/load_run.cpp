#include "connectors/load_client/load_run.h"

#include <fmt/format.h>
#include <signal.h>
#include <simdjson.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "connectors/http/router.h"
#include "connectors/load_client/chunk_cutter.h"
#include "connectors/load_client/chunk_sender.h"
#include "connectors/load_client/file_format.h"

namespace freshet::connectors::load_client {

namespace {

constexpr uint64_t kUsualJobs = 4;
constexpr long kTickNanoseconds = 200'000'000;
/// Of the rejected rows of one chunk; their ErrorURL has all that the server keeps.
constexpr size_t kReasonsShown = 3;
/// Further chunks with rejected rows are counted, and told at the end.
constexpr uint64_t kChunksExplained = 20;
constexpr unsigned kOk = 200;

/// How the rows of equal keys of a table are told apart.
Result<std::string> keys_of_table(const LoadOptions& options, const HttpClient& client) {
  const std::string target =
      fmt::format("/api/{}/{}/_schema", http::percent_encode(options.database), http::percent_encode(options.table));
  FRESHET_ASSIGN_OR_RETURN(const HttpResponse response, client.get(options.server, target));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(response.body).get(answer) != simdjson::SUCCESS) {
    return Status::InvalidArgument("{} answered {} to GET {}: is it the HTTP port of a Freshet or Doris server?",
                                   options.server.to_string(), response.status, target);
  }
  std::string_view keys, why;
  if (response.status == kOk && answer["data"]["keysType"].get(keys) == simdjson::SUCCESS) return std::string(keys);
  if (answer["data"].get(why) != simdjson::SUCCESS && answer["msg"].get(why) != simdjson::SUCCESS) why = response.body;
  return Status::NotFound("{}.{}: {}", options.database, options.table, why);
}

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, std::vector<Input> inputs, std::FILE* out, std::FILE* errors)
      : options_(options),
        inputs_(std::move(inputs)),
        out_(out),
        client_(options_, is_cancelled_),
        progress_(counts_, total_bytes(), options.has_bar, options.report_seconds, errors),
        sender_(options_, client_, counts_, progress_, is_cancelled_) {}

  int run() {
    const Result<std::string> keys = keys_of_table(options_, client_);
    if (!keys.ok()) {
      progress_.tell("freshet load: " + keys.status().message());
      return kNothingDone;
    }
    work(jobs_for(*keys));
    progress_.end();
    summarize();
    if (is_cancelled_) return kInterrupted;
    return counts_.failed_chunks == 0 ? kAllLoaded : kSomeNotLoaded;
  }

 private:
  uint64_t total_bytes() const {
    uint64_t bytes = 0;
    for (const Input& input : inputs_) {
      if (input.is_stream) return 0;
      bytes += input.bytes;
    }
    return bytes;
  }

  /// Where the later row of a key replaces the earlier one, chunks go one after another, unless the user knows better.
  uint64_t jobs_for(const std::string& keys) const {
    if (options_.jobs != 0) return options_.jobs;
    return keys == "DUP_KEYS" ? kUsualJobs : 1;
  }

  void work(uint64_t jobs) {
    sigset_t endings;
    sigemptyset(&endings);
    sigaddset(&endings, SIGINT);
    sigaddset(&endings, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &endings, nullptr);  // inherited by the threads
    std::atomic<uint64_t> working{jobs};
    std::vector<std::jthread> threads;
    for (uint64_t i = 0; i < jobs; ++i) {
      threads.emplace_back([&] {
        while (load_next()) {
        }
        --working;
      });
    }
    while (working != 0) {
      const timespec tick{0, kTickNanoseconds};
      if (sigtimedwait(&endings, nullptr, &tick) > 0) is_cancelled_ = true;
      progress_.tick();
    }
  }

  /// False when there is no more to do.
  bool load_next() {
    const std::optional<Chunk> chunk = next_chunk();
    if (!chunk) return false;
    const Input& input = inputs_[chunk->input];
    const std::string name = fmt::format("{}, bytes {} to {}", input.path, chunk->begin, chunk->end);
    const LoadOutcome outcome = sender_.send(*chunk, input.headers, name);
    switch (outcome.kind) {
      case LoadOutcome::Kind::kLoadedBefore:
        ++counts_.chunks_before;
        counts_.bytes_before += chunk->end - chunk->begin;
        break;
      case LoadOutcome::Kind::kLoaded:
        counts_.loaded_rows += outcome.loaded_rows;
        counts_.filtered_rows += outcome.filtered_rows;
        counts_.unselected_rows += outcome.unselected_rows;
        break;
      case LoadOutcome::Kind::kCancelled: return false;
      default: fail(fmt::format("{}: {}", name, outcome.message));
    }
    if (outcome.kind != LoadOutcome::Kind::kFailed) ++counts_.chunks;
    if (outcome.filtered_rows != 0) explain(name, outcome);
    return true;
  }

  std::optional<Chunk> next_chunk() {
    const std::lock_guard lock(mutex_);
    while (!is_cancelled_ && !is_stopped_) {
      Result<std::optional<Chunk>> chunk = cut();
      if (!chunk.ok()) {
        if (chunk.status().code() != StatusCode::kCancelled) fail(chunk.status().message());
        cutter_.reset();
        ++next_input_;
      } else if (chunk->has_value()) {
        return std::move(*chunk);
      } else if (cutter_ == nullptr) {
        return std::nullopt;
      } else {
        cutter_.reset();
        ++next_input_;
      }
    }
    return std::nullopt;
  }

  /// The next chunk of the current input; nothing at its end. Without inputs, there is no cutter afterwards.
  Result<std::optional<Chunk>> cut() {
    if (cutter_ == nullptr) {
      if (next_input_ == inputs_.size()) return std::optional<Chunk>();
      FRESHET_ASSIGN_OR_RETURN(cutter_, ChunkCutter::open(options_, inputs_[next_input_], next_input_, is_cancelled_));
    }
    return cutter_->next();
  }

  void fail(const std::string& message) {
    ++counts_.failed_chunks;
    is_stopped_ = is_stopped_ || !options_.keeps_going;
    progress_.tell("not loaded: " + message);
  }

  /// Tells of the rejected rows of a chunk.
  void explain(const std::string& name, const LoadOutcome& outcome) {
    if (++explained_ > kChunksExplained) return;
    std::string text = fmt::format("{}: {} rows rejected", name, with_commas(outcome.filtered_rows));
    if (!outcome.error_url.empty()) text += ", see " + outcome.error_url;
    for (const std::string& reason : reasons(outcome)) text += "\n  " + reason;
    progress_.tell(text);
  }

  std::vector<std::string> reasons(const LoadOutcome& outcome) const {
    std::vector<std::string> reasons;
    const Result<HttpAddress> address = parse_http_address(outcome.error_url);
    if (address.ok()) {
      const Result<HttpResponse> log = client_.get(address->server, address->target);
      if (log.ok() && log->status == kOk) {
        std::string_view rest = log->body;
        while (!rest.empty() && reasons.size() < kReasonsShown) {
          const size_t end = std::min(rest.find('\n'), rest.size());
          reasons.emplace_back(rest.substr(0, end));
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
      }
    }
    if (reasons.empty() && !outcome.first_error.empty()) reasons.push_back(outcome.first_error);
    return reasons;
  }

  void summarize() {
    const double seconds = progress_.seconds();
    const uint64_t fresh_bytes = counts_.bytes - counts_.bytes_before;
    const auto per_second = [&](uint64_t number) { return static_cast<uint64_t>(static_cast<double>(number) / seconds); };
    fmt::print(out_, "{}.{}: {} rows loaded, {} rejected, {} left out by conditions\n", options_.database, options_.table,
               with_commas(counts_.loaded_rows), with_commas(counts_.filtered_rows), with_commas(counts_.unselected_rows));
    fmt::print(out_, "{} chunks of {} inputs, {} in {:.1f} s ({} rows/s, {}/s), {} retries\n", counts_.chunks.load(),
               inputs_.size(), shown_bytes(fresh_bytes), seconds, with_commas(per_second(counts_.loaded_rows)),
               shown_bytes(per_second(fresh_bytes)), counts_.retries.load());
    if (counts_.chunks_before != 0) {
      fmt::print(out_, "{} chunks ({}) had been loaded before; --label NAME loads them once more\n",
                 counts_.chunks_before.load(), shown_bytes(counts_.bytes_before));
    }
    if (explained_ > kChunksExplained) {
      fmt::print(out_, "rows of {} further chunks were rejected\n", explained_ - kChunksExplained);
    }
    if (counts_.failed_chunks != 0) {
      fmt::print(out_, "{} chunks or inputs were NOT loaded; the same command loads what is missing\n",
                 counts_.failed_chunks.load());
    } else if (is_cancelled_) {
      fmt::print(out_, "interrupted; the same command goes on\n");
    }
  }

  const LoadOptions& options_;
  const std::vector<Input> inputs_;
  std::FILE* const out_;
  std::atomic<bool> is_cancelled_{false};
  std::atomic<bool> is_stopped_{false};
  std::atomic<uint64_t> explained_{0};
  LoadCounts counts_;
  const HttpClient client_;
  Progress progress_;
  const ChunkSender sender_;

  std::mutex mutex_;  ///< guards the rest
  std::unique_ptr<ChunkCutter> cutter_;
  size_t next_input_ = 0;
};

/// What a load in chunks cannot mean.
Status check_headers(const Headers& headers) {
  for (const char* name : {"label", "two_phase_commit", "group_commit", "txn_id"}) {
    if (header_value(headers, name).empty()) continue;
    return Status::InvalidArgument("the header {} is not offered here: every chunk is a load of its own, with a label{}",
                                   name, std::string_view(name) == "label" ? " (say --label)" : "");
  }
  return Status::OK();
}

}  // namespace

int run_load(const LoadOptions& options, std::FILE* out, std::FILE* errors) {
  Status status = check_headers(options.headers);
  Result<std::vector<Input>> inputs = status.ok() ? find_inputs(options) : Result<std::vector<Input>>(status);
  if (!inputs.ok()) {
    fmt::print(errors, "freshet load: {}\n", inputs.status().message());
    return kNothingDone;
  }
  return LoadRun(options, *std::move(inputs), out, errors).run();
}

}  // namespace freshet::connectors::load_client
