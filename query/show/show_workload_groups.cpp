#include <fmt/format.h>

#include "query/show/like_pattern.h"
#include "query/show/show_statement.h"
#include "query/workload/group_statements.h"
#include "query/workload/query_lanes.h"

namespace freshet::query {

Status show_workload_groups(const Show& show, const QueryLanes& lanes, ResultWriter& out) {
  std::vector<std::string> columns = workload_group_columns();
  columns.insert(columns.end(), {"running_query_num", "waiting_query_num"});
  std::vector<std::vector<TextCell>> rows = workload_group_rows(lanes.groups());
  const std::vector<QueryLanes::Figures> figures = lanes.group_figures();
  std::vector<std::vector<TextCell>> shown;
  for (std::vector<TextCell>& row : rows) {
    const std::string& name = *row[1];
    if (show.like && !like_matches(*show.like, name)) continue;
    AdmissionQueue::Figures queue;
    for (const QueryLanes::Figures& of_group : figures) {
      if (of_group.name == name) queue = of_group.queue;
    }
    row.emplace_back(fmt::to_string(queue.running));
    row.emplace_back(fmt::to_string(queue.waiting));
    shown.push_back(std::move(row));
  }
  return write_text_rows(columns, shown, out);
}

}  // namespace freshet::query
