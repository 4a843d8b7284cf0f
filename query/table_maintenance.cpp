#include "query/table_maintenance.h"

#include <fmt/format.h>

#include <functional>
#include <future>

#include "query/duckdb/engine.h"
#include "query/value_cells.h"
#include "query/views.h"
#include "query/workload/processor_shares.h"
#include "storage/base/thread_priority.h"

namespace freshet::query {
namespace {

std::string_view name_of(TableMaintenance work) {
  switch (work) {
    case TableMaintenance::kCheck: return "check";
    case TableMaintenance::kAnalyze: return "analyze";
    case TableMaintenance::kOptimize: return "optimize";
    case TableMaintenance::kRepair: return "repair";
    case TableMaintenance::kChecksum: return "checksum";
  }
  return "";
}

/// Rows of one answer.
class Report {
 public:
  void begin_table(std::string name, TableMaintenance work) {
    table_ = std::move(name);
    operation_ = name_of(work);
  }
  void add(std::string_view type, std::string_view text) {
    rows_.push_back({table_, operation_, std::string(type), std::string(text)});
  }
  Status write(ResultWriter& out) const {
    return write_text_rows(std::vector<std::string>{"Table", "Op", "Msg_type", "Msg_text"}, rows_, out);
  }

 private:
  std::string table_;
  std::string operation_;
  std::vector<std::vector<TextCell>> rows_;
};

/// Pages that are read a second time, to compare keys and rows with each other: not in the place of those in use.
constexpr uint64_t kCheckCacheBytes = 64ull << 20;

/// Reads the files of a table until `is_stopped`.
void read_files(const storage::TableSnapshot& table, const std::function<bool()>& is_stopped,
                std::vector<std::string>& problems) {
  storage::PageCache pages(kCheckCacheBytes);
  for (const storage::TabletSnapshotPtr& tablet : table.tablets) {
    for (const storage::SegmentView& view : tablet->segments) {
      if (is_stopped()) return;
      const auto reader = view.segment->open_apart(pages);
      reader.ok() ? (*reader)->verify(problems, is_stopped) : problems.push_back(reader.status().message());
    }
  }
}

/// Reads them on a thread that yields to queries and loads.
Status find_problems(const storage::TableSnapshot& table, const DuckConnection& connection,
                     std::vector<std::string>& problems) {
  const auto is_stopped = [&] {
    storage::give_way();
    return connection.is_interrupted() || problems.size() >= kMaxShownProblems;
  };
  auto reading = std::async(std::launch::async, [&] {
    storage::yield_to_others(kYieldingNice);
    read_files(table, is_stopped, problems);
  });
  reading.get();
  return connection.is_interrupted() ? Status::Cancelled("Query execution was interrupted") : Status::OK();
}

Status check(const storage::TableSnapshot& table, const WriteContext& context, Report& report) {
  std::vector<std::string> problems;
  FRESHET_RETURN_IF_ERROR(find_problems(table, context.connection, problems));
  if (problems.empty()) {
    report.add("status", "OK");
    return Status::OK();
  }
  for (const std::string& problem : problems) report.add("error", problem);
  if (problems.size() >= kMaxShownProblems) report.add("note", "what is behind these problems was not read");
  report.add("error", "Corrupt");
  return Status::OK();
}

Status optimize(const storage::TableSnapshot& table, const WriteContext& context, Report& report) {
  size_t asked = 0, busy = 0, refused = 0;
  Status refusal;
  for (const storage::TabletSnapshotPtr& tablet : table.tablets) {
    const Status status = context.services.storage.request_compaction(table.id, tablet->id, storage::CompactionKind::kFull);
    if (status.ok()) {
      ++asked;
    } else if (status.code() == StatusCode::kAlreadyExists) {
      ++busy;
    } else if (status.code() != StatusCode::kConflict) {
      ++refused;
      refusal = status;
    }
  }
  if (asked + busy == 0 && refused > 0) return refusal;
  const size_t tablets = table.tablets.size();
  if (asked > 0) report.add("note", fmt::format("{} of {} tablets will be compacted", asked, tablets));
  if (busy > 0) report.add("note", fmt::format("{} of {} tablets are in a compaction already: ask again", busy, tablets));
  if (refused > 0) report.add("note", fmt::format("{} of {} tablets wait: {}", refused, tablets, refusal.message()));
  report.add("status", asked + busy > 0 ? "OK" : "Table is already up to date");
  return Status::OK();
}

Status maintain(TableMaintenance work, const storage::TableSnapshot& table, const WriteContext& context, Report& report) {
  switch (work) {
    case TableMaintenance::kCheck: return check(table, context, report);
    case TableMaintenance::kOptimize: return optimize(table, context, report);
    case TableMaintenance::kAnalyze: report.add("status", "OK"); break;
    case TableMaintenance::kRepair: report.add("note", "The storage engine for the table doesn't support repair"); break;
    case TableMaintenance::kChecksum: break;
  }
  return Status::OK();
}

Status answer_checksums(const MaintainTables& statement, const WriteContext& context, ResultWriter& out) {
  std::vector<std::vector<TextCell>> rows;
  for (const TableName& name : statement.tables) {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, name.database));
    rows.push_back({database + "." + name.table, std::nullopt});
  }
  return write_text_rows(std::vector<std::string>{"Table", "Checksum"}, rows, out);
}

}  // namespace

Status run_maintain_tables(const MaintainTables& statement, const WriteContext& context, ResultWriter& out) {
  if (statement.work == TableMaintenance::kChecksum) return answer_checksums(statement, context, out);
  const storage::ServerSnapshotPtr snapshot = context.services.storage.snapshot();
  Report report;
  for (const TableName& name : statement.tables) {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, name.database));
    report.begin_table(database + "." + name.table, statement.work);
    if (context.services.views->find(database, name.table)) {
      report.add("note", "a view has no files of its own");
      report.add("status", "OK");
      continue;
    }
    const auto table = find_table(*snapshot, database, name.table);
    Status status = table.status();
    if (table.ok()) status = maintain(statement.work, **table, context, report);
    if (status.code() == StatusCode::kCancelled) return status;
    if (status.ok()) continue;
    report.add("Error", status.message());
    report.add("status", "Operation failed");
  }
  return report.write(out);
}

}  // namespace freshet::query
