#include "query/journal/statement_journal.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "query/journal/mask_secrets.h"
#include "storage/base/json_string.h"

namespace freshet::query {

std::string_view statement_class_name(StatementClass kind) {
  switch (kind) {
    case StatementClass::kPoint: return "point";
    case StatementClass::kSmall: return "small";
    case StatementClass::kBig: return "big";
    case StatementClass::kWrite: return "write";
    case StatementClass::kOther: return "other";
  }
  return "other";
}

Result<std::unique_ptr<StatementJournal>> StatementJournal::open(const Options& options) {
  auto journal = std::unique_ptr<StatementJournal>(new StatementJournal(options));
  const auto open_log = [&](std::string_view name) {
    return RotatingLog::open(fmt::format("{}/{}.jsonl", options.folder, name), options.max_file_bytes, options.old_files);
  };
  if (options.slow.count() > 0) {
    FRESHET_ASSIGN_OR_RETURN(journal->slow_, open_log("slow"));
  }
  if (options.audits) {
    FRESHET_ASSIGN_OR_RETURN(journal->audit_, open_log("audit"));
  }
  return journal;
}

void StatementJournal::record(const StatementReport& report) {
  Figures& figures = figures_[static_cast<size_t>(report.kind)];
  figures.latencies.record(report.duration);
  if (!report.status.ok()) figures.errors.fetch_add(1, std::memory_order_relaxed);
  const bool is_slow = slow_ && report.duration >= options_.slow;
  if (!is_slow && !audit_) return;
  const std::string line = line_of(report);
  if (is_slow) {
    slow_statements_.fetch_add(1, std::memory_order_relaxed);
    slow_->write(line);
  }
  if (audit_) audit_->write(line);
}

uint64_t StatementJournal::dropped_lines() const {
  return (slow_ ? slow_->dropped_lines() : 0) + (audit_ ? audit_->dropped_lines() : 0);
}

std::string StatementJournal::line_of(const StatementReport& report) const {
  // A value comes behind the name that makes it a secret, so cutting first gives nothing away.
  const std::string_view beginning = report.text.substr(0, options_.max_statement_bytes);
  std::string statement = mask_secrets(beginning);
  const bool is_masked = statement != beginning;
  if (beginning.size() < report.text.size() && !statement.ends_with("...")) statement += "...";

  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::string line = fmt::format(R"({{"time":"{:%FT%T}Z","connection":{},"user":)", now, report.identity.connection_id);
  append_json_string(line, report.identity.user);
  line += R"(,"client":)";
  append_json_string(line, report.identity.client_address);
  line += R"(,"database":)";
  append_json_string(line, report.database);
  fmt::format_to(std::back_inserter(line), R"(,"class":"{}","micros":{},"rows":{},"error":)",
                 statement_class_name(report.kind), report.duration.count() / 1000, report.rows);
  if (report.status.ok()) {
    line += "null";
  } else {
    // Messages may quote the statement.
    append_json_string(line, is_masked ? status_code_name(report.status.code()) : report.status.to_string());
  }
  line += R"(,"statement":)";
  append_json_string(line, statement);
  return line + "}";
}

}  // namespace freshet::query
