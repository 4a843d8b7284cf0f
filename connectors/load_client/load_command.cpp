#include "connectors/load_client/load_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "connectors/load_client/http_client.h"
#include "connectors/load_client/load_run.h"

namespace freshet::connectors::load_client {

namespace {

constexpr const char* kPasswordVariable = "FRESHET_PASSWORD";
constexpr uint64_t kChunkBytesMin = 1024;
constexpr uint64_t kChunkBytesMax = 1ull << 30;
constexpr uint64_t kJobsMax = 64;
constexpr uint64_t kSecondsMax = 7 * 24 * 3600;
/// The server's limit of 128, less a hash and the numbers behind.
constexpr size_t kLabelBytesMax = 60;

/// The command line, as it was written.
struct Arguments {
  LoadOptions options;
  std::string table;
  std::string url = "http://127.0.0.1:8030";
  std::string password_file;
  std::vector<std::string> headers;
  std::string progress = "auto";
};

Status read_password(const Arguments& arguments, std::string& password) {
  if (!arguments.password_file.empty()) {
    std::ifstream file(arguments.password_file);
    if (!file) return Status::IoError("cannot read the password file {}", arguments.password_file);
    password.assign(std::istreambuf_iterator<char>(file), {});
    while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
  } else if (const char* value = std::getenv(kPasswordVariable); value != nullptr && password.empty()) {
    password = value;
  }
  return Status::OK();
}

Status read_header(const std::string& text, Headers& headers) {
  const size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos || text.find_first_of("\r\n") != std::string::npos) {
    return Status::InvalidArgument("-H '{}' is no header like 'where: amount > 0'", text);
  }
  std::string value = text.substr(colon + 1);
  if (value.starts_with(' ')) value.erase(0, 1);
  headers.emplace_back(text.substr(0, colon), std::move(value));
  return Status::OK();
}

Status settle(Arguments& arguments) {
  LoadOptions& options = arguments.options;
  const size_t dot = arguments.table.find('.');
  if (dot == 0 || dot == std::string::npos || dot + 1 == arguments.table.size()) {
    return Status::InvalidArgument("'{}' is no DATABASE.TABLE", arguments.table);
  }
  options.database = arguments.table.substr(0, dot);
  options.table = arguments.table.substr(dot + 1);
  FRESHET_ASSIGN_OR_RETURN(const HttpAddress address, parse_http_address(arguments.url));
  options.server = address.server;
  FRESHET_RETURN_IF_ERROR(read_password(arguments, options.password));
  for (const std::string& header : arguments.headers) FRESHET_RETURN_IF_ERROR(read_header(header, options.headers));
  options.has_bar = arguments.progress == "bar" || (arguments.progress == "auto" && isatty(STDERR_FILENO) == 1);
  return Status::OK();
}

int run(Arguments& arguments) {
  const Status status = settle(arguments);
  if (status.ok()) return run_load(arguments.options, stdout, stderr);
  std::fprintf(stderr, "freshet load: %s\n", status.message().c_str());
  return kNothingDone;
}

}  // namespace

void add_load_command(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  LoadOptions& options = arguments->options;
  CLI::App* load = app.add_subcommand("load",
                                      "loads files into a table by Stream Load; when it is ended or fails, the same command "
                                      "again loads what is missing. Exit "
                                      "code 0: all is in the table; 1: some is not; 2: nothing was done; 130: interrupted");
  load->add_option("TABLE", arguments->table, "DATABASE.TABLE")->required();
  load->add_option("PATH", options.paths,
                   "files, directories, patterns; '-' is the standard input. The suffix tells format and compression: .csv, "
                   ".tsv, .json, .ndjson, .jsonl, .parquet, with .gz, .zst, .lz4, .bz2 behind it")
      ->required();
  load->add_option("--url", arguments->url, "address of the server's HTTP port")->capture_default_str();
  load->add_option("--user", options.user, "user")->capture_default_str();
  load->add_option("--password-file", arguments->password_file, "file that holds the password");
  load->add_option("--password", options.password,
                   "password; others see it in the list of processes: better --password-file or $FRESHET_PASSWORD");
  load->add_option("--format", options.format, "csv, csv_with_names, tsv, json, ndjson ... instead of the suffix's");
  load->add_option(
      "-H,--header", arguments->headers,
      "'NAME: VALUE', a header of Stream Load (columns, where, max_filter_ratio, ...); without a value it takes "
      "back what the suffix said, as in -H enclose:");
  load->add_option("--label", options.label,
                   "name of this run, for labels that do not come from the files; needed to resume a standard input")
      ->check([](const std::string& text) {
        return text.size() <= kLabelBytesMax ? std::string() : fmt::format("has more than {} bytes", kLabelBytesMax);
      });
  load->add_option(
          "--jobs", options.jobs,
          "loads at once. By default 4 into a DUPLICATE KEY table, else 1, so that the later row of a key replaces the "
          "earlier one")
      ->check(CLI::Range(uint64_t{1}, kJobsMax));
  load->add_option("--chunk-bytes", options.chunk_bytes, "a file is loaded in chunks of this size, cut at rows")
      ->check(CLI::Range(kChunkBytesMin, kChunkBytesMax))
      ->capture_default_str();
  load->add_option("--retry-seconds", options.retry_seconds, "how long a chunk is tried again")
      ->check(CLI::Range(uint64_t{0}, kSecondsMax))
      ->capture_default_str();
  load->add_option("--timeout-seconds", options.answer_seconds, "longest wait for an answer of the server")
      ->check(CLI::Range(uint64_t{1}, kSecondsMax))
      ->capture_default_str();
  load->add_option("--progress", arguments->progress, "auto, bar or lines")
      ->check(CLI::IsMember({"auto", "bar", "lines"}))
      ->capture_default_str();
  load->add_option("--progress-seconds", options.report_seconds, "between two lines of progress")
      ->check(CLI::Range(uint64_t{1}, kSecondsMax))
      ->capture_default_str();
  load->add_flag("--keep-going", options.keeps_going, "goes on with the other chunks when one cannot be loaded");
  load->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace freshet::connectors::load_client
