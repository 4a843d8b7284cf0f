#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "config/settings.h"
#include "connectors/mysql/connection_registry.h"
#include "connectors/server/data_paths.h"
#include "storage/base/status.h"

namespace freshet {
namespace ingest {
class ColumnFiles;
class LoadManager;
class RoutineLoadManager;
class RowTransforms;
class StreamSourceFactory;
}  // namespace ingest
namespace query {
class CompactionAdmin;
class QueryLanes;
class SessionFactory;
class StatementJournal;
class Users;
class Views;
class WorkloadGroups;
}  // namespace query
namespace storage {
class StorageEngine;
}  // namespace storage
}  // namespace freshet

namespace freshet::connectors {

class HttpServer;
class MySqlServer;

/// The whole server: parts are built in the order of their dependencies and destroyed in the reverse one. Serves from
/// start() to stop(); both are for one thread.
class Server {
 public:
  /// Fails when the data directory cannot be opened, or an address cannot be listened on.
  static Result<std::unique_ptr<Server>> start(const config::Settings& settings, std::string version);
  ~Server();

  /// Ends loads and streams cleanly, then everything else.
  void stop();

 private:
  explicit Server(std::string version);
  Status open_storage(const config::Settings& settings, const DataPaths& paths);
  Status open_queries(const config::Settings& settings, const DataPaths& paths);
  Status open_loads(const config::Settings& settings, const DataPaths& paths);
  Status listen(const config::Settings& settings, const DataPaths& paths);
  std::string metrics() const;

  const std::string version_;
  std::atomic<uint16_t> http_port_{0};
  std::atomic<uint16_t> load_port_{0};
  std::atomic<uint16_t> mysql_port_{0};
  std::unique_ptr<storage::StorageEngine> storage_;
  std::unique_ptr<query::Views> views_;
  std::unique_ptr<query::Users> users_;
  std::unique_ptr<query::WorkloadGroups> workload_groups_;
  std::unique_ptr<query::QueryLanes> lanes_;
  std::unique_ptr<ingest::RowTransforms> row_transforms_;
  std::unique_ptr<ingest::ColumnFiles> parquet_files_;
  std::unique_ptr<ingest::LoadManager> loads_;
  std::unique_ptr<ingest::StreamSourceFactory> streams_;
  std::unique_ptr<ingest::RoutineLoadManager> routine_loads_;
  std::unique_ptr<query::CompactionAdmin> compaction_admin_;
  std::unique_ptr<query::StatementJournal> journal_;
  ConnectionRegistry connections_;
  std::unique_ptr<query::SessionFactory> sessions_;
  std::unique_ptr<MySqlServer> mysql_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace freshet::connectors
