#include "connectors/server/server.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <system_error>
#include <thread>
#include <utility>

#include "connectors/http/server.h"
#include "connectors/kafka/kafka_source.h"
#include "connectors/mysql/error_map.h"
#include "connectors/mysql/server.h"
#include "connectors/server/metrics_text.h"
#include "connectors/server/server_options.h"
#include "ingest/routine_load.h"
#include "ingest/stream_load.h"
#include "query/accounts/users.h"
#include "query/duckdb/engine.h"
#include "query/duckdb/parquet_files.h"
#include "query/journal/statement_journal.h"
#include "query/session_factory.h"
#include "query/view_statements.h"
#include "query/workload/group_statements.h"
#include "query/workload/query_lanes.h"
#include "storage/base/log.h"
#include "storage/engine/storage_engine.h"
#include "storage/io/local_file_store.h"
#include "storage/meta/rocksdb_meta_store.h"

namespace freshet::connectors {
namespace {

constexpr uint64_t kDrainSeconds = 30;
/// Loads are drained before; this is for what else is being answered.
constexpr uint64_t kHttpDrainSeconds = 5;

/// How the query engine finds older versions of tables.
query::DuckEngine::HistoryProvider older_versions(storage::StorageEngine& storage) {
  return [&storage](const storage::TableSnapshot& table, CommitNumber newest,
                    const std::variant<CommitNumber, int64_t>& point) -> Result<storage::TableSnapshotPtr> {
    if (const auto* version = std::get_if<CommitNumber>(&point)) return storage.table_as_of(table, newest, *version);
    FRESHET_ASSIGN_OR_RETURN(const CommitNumber version, storage.version_at(table, std::get<int64_t>(point)));
    return storage.table_as_of(table, newest, std::min(version, newest));
  };
}

Result<std::shared_ptr<const TlsContext>> tls_of(const config::MysqlSettings& settings, const DataPaths& paths) {
  if (settings.tls_certificate_file.empty()) return TlsContext::load_or_make(paths.tls());
  return TlsContext::load(settings.tls_certificate_file, settings.tls_key_file);
}

/// Writes a file that appears whole or not at all.
Status write_ports(const std::string& path, uint16_t http, uint16_t load, uint16_t mysql) {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary, std::ios::trunc);
  file << fmt::format("{{\"http\": {}, \"load\": {}, \"mysql\": {}}}\n", http, load, mysql);
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) return Status::IoError("cannot write {}", path);
  return Status::OK();
}

/// Where to serve: without a password of root, on this machine alone.
HostPort served_address(const config::Address& address, const query::Users& users, const char* setting) {
  constexpr const char* kThisMachine = "127.0.0.1";
  if (users.root_has_password() || address.host == "localhost" || query::is_loopback(address.host)) {
    return {address.host, address.port};
  }
  log_warning("{} is {}, but root has no password: {} is served instead. Set users.root_password to be reached by others",
              setting, address.to_string(), kThisMachine);
  return {kThisMachine, address.port};
}

Status make_folders(std::initializer_list<std::string> folders) {
  for (const std::string& folder : folders) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Status::IoError("cannot make the folder {}: {}", folder, error.message());
  }
  return Status::OK();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const config::Settings& settings, std::string version) {
  const DataPaths paths{settings.data_dir};
  std::unique_ptr<Server> server(new Server(std::move(version)));
  FRESHET_RETURN_IF_ERROR(server->open_storage(settings, paths));
  FRESHET_RETURN_IF_ERROR(server->open_queries(settings, paths));
  FRESHET_RETURN_IF_ERROR(server->open_loads(settings, paths));
  FRESHET_RETURN_IF_ERROR(server->listen(settings, paths));
  return server;
}

Server::Server(std::string version) : version_(std::move(version)) {}
Server::~Server() = default;

void Server::stop() {
  log_info("stopping: running loads may finish for {} s", kDrainSeconds);
  loads_->drain(kDrainSeconds);
  storage_->stop_waiting();
  http_->stop();
  routine_loads_->shutdown();
  mysql_->stop();
  storage_->stop();
  log_info("stopped");
}

