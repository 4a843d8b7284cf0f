#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ingest/stream_load.h"

namespace freshet::connectors::http {

/// Keeps the bodies of loads in memory. A table "missing" does not exist; a body that holds "poison" fails where it is
/// written; one that holds "bad" has a rejected row. Labels are taken for ever.
class FakeLoads final : public ingest::LoadManager {
 public:
  struct Load {
    ingest::LoadRequest request;
    std::string body;
    std::string end;  ///< "finish", "abort: ..." or empty
  };

  FakeLoads() { options_.load_timeout_seconds = 60; }

  std::unique_ptr<ingest::StreamLoad> begin(const ingest::LoadRequest& request, ingest::LoadReport& report) override;
  Result<std::string> change_transaction(const ingest::TransactionRequest& request) override {
    if (request.label == "waits") return "label [waits] transaction [7] " + request.operation + " successfully.";
    return Status::NotFound("transaction [{}] not found", request.transaction);
  }
  Result<std::string> load_state(const std::string&, const std::string& label) override {
    return std::string(begun() > 0 && !load(label).body.empty() ? "VISIBLE" : "UNKNOWN");
  }
  Result<std::string> error_log(std::string_view id) const override {
    if (id == "log-1") return std::string("Reason: too short. src line [x];\n");
    return Status::NotFound("there is no error log '{}'", id);
  }
  Result<std::string> save_error_log(const ingest::RowErrors&) override { return std::string("kept"); }
  std::vector<ingest::FinishedLoad> finished_loads(const std::string&) const override { return {}; }
  uint64_t running_loads() const override { return 0; }
  const ingest::IngestOptions& options() const override { return options_; }
  void drain(uint64_t) override {}

  ingest::IngestOptions& mutable_options() { return options_; }
  /// A copy of the load with this label.
  Load load(const std::string& label) const {
    const std::lock_guard lock(mutex_);
    return loads_.contains(label) ? loads_.at(label) : Load{};
  }
  size_t begun() const {
    const std::lock_guard lock(mutex_);
    return loads_.size();
  }
  /// Waits until the load has `bytes` of its body.
  bool wait_for_bytes(const std::string& label, size_t bytes) {
    return wait([this, label, bytes] { return loads_.contains(label) && loads_.at(label).body.size() >= bytes; });
  }
  bool wait_for_begin(const std::string& label) {
    return wait([this, label] { return loads_.contains(label); });
  }
  bool wait_for_end(const std::string& label) {
    return wait([this, label] { return loads_.contains(label) && !loads_.at(label).end.empty(); });
  }

 private:
  class FakeLoad;

  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }

  ingest::IngestOptions options_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::map<std::string, Load> loads_;
};

class FakeLoads::FakeLoad final : public ingest::StreamLoad {
 public:
  FakeLoad(FakeLoads& loads, ingest::LoadReport report) : loads_(loads), report_(std::move(report)) {}

  Status write(std::string_view bytes) override {
    const std::lock_guard lock(loads_.mutex_);
    std::string& body = loads_.loads_[report_.label].body;
    body += bytes;
    report_.load_bytes = body.size();
    loads_.changed_.notify_all();
    if (body.find("poison") != std::string::npos) status_ = Status::DataQuality("poison");
    return status_;
  }
  ingest::LoadReport finish() override { return end("finish", status_); }
  ingest::LoadReport abort(const Status& reason) override { return end("abort: " + reason.message(), reason); }

 private:
  ingest::LoadReport end(const std::string& how, const Status& status) {
    const std::lock_guard lock(loads_.mutex_);
    Load& load = loads_.loads_[report_.label];
    load.end = how;
    loads_.changed_.notify_all();
    report_.status = status;
    if (load.body.find("bad") != std::string::npos) {
      report_.filtered_rows = 1;
      report_.error_log_id = "log-1";
      report_.first_error = "too short";
    }
    return report_;
  }

  FakeLoads& loads_;
  ingest::LoadReport report_;
  Status status_;
};

inline std::unique_ptr<ingest::StreamLoad> FakeLoads::begin(const ingest::LoadRequest& request, ingest::LoadReport& report) {
  const std::lock_guard lock(mutex_);
  report = {};
  report.label = request.label.empty() ? "made-up" : request.label;
  report.comment = request.comment;
  if (request.table == "missing") {
    report.status = Status::NotFound("unknown table, tableName=missing");
  } else if (loads_.contains(report.label)) {
    report.status = Status::LabelExists("Label [{}] has already been used, relate to txn [1]", report.label);
    report.existing_job_status = loads_.at(report.label).end.empty() ? "RUNNING" : "FINISHED";
  }
  if (!report.status.ok()) return nullptr;
  report.transaction_id = loads_.size() + 1;
  loads_[report.label].request = request;
  changed_.notify_all();
  return std::make_unique<FakeLoad>(*this, report);
}

}  // namespace freshet::connectors::http
