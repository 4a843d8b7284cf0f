#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "query/session.h"

namespace freshet::connectors::mysql {

/// A session with canned answers:
///   SELECT n        one BIGINT column `n` and the rows 1 .. n
///   BREAK n         the same, but fails with Conflict after n rows
///   SLEEP           runs until it is cancelled
///   KILL CONNECTION n   asks the factory
///   EMPTY           breaks the contract: succeeds and answers nothing
///   anything with "bad"   a syntax error
///   else            OK with one affected row and the text as info
///   BEGIN           from now on the session is in a transaction
/// Prepared: a statement has as many parameters as '?', and answers one row with the parameters as text; "CURSOR n" has a
/// cursor of the rows 1 .. n when one is asked for, which breaks with Conflict behind row 100.
class FakeSession final : public query::Session {
 public:
  using Kill = std::function<Status(uint64_t)>;
  explicit FakeSession(Kill kill = nullptr, uint64_t idle_seconds_max = 28800)
      : kill_(std::move(kill)), idle_seconds_max_(idle_seconds_max) {}

  Status execute(std::string_view sql, query::ResultWriter& out) override {
    if (sql.starts_with("SELECT ")) return rows(std::stoll(std::string(sql.substr(7))), out, Status::OK());
    if (sql.starts_with("BREAK ")) return rows(std::stoll(std::string(sql.substr(6))), out, Status::Conflict("broken off"));
    if (sql == "SLEEP") return sleep();
    if (sql.starts_with("KILL CONNECTION ")) {
      FRESHET_RETURN_IF_ERROR(kill_(std::stoull(std::string(sql.substr(16)))));
      return out.ok({});
    }
    if (sql == "EMPTY") return Status::OK();
    if (sql == "BEGIN") in_transaction_ = true;
    if (sql.find("bad") != std::string_view::npos)
      return Status::InvalidArgument("You have an error in your SQL syntax near 'bad'");
    query::OkResult ok;
    ok.affected_rows = 1;
    ok.info = sql;
    return out.ok(ok);
  }

  Result<query::PreparedInfo> prepare(std::string_view sql) override {
    if (sql.find("bad") != std::string_view::npos) return Status::NotFound("Unknown table 'bad'");
    query::PreparedInfo info;
    info.id = ++last_prepared_;
    info.parameter_count = static_cast<uint16_t>(std::count(sql.begin(), sql.end(), '?'));
    info.columns.resize(info.parameter_count);
    for (auto& column : info.columns) {
      column.name = "p";
      column.type.kind = TypeKind::kString;
    }
    prepared_[info.id] = info;
    if (sql.starts_with("CURSOR ")) cursor_rows_[info.id] = std::stoll(std::string(sql.substr(7)));
    return info;
  }

  Result<std::optional<std::vector<query::ResultColumn>>> open_cursor(uint32_t id,
                                                                      std::span<const query::Parameter>) override {
    if (!cursor_rows_.contains(id)) return std::optional<std::vector<query::ResultColumn>>();
    next_row_[id] = 1;
    return std::optional(std::vector<query::ResultColumn>{number_column()});
  }
  Result<bool> fetch(uint32_t id, uint64_t rows, query::ResultWriter& out) override {
    if (!next_row_.contains(id)) return Status::NotFound("The statement ({}) has no open cursor", id);
    for (int64_t& row = next_row_[id]; rows > 0 && row <= cursor_rows_[id]; ++row, --rows) {
      if (row > 100) return Status::Conflict("broken off");
      out.begin_row();
      out.cell_int64(row);
      FRESHET_RETURN_IF_ERROR(out.end_row());
    }
    if (rows > 0) next_row_.erase(id);
    return rows > 0;
  }
  void close_cursor(uint32_t id) override { next_row_.erase(id); }
  query::SessionFlags flags() const override { return {true, in_transaction_}; }
  uint64_t idle_seconds_max() const override { return idle_seconds_max_; }

  Status execute_prepared(uint32_t id, std::span<const query::Parameter> parameters, query::ResultWriter& out) override {
    const auto found = prepared_.find(id);
    if (found == prepared_.end()) return Status::NotFound("Unknown prepared statement {}", id);
    if (parameters.empty()) return out.ok({});
    FRESHET_RETURN_IF_ERROR(out.columns(found->second.columns));
    out.begin_row();
    for (const query::Parameter& parameter : parameters) cell(parameter, out);
    FRESHET_RETURN_IF_ERROR(out.end_row());
    return out.rows_end(0);
  }

  void close_prepared(uint32_t id) override { prepared_.erase(id); }
  Status use_database(std::string_view name) override {
    if (name == "missing") return Status::NotFound("Unknown database 'missing'");
    database_ = name;
    return Status::OK();
  }
  const std::string& current_database() const override { return database_; }
  Result<std::vector<std::string>> split(std::string_view text) const override {
    std::vector<std::string> statements;
    while (!text.empty()) {
      const size_t end = std::min(text.find(';'), text.size());
      statements.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return statements;
  }
  void cancel() override { is_cancelled_ = true; }
  void forget_cancel() override { is_cancelled_ = false; }
  query::QueryProgress progress() const override { return {}; }
  void reset() override { prepared_.clear(); }

 private:
  static query::ResultColumn number_column() {
    query::ResultColumn column;
    column.name = "n";
    column.type.kind = TypeKind::kBigInt;
    return column;
  }

  static Status rows(int64_t count, query::ResultWriter& out, const Status& end) {
    const query::ResultColumn column = number_column();
    FRESHET_RETURN_IF_ERROR(out.columns({&column, 1}));
    for (int64_t i = 1; i <= count; ++i) {
      out.begin_row();
      out.cell_int64(i);
      FRESHET_RETURN_IF_ERROR(out.end_row());
    }
    return end.ok() ? out.rows_end(0) : end;
  }

  Status sleep() {
    while (!is_cancelled_.exchange(false)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Status::Cancelled("Query execution was interrupted");
  }

  static void cell(const query::Parameter& parameter, query::ResultWriter& out) {
    if (const auto* integer = std::get_if<int64_t>(&parameter)) return out.cell_text(std::to_string(*integer));
    if (const auto* integer = std::get_if<uint64_t>(&parameter)) return out.cell_text(std::to_string(*integer));
    if (const auto* number = std::get_if<double>(&parameter)) return out.cell_text(fmt::format("{}", *number));
    if (const auto* text = std::get_if<std::string>(&parameter)) return out.cell_text(*text);
    if (const auto* time = std::get_if<query::ParameterDateTime>(&parameter)) return out.cell_text(time->text);
    out.cell_null();
  }

  const Kill kill_;
  std::string database_;
  uint32_t last_prepared_ = 0;
  std::map<uint32_t, query::PreparedInfo> prepared_;
  std::map<uint32_t, int64_t> cursor_rows_;
  std::map<uint32_t, int64_t> next_row_;  ///< of open cursors
  bool in_transaction_ = false;
  const uint64_t idle_seconds_max_;
  std::atomic<bool> is_cancelled_{false};
};

class FakeSessionFactory final : public query::SessionFactory {
 public:
  std::unique_ptr<query::Session> open(const query::SessionIdentity&) override {
    ++opened;
    return std::make_unique<FakeSession>(kill, idle_seconds_max);
  }

  std::atomic<int> opened{0};
  FakeSession::Kill kill;             ///< what KILL CONNECTION does
  uint64_t idle_seconds_max = 28800;  ///< of sessions to come
};

}  // namespace freshet::connectors::mysql
