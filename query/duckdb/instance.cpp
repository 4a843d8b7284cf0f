#include "query/duckdb/instance.h"

#include <duckdb/main/valid_checker.hpp>
#include <duckdb/storage/buffer_manager.hpp>
#include <system_error>
#include <thread>

#include "query/duckdb/bitmap_aggregates.h"
#include "query/duckdb/bitmap_functions.h"
#include "query/duckdb/catalog.h"
#include "query/duckdb/column_origin.h"
#include "query/duckdb/error_text.h"
#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/scan_cost.h"

namespace freshet::query {
namespace {

void configure(duckdb::DBConfig& config, const DuckEngineOptions& options) {
  if (options.memory_bytes != 0) config.options.maximum_memory = options.memory_bytes;
  if (options.threads != 0) config.options.maximum_threads = options.threads;
  config.options.use_temporary_directory = !options.temp_directory.empty();
  config.options.temporary_directory = options.temp_directory;
  if (options.temp_bytes != 0) config.options.maximum_swap_space = options.temp_bytes;
  config.SetOptionByName("autoinstall_known_extensions", false);
  config.SetOptionByName("autoload_known_extensions", false);
  // No client may count on an order that it did not ask for; results come from all threads at once.
  config.SetOptionByName("preserve_insertion_order", false);
  // As MySQL: NULLs first when ascending, division by zero is NULL, ORDER BY takes any literal.
  config.SetOptionByName("default_null_order", "nulls_first_on_asc_last_on_desc");
  config.SetOptionByName("ieee_floating_point_ops", false);
  config.SetOptionByName("order_by_non_integer_literal", true);
}

/// Texts that make an open instance Freshet's: the catalog, UTC, and no way out.
Status close_world(duckdb::DuckDB& database) {
  duckdb::Connection connection(database);
  static constexpr const char* kStatements[] = {
      "ATTACH '' AS freshet (TYPE freshet)",           "SET GLOBAL TimeZone = 'UTC'",
      "SET GLOBAL allow_community_extensions = false", "SET GLOBAL enable_external_access = false",
      "SET GLOBAL lock_configuration = true",
  };
  for (const char* statement : kStatements) {
    const auto result = connection.Query(statement);
    if (result->HasError()) return status_of(result->GetErrorObject(), {}).with_context(statement);
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<duckdb::DuckDB>> InstanceHolder::get() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (instance_ != nullptr && !duckdb::ValidChecker::IsInvalidated(*instance_->instance)) return instance_;
  Result<std::shared_ptr<duckdb::DuckDB>> opened = Status::Unavailable("the query engine was not opened");
  try {
    // Its workers inherit the class of the thread that opens it.
    std::thread([&] {
      enter_worker_class(options_.workers);
      opened = open();
    }).join();
  } catch (const std::system_error& error) {
    return Status::Unavailable("the query engine was not opened: {}", error.what());
  }
  FRESHET_RETURN_IF_ERROR(opened.status());
  instance_ = *opened;
  return instance_;
}

Result<std::shared_ptr<duckdb::DuckDB>> InstanceHolder::open() const {
  try {
    duckdb::DBConfig config;
    configure(config, options_);
    register_catalog(config, snapshots_, history_, options_.catalogue);
    auto opened = std::make_shared<duckdb::DuckDB>(nullptr, &config);
    register_bitmap_aggregates(duckdb::DBConfig::GetConfig(*opened->instance));
    register_column_origins(duckdb::DBConfig::GetConfig(*opened->instance));
    register_cost_limit(duckdb::DBConfig::GetConfig(*opened->instance));
    register_bitmap_functions(*opened->instance);
    register_mysql_functions(*opened->instance);
    FRESHET_RETURN_IF_ERROR(close_world(*opened));
    return opened;
  } catch (const std::exception& error) {
    return status_of(duckdb::ErrorData(error), {}).with_context("cannot open the query engine");
  }
}

bool InstanceHolder::set_memory_limit(uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (options_.memory_bytes == bytes) return true;
  if (instance_ != nullptr) {
    try {
      duckdb::BufferManager::GetBufferManager(*instance_->instance).SetMemoryLimit(bytes);
    } catch (const std::exception&) {
      return false;
    }
  }
  options_.memory_bytes = bytes;
  return true;
}

DuckEngine::Usage InstanceHolder::usage() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (instance_ == nullptr) return {0, options_.memory_bytes, 0};
  const auto& buffers = duckdb::BufferManager::GetBufferManager(*instance_->instance);
  return {buffers.GetUsedMemory(), buffers.GetMaxMemory(), buffers.GetUsedSwap()};
}

}  // namespace freshet::query
