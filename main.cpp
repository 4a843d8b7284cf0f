#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "config/read_settings.h"
#include "connectors/load_client/load_command.h"
#include "connectors/server/data_paths.h"
#include "connectors/server/server.h"
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

int fail(const std::string& message) {
  std::fprintf(stderr, "freshet: %s\n", message.c_str());
  return 1;
}

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

  Result<std::unique_ptr<connectors::Server>> server = connectors::Server::start(*settings, kVersion);
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
  const connectors::DataPaths paths{data_dir};
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
    const Result<std::string> witness = storage::check_store_witness(connectors::DataPaths{data_dir}.meta());
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