Status Server::open_storage(const config::Settings& settings, const DataPaths& paths) {
  std::error_code error;
  FRESHET_RETURN_IF_ERROR(make_folders({paths.root, paths.error_logs()}));
  std::filesystem::remove(paths.ports(), error);
  FRESHET_ASSIGN_OR_RETURN(auto meta, storage::open_rocksdb_meta_store(paths.meta(), {}));
  // The data directory is this server's now: what a server that is gone spilled and spooled is nobody's.
  std::filesystem::remove_all(paths.temporary(), error);
  FRESHET_RETURN_IF_ERROR(make_folders({paths.bodies(), paths.spilled()}));
  FRESHET_ASSIGN_OR_RETURN(auto files, storage::open_local_file_store(paths.segments(), open_segment_files(settings)));
  FRESHET_ASSIGN_OR_RETURN(storage_,
                           storage::StorageEngine::open(std::move(meta), std::move(files), storage_options(settings)));
  return Status::OK();
}

Status Server::open_queries(const config::Settings& settings, const DataPaths& paths) {
  FRESHET_ASSIGN_OR_RETURN(views_, query::Views::open(*storage_));
  FRESHET_ASSIGN_OR_RETURN(const query::SecretBox secrets, query::SecretBox::open(paths.keys()));
  FRESHET_ASSIGN_OR_RETURN(users_, query::Users::open(*storage_, secrets, settings.users.root_password));
  FRESHET_ASSIGN_OR_RETURN(workload_groups_, query::WorkloadGroups::open(*storage_, normal_group(settings.query),
                                                                         std::max(1u, std::thread::hardware_concurrency())));
  query::QueryLaneOptions options = lane_options(settings, paths);
  options.engine.views = query::engine_views(*views_, MySqlServerOptions().server_version);
  options.engine.catalogue = {[this] { return connections_.list(); }, [this] { return routine_loads_->list("", true); },
                              [this] { return metrics(); }, [this] { return views_->all(); },
                              [this] { return query::workload_group_rows(*workload_groups_); }};
  options.engine.catalogue.privileges = [this] { return users_->given_privileges(); };
  options.engine.catalogue.view_columns = [this](const query::View& view) {
    return query::view_columns(*lanes_->small_engine().connect(), view);
  };
  const auto open_engine = [this](const query::DuckEngineOptions& engine) {
    return query::DuckEngine::open([this] { return storage_->snapshot(); }, older_versions(*storage_), engine);
  };
  FRESHET_ASSIGN_OR_RETURN(lanes_, query::QueryLanes::open(*workload_groups_, open_engine, options));
  return Status::OK();
}

Status Server::open_loads(const config::Settings& settings, const DataPaths& paths) {
  FRESHET_ASSIGN_OR_RETURN(const query::SecretBox secrets, query::SecretBox::open(paths.keys()));
  row_transforms_ = lanes_->row_transforms();
  ingest::IngestOptions load_options = ingest_options(settings, paths);
  load_options.transforms = row_transforms_.get();
  parquet_files_ = query::make_parquet_files({settings.ingest.parquet_memory_bytes, paths.bodies()});
  load_options.column_files = parquet_files_.get();
  FRESHET_ASSIGN_OR_RETURN(loads_, ingest::LoadManager::create(*storage_, load_options));
  streams_ = std::make_unique<KafkaSourceFactory>(static_cast<int>(settings.kafka.request_timeout_ms));
  ingest::RoutineLoadOptions stream_options = routine_load_options(settings.kafka);
  stream_options.secrets = {[secrets](std::string_view text) { return secrets.seal(text); },
                            [secrets](std::string_view sealed) { return secrets.unseal(sealed); }};
  stream_options.may_load = [this](const auto&... names) { return users_->check_load(names...); };
  FRESHET_ASSIGN_OR_RETURN(routine_loads_,
                           ingest::RoutineLoadManager::create(*storage_, *loads_, *streams_, stream_options));
  FRESHET_ASSIGN_OR_RETURN(journal_, query::StatementJournal::open(journal_options(settings.log, paths)));
  compaction_admin_ = std::make_unique<query::CompactionAdmin>(*storage_);
  return Status::OK();
}

