#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "query/session.h"
#include "storage/base/latency_histogram.h"
#include "storage/base/result.h"
#include "storage/base/rotating_log.h"

namespace freshet::query {

/// What a statement was, for figures and logs.
enum class StatementClass : uint8_t {
  kPoint,  ///< one row by its whole key
  kSmall,  ///< every other query that has little to read
  kBig,    ///< ... and those that have much
  kWrite,  ///< INSERT, UPDATE, DELETE
  kOther,  ///< DDL, SHOW, SET ...
};
inline constexpr std::array<StatementClass, 5> kStatementClasses = {
    StatementClass::kPoint, StatementClass::kSmall, StatementClass::kBig, StatementClass::kWrite, StatementClass::kOther};
std::string_view statement_class_name(StatementClass kind);

/// One statement that has ended.
struct StatementReport {
  StatementClass kind = StatementClass::kOther;
  std::chrono::nanoseconds duration{};
  const SessionIdentity& identity;
  std::string_view database;
  std::string_view text;  ///< of a prepared statement what was prepared
  uint64_t rows = 0;      ///< rows of the answer
  const Status& status;
};

/// Counts all statements and writes some of them as JSON lines: slow ones into slow.jsonl, and, when asked to, every one
/// into audit.jsonl. Secrets in statements are masked. Any thread.
class StatementJournal {
 public:
  struct Options {
    std::string folder = {};
    std::chrono::milliseconds slow{1000};  ///< a statement that takes as long is slow; 0 = none is
    bool audits = false;
    uint64_t max_file_bytes = 64ull << 20;
    uint64_t old_files = 4;
    uint64_t max_statement_bytes = 4096;  ///< longer statements are cut off in the logs
  };
  static Result<std::unique_ptr<StatementJournal>> open(const Options& options);

  void record(const StatementReport& report);

  LatencyHistogram::Reading latencies(StatementClass kind) const { return of(kind).latencies.read(); }
  uint64_t errors(StatementClass kind) const { return of(kind).errors.load(std::memory_order_relaxed); }
  uint64_t slow_statements() const { return slow_statements_.load(std::memory_order_relaxed); }
  uint64_t dropped_lines() const;

 private:
  /// Sessions of one class write here; on cache lines of its own.
  struct alignas(64) Figures {
    LatencyHistogram latencies;
    std::atomic<uint64_t> errors{0};
  };

  explicit StatementJournal(const Options& options) : options_(options) {}
  const Figures& of(StatementClass kind) const { return figures_[static_cast<size_t>(kind)]; }
  std::string line_of(const StatementReport& report) const;

  const Options options_;
  std::array<Figures, kStatementClasses.size()> figures_;
  std::atomic<uint64_t> slow_statements_{0};
  std::unique_ptr<RotatingLog> slow_;   ///< null without a limit
  std::unique_ptr<RotatingLog> audit_;  ///< null when not asked for
};

}  // namespace freshet::query
