#include "storage/base/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "storage/base/log.h"

namespace freshet {
namespace {

constexpr size_t kPointCount = static_cast<size_t>(Failpoint::kCount);
constexpr uint64_t kSleepMillisecondsMax = 600'000;

constexpr std::array<std::string_view, kPointCount> kNames = {
    "commit_start",
    "commit_staged",
    "commit_before_write",
    "commit_after_write",
    "commit_after_install",
    "precommit_start",
    "precommitted",
    "abort_committed",
    "flush_start",
    "flush_segment_written",
    "flush_committed",
    "compaction_start",
    "compaction_column_written",
    "compaction_segment_written",
    "compaction_committed",
    "ddl_staged",
    "ddl_committed",
    "recovery_start",
    "recovery_files_removed",
    "recovery_read",
    "recovery_quarantined",
    "routine_load_commit",
    "routine_load_committed",
};

enum class Action : uint8_t { kNone, kCrash, kPause, kSleep };

struct Arming {
  Action action = Action::kNone;
  uint64_t milliseconds = 0;
  uint64_t only_hit = 0;  ///< 0: every time
};

/// Written by arm_failpoints() before other threads run.
std::array<Arming, kPointCount> armings;
std::array<std::atomic<uint64_t>, kPointCount> hits;

std::optional<uint64_t> number(std::string_view text, uint64_t largest) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > largest) return std::nullopt;
  return value;
}

std::optional<Arming> parse_action(std::string_view text) {
  Arming arming;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    const auto hit = number(text.substr(at + 1), UINT64_MAX);
    if (!hit) return std::nullopt;
    arming.only_hit = *hit;
    text = text.substr(0, at);
  }
  if (text == "crash") {
    arming.action = Action::kCrash;
  } else if (text == "pause") {
    arming.action = Action::kPause;
  } else if (text.starts_with("sleep:")) {
    const auto milliseconds = number(text.substr(6), kSleepMillisecondsMax);
    if (!milliseconds) return std::nullopt;
    arming.action = Action::kSleep;
    arming.milliseconds = *milliseconds;
  } else {
    return std::nullopt;
  }
  return arming;
}

Status arm_one(std::string_view entry, std::array<Arming, kPointCount>& out) {
  const size_t equals = entry.find('=');
  const std::string_view name = entry.substr(0, equals);
  size_t point = 0;
  while (point < kPointCount && kNames[point] != name) ++point;
  if (point == kPointCount) {
    std::string known;
    for (std::string_view other : kNames) known.append(known.empty() ? "" : ", ").append(other);
    return Status::InvalidArgument("FRESHET_FAILPOINTS: there is no failpoint '{}'; there are {}", name, known);
  }
  const auto arming = parse_action(equals == std::string_view::npos ? std::string_view() : entry.substr(equals + 1));
  if (!arming) {
    return Status::InvalidArgument(
        "FRESHET_FAILPOINTS: '{}' is no action; write {}=crash, pause or sleep:MILLISECONDS (up to {}), and @N for the Nth "
        "time only",
        entry, name, kSleepMillisecondsMax);
  }
  out[point] = *arming;
  return Status::OK();
}

}  // namespace

namespace failpoint_detail {

std::atomic<bool> any_armed{false};

void reached(Failpoint point) {
  const auto index = static_cast<size_t>(point);
  const Arming& arming = armings[index];
  if (arming.action == Action::kNone) return;
  const uint64_t hit = hits[index].fetch_add(1) + 1;
  if (arming.only_hit != 0 && arming.only_hit != hit) return;
  log_warning("failpoint {} reached, time {}", kNames[index], hit);
  switch (arming.action) {
    case Action::kNone: break;
    case Action::kCrash: ::kill(::getpid(), SIGKILL); [[fallthrough]];
    case Action::kPause:
      while (true) ::pause();
    case Action::kSleep: std::this_thread::sleep_for(std::chrono::milliseconds(arming.milliseconds)); break;
  }
}

}  // namespace failpoint_detail

std::string_view failpoint_name(Failpoint point) { return kNames[static_cast<size_t>(point)]; }

Status arm_failpoints(std::string_view text) {
  std::array<Arming, kPointCount> parsed;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find(';'), rest.size());
    FRESHET_RETURN_IF_ERROR(arm_one(rest.substr(0, end), parsed));
    rest = rest.substr(std::min(end + 1, rest.size()));
  }
  armings = parsed;
  for (auto& of_point : hits) of_point = 0;
  failpoint_detail::any_armed.store(!text.empty());
  return Status::OK();
}

}  // namespace freshet
