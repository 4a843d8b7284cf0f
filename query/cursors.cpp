#include "query/cursors.h"

namespace freshet::query {

template <typename Step>
auto Cursors::within(const StatementLimits& limits, DuckConnection& connection, Step step) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = &connection;
    connection.forget_interrupt();
    if (is_interrupted_) connection.interrupt();
  }
  auto result = [&] {
    const auto guard = lanes_.deadlines().at(limits.until, [this] {
      is_late_ = true;
      interrupt();
    });
    return step();
  }();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = nullptr;
  }
  if (!is_late_.exchange(false)) return result;
  forget_interrupt();
  if (!result.ok() && result.status().code() == StatusCode::kCancelled) {
    result = Status::Timeout("Query execution was interrupted, maximum statement execution time exceeded: {}", limits.limit);
  }
  return result;
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
  Cursor cursor;
  FRESHET_ASSIGN_OR_RETURN(cursor.engine, lanes_.engine_for(*lanes_.lane_of(limits.group)));
  cursor.connection = cursor.engine->connect();
  cursor.connection->show_hidden_columns(shows_hidden_columns);
  cursor.connection->read_as(access);
  cursor.connection->read_at(std::move(snapshot), std::move(committed));
  auto columns = within(limits, *cursor.connection, [&] { return cursor.connection->open_rows(sql, database, parameters); });
  if (columns.ok()) open_.emplace(id, std::move(cursor));
  return columns;
}

Result<bool> Cursors::fetch(uint32_t id, uint64_t rows, ResultWriter& out) {
  const auto found = open_.find(id);
  if (found == open_.end()) return Status::NotFound("The statement ({}) has no open cursor", id);
  FRESHET_ASSIGN_OR_RETURN(const StatementLimits limits, limits_());
  RuledConnection& connection = *found->second.connection;
  auto is_over = within(limits, connection, [&] { return connection.next_rows(rows, out); });
  if (!is_over.ok() || *is_over) close(id);
  return is_over;
}

void Cursors::interrupt() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_interrupted_ = true;
  if (running_ != nullptr) running_->interrupt();
}

std::optional<QueryProgress> Cursors::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return running_ == nullptr ? std::nullopt : std::optional(running_->progress());
}

void Cursors::forget_interrupt() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_interrupted_ = false;
}

}  // namespace freshet::query
