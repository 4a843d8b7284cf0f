#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

namespace freshet::connectors::load_client {

/// What a run has done so far. Any thread.
struct LoadCounts {
  std::atomic<uint64_t> loaded_rows{0};
  std::atomic<uint64_t> filtered_rows{0};
  std::atomic<uint64_t> unselected_rows{0};
  std::atomic<uint64_t> bytes{0};          ///< of inputs: sent, on their way, or loaded by an earlier run
  std::atomic<uint64_t> chunks{0};         ///< that are in the table
  std::atomic<uint64_t> chunks_before{0};  ///< of them, loaded by an earlier attempt
  std::atomic<uint64_t> bytes_before{0};
  std::atomic<uint64_t> failed_chunks{0};  ///< and inputs that cannot be read
  std::atomic<uint64_t> retries{0};
};

/// "1,234,567"
std::string with_commas(uint64_t number);
/// "12.3 MB"
std::string shown_bytes(uint64_t bytes);

/// Tells people how far a run is, on the error stream: one line that is written over on a terminal, else a line now and
/// then. Messages go between. Any thread.
class Progress {
 public:
  /// `total_bytes` 0: not known. Lines come every `report_seconds` when there is no bar.
  Progress(const LoadCounts& counts, uint64_t total_bytes, bool has_bar, uint64_t report_seconds, std::FILE* out);

  /// Shows the counts of now, if it is time.
  void tick();
  /// A line of its own.
  void tell(std::string_view message);
  /// Takes the bar away.
  void end();
  double seconds() const;

  /// The line for these counts after `seconds`, at most `width` characters long.
  static std::string line(const LoadCounts& counts, uint64_t total_bytes, double seconds, size_t width);

 private:
  void draw();

  const LoadCounts& counts_;
  const uint64_t total_bytes_;
  const bool has_bar_;
  const std::chrono::seconds report_every_;
  std::FILE* const out_;
  const std::chrono::steady_clock::time_point began_;
  std::mutex mutex_;  ///< guards the rest, and the order of lines
  std::chrono::steady_clock::time_point reported_;
};

}  // namespace freshet::connectors::load_client
