#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "config/read_settings.h"
#include "connectors/http/server.h"
#include "connectors/kafka/kafka_source.h"
#include "connectors/load_client/load_command.h"
#include "connectors/mysql/error_map.h"
#include "connectors/mysql/server.h"
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
#include "server_metrics.h"
#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/engine/storage_engine.h"
#include "storage/io/local_file_store.h"
#include "storage/meta/rocksdb_meta_store.h"

namespace freshet {
namespace {

constexpr const char* kVersion = FRESHET_VERSION;
/// Exit code of every command for arguments that it does not take.
constexpr int kWrongArguments = 2;
constexpr uint64_t kDrainSeconds = 30;
/// Loads are drained before; this is for what else is being answered.
constexpr uint64_t kHttpDrainSeconds = 5;

int fail(const std::string& message) {
  std::fprintf(stderr, "freshet: %s\n", message.c_str());
  return 1;
}

/// Where things lie in a data directory.
struct DataPaths {
  std::filesystem::path root;
  std::string meta() const { return root / "meta"; }
  std::string segments() const { return root / "segments"; }
  std::string error_logs() const { return root / "error_logs"; }
  std::string temporary() const { return root / "temporary"; }
  std::string bodies() const { return root / "temporary" / "bodies"; }
  std::string spilled() const { return root / "temporary" / "queries"; }
  std::string ports() const { return root / "ports.json"; }
  std::string tls() const { return root / "tls"; }
  std::string logs() const { return root / "logs"; }
  std::string keys() const { return root / "keys"; }
};

/// How many segment files may be open: as the settings say, or half of what the system allows; first it is asked for all it
/// allows.
size_t open_segment_files(const config::Settings& settings) {
  constexpr uint64_t kFewest = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewest;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  const uint64_t half = std::max<uint64_t>(kFewest, limit.rlim_cur / 2);
  return settings.storage.open_files == 0 ? half : std::min(settings.storage.open_files, half);
}

storage::StorageOptions storage_options(const config::Settings& settings) {
  storage::StorageOptions options;
  options.page_cache_bytes = settings.memory.page_cache_bytes;
  options.load_memory_bytes = settings.memory.load_bytes;
  options.delta_memory_bytes = settings.memory.delta_bytes;
  options.compaction_memory_bytes = settings.memory.compaction_bytes;
  options.memory_wait_seconds = settings.memory.wait_seconds;
  options.small_commit_bytes = settings.storage.small_commit_bytes;
  options.dependent_rows = settings.storage.dependent_rows;
  options.delta_flush_bytes = settings.storage.delta_flush_bytes;
  options.delta_flush_rows = settings.storage.delta_flush_rows;
  options.delta_flush_seconds = settings.storage.delta_flush_seconds;
  options.delete_fold_commits = settings.storage.delete_fold_commits;
  options.disk_reserve_bytes = settings.storage.disk_reserve_bytes;
  options.disk_full_wait_seconds = settings.storage.disk_full_wait_seconds;
  options.quarantine_keep_seconds = settings.storage.quarantine_keep_seconds;
  options.compaction_trigger_segments = static_cast<uint32_t>(settings.compaction.trigger_segments);
  options.compaction_max_segments = static_cast<uint32_t>(settings.compaction.max_segments);
  options.compaction_dead_fraction = settings.compaction.dead_fraction;
  options.compaction_base_fraction = settings.compaction.base_fraction;
  options.compaction_bytes_per_second = settings.compaction.rate_bytes_per_second;
  options.tombstone_keep_seconds = settings.compaction.tombstone_keep_seconds;
  options.compaction_threads = static_cast<uint32_t>(settings.compaction.threads);
  options.label_keep_seconds = settings.storage.label_keep_seconds;
  options.label_limit = settings.storage.label_limit;
  options.precommit_timeout_seconds = settings.storage.precommit_timeout_seconds;
  options.precommitted_limit = settings.storage.precommitted_limit;
  options.history_versions = settings.storage.history_versions;
  return options;
}

/// How the query engine finds older versions of tables.
query::DuckEngine::HistoryProvider older_versions(storage::StorageEngine& storage) {
  return [&storage](const storage::TableSnapshot& table, CommitNumber newest,
                    const std::variant<CommitNumber, int64_t>& point) -> Result<storage::TableSnapshotPtr> {
    if (const auto* version = std::get_if<CommitNumber>(&point)) return storage.table_as_of(table, newest, *version);
    FRESHET_ASSIGN_OR_RETURN(const CommitNumber version, storage.version_at(table, std::get<int64_t>(point)));
    return storage.table_as_of(table, newest, std::min(version, newest));
  };
}

ingest::IngestOptions ingest_options(const config::Settings& settings, const DataPaths& paths) {
  ingest::IngestOptions options;
  options.memtable_bytes = settings.storage.memtable_bytes;
  options.max_row_bytes = settings.ingest.max_row_bytes;
  options.max_running_loads = settings.ingest.max_running_loads;
  options.silent_load_seconds = settings.ingest.silent_load_seconds;
  options.finished_loads_kept = settings.ingest.finished_loads_kept;
  options.load_timeout_seconds = settings.ingest.load_timeout_seconds;
  options.expansion = {settings.ingest.max_decompressed_bytes, settings.ingest.max_expansion_ratio};
  options.error_rows_kept = settings.ingest.error_log_rows;
  options.error_logs_kept = settings.ingest.error_logs_kept;
  options.error_log_directory = paths.error_logs();
  options.spool = {paths.bodies(), settings.ingest.max_spooled_bytes};
  options.arrow_batch_bytes = settings.ingest.max_arrow_batch_bytes;
  return options;
}

query::StatementJournal::Options journal_options(const config::LogSettings& settings, const DataPaths& paths) {
  query::StatementJournal::Options options;
  options.folder = paths.logs();
  options.slow = std::chrono::milliseconds(settings.slow_statement_ms);
  options.audits = settings.audit;
  options.max_file_bytes = settings.max_file_bytes;
  options.old_files = settings.old_files;
  options.max_statement_bytes = settings.max_statement_bytes;
  return options;
}

Result<std::shared_ptr<const connectors::TlsContext>> tls_of(const config::MysqlSettings& settings, const DataPaths& paths) {
  if (settings.tls_certificate_file.empty()) return connectors::TlsContext::load_or_make(paths.tls());
  return connectors::TlsContext::load(settings.tls_certificate_file, settings.tls_key_file);
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
connectors::HostPort served_address(const config::Address& address, const query::Users& users, const char* setting) {
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

/// The workload group of queries that name none, where ALTER has given it nothing else.
query::WorkloadGroup normal_group(const config::QuerySettings& settings) {
  query::WorkloadGroup group;
  group.max_concurrency = settings.big_concurrency;
  group.max_queue_size = settings.big_queue_length;
  group.queue_timeout_milliseconds = settings.big_queue_seconds * 1000;
  return group;
}

query::QueryLaneOptions lane_options_of(const config::Settings& settings, const DataPaths& paths) {
  query::QueryLaneOptions options;
  options.engine.threads = static_cast<uint32_t>(settings.query.duckdb_threads);
  options.engine.temp_directory = paths.spilled();
  options.engine.temp_bytes = settings.query.spill_bytes;
  options.memory_bytes = settings.memory.query_bytes - settings.memory.small_query_bytes;
  options.small_memory_bytes = settings.memory.small_query_bytes;
  options.small_scan_bytes = settings.query.small_scan_bytes;
  options.small_time = std::chrono::milliseconds(settings.query.small_milliseconds);
  options.small_concurrency = settings.query.small_concurrency;
  return options;
}

/// The whole server: parts are built in the order of their dependencies and destroyed in the reverse one.
class Server {
 public:
  static Result<std::unique_ptr<Server>> start(const config::Settings& settings) {
    auto server = std::make_unique<Server>();
    FRESHET_RETURN_IF_ERROR(server->build(settings));
    return server;
  }

  /// Ends loads and streams cleanly, then everything else.
  void stop() {
    log_info("stopping: running loads may finish for {} s", kDrainSeconds);
    loads_->drain(kDrainSeconds);
    storage_->stop_waiting();
    http_->stop();
    routine_loads_->shutdown();
    mysql_->stop();
    storage_->stop();
    log_info("stopped");
  }

 private:
  Status build(const config::Settings& settings) {
    const DataPaths paths{settings.data_dir};
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
    FRESHET_ASSIGN_OR_RETURN(views_, query::Views::open(*storage_));
    FRESHET_ASSIGN_OR_RETURN(const query::SecretBox secrets, query::SecretBox::open(paths.keys()));
    FRESHET_ASSIGN_OR_RETURN(users_, query::Users::open(*storage_, secrets, settings.users.root_password));
    FRESHET_ASSIGN_OR_RETURN(workload_groups_,
                             query::WorkloadGroups::open(*storage_, normal_group(settings.query),
                                                         std::max(1u, std::thread::hardware_concurrency())));
    query::QueryLaneOptions lane_options = lane_options_of(settings, paths);
    lane_options.engine.views = query::engine_views(*views_, connectors::MySqlServerOptions().server_version);
    lane_options.engine.catalogue = {[this] { return connections_.list(); },
                                     [this] { return routine_loads_->list("", true); }, [this] { return metrics(); },
                                     [this] { return views_->all(); },
                                     [this] { return query::workload_group_rows(*workload_groups_); }};
    lane_options.engine.catalogue.privileges = [this] { return users_->given_privileges(); };
    lane_options.engine.catalogue.view_columns = [this](const query::View& view) {
      return query::view_columns(*lanes_->small_engine().connect(), view);
    };
    const auto open_engine = [this](const query::DuckEngineOptions& options) {
      return query::DuckEngine::open([this] { return storage_->snapshot(); }, older_versions(*storage_), options);
    };
    FRESHET_ASSIGN_OR_RETURN(lanes_, query::QueryLanes::open(*workload_groups_, open_engine, lane_options));
    row_transforms_ = lanes_->row_transforms();
    ingest::IngestOptions load_options = ingest_options(settings, paths);
    load_options.transforms = row_transforms_.get();
    parquet_files_ = query::make_parquet_files({settings.ingest.parquet_memory_bytes, paths.bodies()});
    load_options.column_files = parquet_files_.get();
    FRESHET_ASSIGN_OR_RETURN(loads_, ingest::LoadManager::create(*storage_, load_options));
    streams_ = std::make_unique<connectors::KafkaSourceFactory>(static_cast<int>(settings.kafka.request_timeout_ms));
    ingest::RoutineLoadOptions stream_options;
    stream_options.min_commit_interval_ms = settings.kafka.min_commit_interval_ms;
    stream_options.poll_timeout_ms = static_cast<int>(settings.kafka.poll_timeout_ms);
    stream_options.retry_backoff_ms_max = settings.kafka.retry_backoff_ms_max;
    stream_options.lasting_error_retries = settings.kafka.lasting_error_retries;
    stream_options.secrets = {[secrets](std::string_view text) { return secrets.seal(text); },
                              [secrets](std::string_view sealed) { return secrets.unseal(sealed); }};
    stream_options.may_load = [this](const auto&... names) { return users_->check_load(names...); };
    FRESHET_ASSIGN_OR_RETURN(routine_loads_,
                             ingest::RoutineLoadManager::create(*storage_, *loads_, *streams_, stream_options));
    FRESHET_ASSIGN_OR_RETURN(journal_, query::StatementJournal::open(journal_options(settings.log, paths)));
    compaction_admin_ = std::make_unique<query::CompactionAdmin>(*storage_);
    return listen(settings, paths);
  }

  Status listen(const config::Settings& settings, const DataPaths& paths) {
    connectors::HttpServerOptions http_options;
    http_options.address = served_address(settings.http.address, *users_, "http.address");
    http_options.load_address = served_address(settings.http.load_address, *users_, "http.load_address");
    http_options.open_metrics = settings.http.open_metrics;
    http_options.redirects_with_credentials = settings.http.redirects_with_credentials;
    http_options.max_connections = settings.http.max_connections;
    http_options.max_body_bytes = settings.http.max_body_bytes;
    http_options.hang_up_check = std::chrono::milliseconds(settings.query.hang_up_check_ms);
    http_options.drain_timeout_seconds = kHttpDrainSeconds;
    http_options.version = kVersion;
    const std::string http_host = http_options.address.host;
    connectors::HttpServices http_services{*loads_,
                                           *users_,
                                           [this] { return metrics(); },
                                           [this] { return storage_->health(); },
                                           compaction_admin_.get(),
                                           nullptr,
                                           [this](const std::string& database, const std::string& table) {
                                             return query::table_facts(*storage_, database, table);
                                           }};
    connectors::MySqlServerOptions mysql_options;
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
        [](const Status& failed) { return connectors::mysql::map_error(failed).number; }};
    services.users = users_.get();
    sessions_ = query::make_session_factory(services);
    FRESHET_ASSIGN_OR_RETURN(mysql_, connectors::MySqlServer::start(mysql_options, {*sessions_, *users_, connections_}));
    http_options.mysql_port = mysql_->port();
    http_services.sessions = sessions_.get();
    FRESHET_ASSIGN_OR_RETURN(http_, connectors::HttpServer::start(http_options, std::move(http_services)));
    mysql_port_ = mysql_->port();
    http_port_ = http_->port();
    load_port_ = http_->load_port();
    FRESHET_RETURN_IF_ERROR(routine_loads_->start());
    FRESHET_RETURN_IF_ERROR(write_ports(paths.ports(), http_->port(), http_->load_port(), mysql_->port()));
    if (!users_->root_has_password())
      log_warning("root has no password: only this machine is served, until users.root_password is set");
    log_info("freshet {} serves HTTP on {}:{}, loads on port {} and MySQL on {}:{}, data in {}", kVersion, http_host,
             http_->port(), http_->load_port(), mysql_options.address.host, mysql_->port(), settings.data_dir);
    return Status::OK();
  }

  std::string metrics() const {
    return metrics_text({*storage_, *loads_, *routine_loads_, *journal_, *lanes_, *mysql_, connections_});
  }

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
  connectors::ConnectionRegistry connections_;
  std::unique_ptr<query::SessionFactory> sessions_;
  std::unique_ptr<connectors::MySqlServer> mysql_;
  std::unique_ptr<connectors::HttpServer> http_;
};

struct ServerArguments {
  std::string config_file;
  std::string data_dir;
  std::string http_address;
  std::string load_address;
  std::string mysql_address;
};

/// Memory of the machine, or of the container when that has less (control groups, version 2 and 1).
uint64_t machine_memory_bytes() {
  auto bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    uint64_t limit = 0;
    if (file >> limit && limit > 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

/// Settings from defaults, the file, and the command line, in this order. Problems are printed.
std::optional<config::Settings> read_settings(const ServerArguments& arguments) {
  config::Settings settings;
  config::ConfigProblems problems;
  auto add = [&](const config::ConfigProblems& more) { problems.insert(problems.end(), more.begin(), more.end()); };
  if (!arguments.config_file.empty()) add(config::read_settings_file(arguments.config_file, settings));
  if (!arguments.data_dir.empty()) settings.data_dir = arguments.data_dir;
  if (!arguments.http_address.empty()) add(config::set_setting(settings, "http.address", arguments.http_address));
  if (!arguments.load_address.empty()) add(config::set_setting(settings, "http.load_address", arguments.load_address));
  if (!arguments.mysql_address.empty()) add(config::set_setting(settings, "mysql.address", arguments.mysql_address));
  if (problems.empty()) add(config::check_settings(settings));
  if (problems.empty()) {
    config::size_for_machine(settings, std::max(1u, std::thread::hardware_concurrency()), machine_memory_bytes());
    add(config::check_memory(settings));
  }
  for (const config::ConfigProblem& problem : problems) {
    std::fprintf(stderr, "freshet: %s\n", problem.to_string().c_str());
  }
  if (!problems.empty()) return std::nullopt;
  return settings;
}

void set_log_level(const std::string& level) {
  if (level == "debug") set_log_level(LogLevel::kDebug);
  if (level == "warning") set_log_level(LogLevel::kWarning);
  if (level == "error") set_log_level(LogLevel::kError);
}

int run_server(const ServerArguments& arguments) {
  const std::optional<config::Settings> settings = read_settings(arguments);
  if (!settings) return 1;
  set_log_level(settings->log.level);
  if (const char* failpoints = std::getenv("FRESHET_FAILPOINTS")) {
    const Status armed = arm_failpoints(failpoints);
    if (!armed.ok()) return fail(armed.message());
  }
  signal(SIGPIPE, SIG_IGN);
  umask(S_IRWXG | S_IRWXO);  // what the tables hold is for who may log in, not for all accounts of the machine
  sigset_t endings;
  sigemptyset(&endings);
  sigaddset(&endings, SIGTERM);
  sigaddset(&endings, SIGINT);
  pthread_sigmask(SIG_BLOCK, &endings, nullptr);  // inherited by every thread: only this one takes them

  Result<std::unique_ptr<Server>> server = Server::start(*settings);
  if (!server.ok()) return fail(server.status().message());
  int received = 0;
  sigwait(&endings, &received);
  (*server)->stop();
  return 0;
}

/// A stopped data directory, opened for reading only.
struct StoppedData {
  std::unique_ptr<storage::MetaStore> meta;
  std::unique_ptr<storage::FileStore> files;
};

Result<StoppedData> open_stopped(const std::string& data_dir) {
  const DataPaths paths{data_dir};
  if (!std::filesystem::is_directory(paths.meta())) {
    if (!std::filesystem::is_directory(paths.segments()))
      return Status::NotFound("{} is no data directory of Freshet", data_dir);
    return Status::Corruption("{} has segment files, but its metadata, {}, is gone", data_dir, paths.meta());
  }
  storage::RocksDbOptions options;
  options.read_only = true;
  StoppedData data;
  FRESHET_ASSIGN_OR_RETURN(data.meta, storage::open_rocksdb_meta_store(paths.meta(), options));
  FRESHET_ASSIGN_OR_RETURN(data.files, storage::open_local_file_store(paths.segments()));
  return data;
}

/// Exit codes of `freshet check`.
constexpr int kCheckClean = 0;
constexpr int kCheckDamaged = 1;
constexpr int kCheckImpossible = 2;

int run_check(const std::string& data_dir) {
  std::vector<std::string> problems;
  std::vector<std::string> left_over;
  Result<StoppedData> data = open_stopped(data_dir);
  Status checked = data.status();
  if (checked.ok()) checked = storage::check_data_directory(*data->meta, *data->files, problems, &left_over);
  if (checked.ok()) {
    const Result<std::string> witness = storage::check_store_witness(DataPaths{data_dir}.meta());
    checked = witness.status();
    if (witness.ok() && !witness->empty()) left_over.push_back(*witness);
  }
  if (checked.code() == StatusCode::kCorruption) {
    problems.push_back(checked.message() +
                       ". The server does not start with it. Remedy: restore the data directory from a backup");
  } else if (!checked.ok()) {
    fail(checked.message());
    return kCheckImpossible;
  }
  for (const std::string& problem : problems) std::printf("%s\n", problem.c_str());
  for (const std::string& file : left_over) std::printf("note: %s\n", file.c_str());
  std::printf("%zu problems in %s\n", problems.size(), data_dir.c_str());
  return problems.empty() ? kCheckClean : kCheckDamaged;
}

/// A segment file, or the metadata of a data directory.
int run_inspect(const std::string& path) {
  std::string text;
  if (std::filesystem::is_directory(path)) {
    Result<StoppedData> data = open_stopped(path);
    if (!data.ok()) return fail(data.status().message());
    const Status dumped = storage::dump_metadata(*data->meta, text);
    if (!dumped.ok()) return fail(dumped.message());
  } else {
    const std::filesystem::path file(path);
    if (!std::filesystem::is_regular_file(file)) return fail(path + " is neither a segment file nor a data directory");
    auto files = storage::open_local_file_store(file.has_parent_path() ? file.parent_path().string() : ".");
    if (!files.ok()) return fail(files.status().message());
    Result<std::string> dumped = storage::dump_segment(**files, file.filename());
    if (!dumped.ok()) return fail(dumped.status().message());
    text = std::move(*dumped);
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace freshet

int main(int argc, char** argv) {
  CLI::App app{"Freshet: a real-time upsert database"};
  app.require_subcommand(1);
  int exit_code = 0;

  freshet::ServerArguments arguments;
  CLI::App* server = app.add_subcommand("server", "runs the server until SIGTERM or SIGINT");
  server->add_option("--config", arguments.config_file, "YAML file; see config/freshet.yaml");
  server->add_option("--data-dir", arguments.data_dir, "folder of all data");
  server->add_option("--http-address", arguments.http_address, "HOST:PORT of HTTP; port 0 picks a free one");
  server->add_option("--load-address", arguments.load_address,
                     "HOST:PORT of the second port for loads; port 0 picks a free one");
  server->add_option("--mysql-address", arguments.mysql_address, "HOST:PORT of the MySQL protocol; port 0 picks a free one");
  server->callback([&] { exit_code = freshet::run_server(arguments); });

  freshet::connectors::load_client::add_load_command(app, exit_code);

  std::string path;
  CLI::App* inspect = app.add_subcommand("inspect", "prints a segment file, or the metadata of a stopped data directory");
  inspect->add_option("PATH", path, "segment file or data directory")->required();
  inspect->callback([&] { exit_code = freshet::run_inspect(path); });

  CLI::App* check = app.add_subcommand(
      "check", "verifies a stopped data directory; exit code 1 when it is damaged, 2 when it cannot be checked");
  check->add_option("DATA_DIR", path, "data directory")->required();
  check->callback([&] { exit_code = freshet::run_check(path); });

  app.add_subcommand("version", "prints the version")->callback([] { std::printf("freshet %s\n", freshet::kVersion); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : freshet::kWrongArguments;
  }
  return exit_code;
}
