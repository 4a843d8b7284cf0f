#include "storage/base/rotating_log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <atomic>

namespace freshet {

struct RotatingLog::Sink {
  Sink(const std::string& path, uint64_t max_file_bytes, uint64_t files)
      : logger("lines", std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, max_file_bytes, files)) {
    logger.set_pattern("%v");
    logger.flush_on(spdlog::level::info);
    logger.set_error_handler([this](const std::string&) { dropped.fetch_add(1, std::memory_order_relaxed); });
  }

  spdlog::logger logger;
  std::atomic<uint64_t> dropped{0};
};

RotatingLog::RotatingLog(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
RotatingLog::~RotatingLog() = default;

Result<std::unique_ptr<RotatingLog>> RotatingLog::open(const std::string& path, uint64_t max_file_bytes, uint64_t files) {
  try {
    return std::unique_ptr<RotatingLog>(new RotatingLog(std::make_unique<Sink>(path, max_file_bytes, files)));
  } catch (const spdlog::spdlog_ex& error) {
    return Status::IoError("cannot write the log {}: {}", path, error.what());
  }
}

void RotatingLog::write(std::string_view line) { sink_->logger.info(spdlog::string_view_t(line.data(), line.size())); }
uint64_t RotatingLog::dropped_lines() const { return sink_->dropped.load(std::memory_order_relaxed); }

}  // namespace freshet
