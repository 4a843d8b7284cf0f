#include "query/cursors.h"

namespace freshet::query {

template <typename Step>
auto Cursors::within(const StatementLimits& limits, GroupLane& lane, Step step) -> decltype(step()) {
  auto result = [&]() -> decltype(step()) {
    const auto guard = lanes_.deadlines().at(limits.until, [this] {
      is_late_ = true;
      interrupt();
    });
    FRESHET_RETURN_IF_ERROR(entry_.enter_group(lane, limits, [this] { return is_interrupted_.load(); }));
    const AdmissionSlot slot(lane.queue);
    auto done = without_throwing(step);
    set_running(nullptr);
    return done;
  }();
  if (!is_late_.exchange(false)) return result;
  forget_interrupt();
  if (!result.ok() && result.status().code() == StatusCode::kCancelled) return timed_out(limits);
  return result;
}

void Cursors::set_running(DuckConnection* connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  running_ = connection;
  if (connection == nullptr) return;
  connection->forget_interrupt();
  if (is_interrupted_) connection->interrupt();
}

Result<std::vector<ResultColumn>> Cursors::open(uint32_t id, std::string_view sql, const std::string& database,
                                                std::span<const Parameter> parameters, storage::ServerSnapshotPtr snapshot,
                                                storage::ServerSnapshotPtr committed, bool shows_hidden_columns,
                                                const EngineAccess& access) {
  close(id);
  if (open_.size() >= open_max_) {
    return Status::ResourceExhausted(
        "this session has {} open cursors, the limit (mysql.max_open_cursors): read them to their end or close them",
        open_.size());
  }
  FRESHET_ASSIGN_OR_RETURN(const StatementLimits limits, limits_());
  Cursor cursor{limits.group, lanes_.lane_of(limits.group), nullptr, nullptr};
  auto columns = within(limits, *cursor.lane, [&]() -> Result<std::vector<ResultColumn>> {
    FRESHET_ASSIGN_OR_RETURN(cursor.engine, lanes_.engine_for(*cursor.lane));
    cursor.connection = cursor.engine->engine->connect();
    cursor.connection->show_hidden_columns(shows_hidden_columns);
    cursor.connection->read_as(access);
    cursor.connection->read_at(std::move(snapshot), std::move(committed));
    set_running(cursor.connection.get());
    return cursor.engine->askers.run([&] { return cursor.connection->open_rows(sql, database, parameters); });
  });
  if (columns.ok()) open_.emplace(id, std::move(cursor));
  return columns;
}

Result<bool> Cursors::fetch(uint32_t id, uint64_t rows, ResultWriter& out) {
  const auto found = open_.find(id);
  if (found == open_.end()) return Status::NotFound("The statement ({}) has no open cursor", id);
  Cursor& cursor = found->second;
  FRESHET_ASSIGN_OR_RETURN(StatementLimits limits, limits_());
  limits.group = cursor.group;
  auto is_over = within(limits, *cursor.lane, [&]() -> Result<bool> {
    set_running(cursor.connection.get());
    return cursor.engine->askers.run([&] { return cursor.connection->next_rows(rows, out); });
  });
  if (!is_over.ok() || *is_over) close(id);
  return is_over;
}

void Cursors::interrupt() {
  is_interrupted_ = true;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (running_ != nullptr) running_->interrupt();
  }
  entry_.wake();
}

std::optional<QueryProgress> Cursors::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return running_ == nullptr ? std::nullopt : std::optional(running_->progress());
}

void Cursors::forget_interrupt() { is_interrupted_ = false; }

}  // namespace freshet::query