Status Server::listen(const config::Settings& settings, const DataPaths& paths) {
  HttpServerOptions http_options;
  http_options.address = served_address(settings.http.address, *users_, "http.address");
  http_options.load_address = served_address(settings.http.load_address, *users_, "http.load_address");
  http_options.open_metrics = settings.http.open_metrics;
  http_options.redirects_with_credentials = settings.http.redirects_with_credentials;
  http_options.max_connections = settings.http.max_connections;
  http_options.max_body_bytes = settings.http.max_body_bytes;
  http_options.hang_up_check = std::chrono::milliseconds(settings.query.hang_up_check_ms);
  http_options.drain_timeout_seconds = kHttpDrainSeconds;
  http_options.version = version_;
  const std::string http_host = http_options.address.host;
  HttpServices http_services{*loads_,
                             *users_,
                             [this] { return metrics(); },
                             [this] { return storage_->health(); },
                             compaction_admin_.get(),
                             nullptr,
                             [this](const std::string& database, const std::string& table) {
                               return query::table_facts(*storage_, database, table);
                             }};
  MySqlServerOptions mysql_options;
  mysql_options.address = served_address(settings.mysql.address, *users_, "mysql.address");
  mysql_options.max_connections = settings.mysql.max_connections;
  mysql_options.busy_wait = std::chrono::microseconds(settings.mysql.busy_wait_microseconds);
  mysql_options.hang_up_check = http_options.hang_up_check;
  FRESHET_ASSIGN_OR_RETURN(mysql_options.tls, tls_of(settings.mysql, paths));
  mysql_options.require_tls = settings.mysql.require_tls;
  query::QueryServices services{
      *storage_,
      *loads_,
      *routine_loads_,
      *lanes_,
      connections_,
      *journal_,
      views_.get(),
      mysql_options.server_version,
      [this] { return http_port_.load(); },
      [this] { return load_port_.load(); },
      [this] { return mysql_port_.load(); },
      settings.query.write_attempts,
      settings.query.transaction_bytes,
      {std::chrono::seconds(settings.query.timeout_seconds), std::chrono::seconds(settings.query.write_timeout_seconds)},
      nullptr,
      settings.mysql.idle_timeout_seconds,
      settings.mysql.max_open_cursors,
      settings.mysql.max_connections,
      [](const Status& failed) { return mysql::map_error(failed).number; }};
  services.users = users_.get();
  sessions_ = query::make_session_factory(services);
  FRESHET_ASSIGN_OR_RETURN(mysql_, MySqlServer::start(mysql_options, {*sessions_, *users_, connections_}));
  http_options.mysql_port = mysql_->port();
  http_services.sessions = sessions_.get();
  FRESHET_ASSIGN_OR_RETURN(http_, HttpServer::start(http_options, std::move(http_services)));
  mysql_port_ = mysql_->port();
  http_port_ = http_->port();
  load_port_ = http_->load_port();
  FRESHET_RETURN_IF_ERROR(routine_loads_->start());
  FRESHET_RETURN_IF_ERROR(write_ports(paths.ports(), http_->port(), http_->load_port(), mysql_->port()));
  if (!users_->root_has_password())
    log_warning("root has no password: only this machine is served, until users.root_password is set");
  log_info("freshet {} serves HTTP on {}:{}, loads on port {} and MySQL on {}:{}, data in {}", version_, http_host,
           http_->port(), http_->load_port(), mysql_options.address.host, mysql_->port(), settings.data_dir);
  return Status::OK();
}

std::string Server::metrics() const {
  return metrics_text({*storage_, *loads_, *routine_loads_, *journal_, *lanes_, *mysql_, connections_});
}

}  // namespace freshet::connectors
