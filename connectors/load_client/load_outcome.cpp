#include "connectors/load_client/load_outcome.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace freshet::connectors::load_client {

namespace {

using Kind = LoadOutcome::Kind;

constexpr size_t kShownBytes = 300;
constexpr unsigned kOk = 200;
constexpr unsigned kServerErrors = 500;

std::string text_of(const simdjson::dom::object& answer, std::string_view name) {
  std::string_view text;
  return answer[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

uint64_t number_of(const simdjson::dom::object& answer, std::string_view name) {
  uint64_t number = 0;
  return answer[name].get(number) == simdjson::SUCCESS ? number : 0;
}

Kind kind_of_label(const std::string& job) {
  if (job == "FINISHED") return Kind::kLoadedBefore;
  // Another attempt runs, or its outcome is not known yet. One that is precommitted waits for somebody else.
  return job == "PRECOMMITTED" ? Kind::kFailed : Kind::kTryAgain;
}

/// Whether the reason of a failed load is one of the moment.
Kind kind_of_failure(const std::string& message, bool is_early) {
  static constexpr std::string_view kOfTheMoment[] = {"[UNAVAILABLE]", "[UNKNOWN_OUTCOME]", "[CONFLICT]", "[TIMEOUT]",
                                                      "[CANCELLED]"};
  const auto begins = [&](std::string_view code) { return message.starts_with(code); };
  if (std::any_of(std::begin(kOfTheMoment), std::end(kOfTheMoment), begins)) return Kind::kTryAgain;
  // A limit that refused the load before its body is one of the server's state; later it is one of this body.
  return is_early && (begins("[RESOURCE_EXHAUSTED]") || begins("[OUT_OF_SPACE]")) ? Kind::kTryAgain : Kind::kFailed;
}

}  // namespace

LoadOutcome outcome_of(const Result<HttpResponse>& response) {
  LoadOutcome outcome;
  if (!response.ok()) {
    outcome.message = response.status().message();
    switch (response.status().code()) {
      case StatusCode::kUnavailable:
      case StatusCode::kTimeout: outcome.kind = Kind::kTryAgain; break;
      case StatusCode::kCancelled: outcome.kind = Kind::kCancelled; break;
      default: break;
    }
    return outcome;
  }
  simdjson::dom::parser parser;
  simdjson::dom::object answer;
  const bool is_answer = response->status == kOk && parser.parse(response->body).get(answer) == simdjson::SUCCESS;
  const std::string status = is_answer ? text_of(answer, "Status") : std::string();
  if (status.empty()) {
    outcome.kind = response->status >= kServerErrors ? Kind::kTryAgain : Kind::kFailed;
    outcome.message =
        fmt::format("the server answered {}: {}", response->status, std::string_view(response->body).substr(0, kShownBytes));
    return outcome;
  }
  outcome.message = text_of(answer, "Message");
  outcome.loaded_rows = number_of(answer, "NumberLoadedRows");
  outcome.filtered_rows = number_of(answer, "NumberFilteredRows");
  outcome.unselected_rows = number_of(answer, "NumberUnselectedRows");
  outcome.error_url = text_of(answer, "ErrorURL");
  outcome.first_error = text_of(answer, "FirstErrorMsg");
  if (status == "Success" || status == "Publish Timeout") {
    outcome.kind = Kind::kLoaded;
  } else if (status == "Label Already Exists") {
    outcome.kind = kind_of_label(text_of(answer, "ExistingJobStatus"));
  } else {
    outcome.kind = kind_of_failure(outcome.message, response->is_early);
  }
  return outcome;
}

}  // namespace freshet::connectors::load_client
