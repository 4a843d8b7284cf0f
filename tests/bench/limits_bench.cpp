/// What this machine can do at most, to read benchmarks beside: finding the fields of a CSV file and of JSON lines and
/// nothing else, copying memory, writing and syncing a file, a round trip over the loopback. All cores work where a load
/// uses all.
///
///   limits_bench CSV_FILE JSON_FILE FOLDER
///
/// Prints lines of name, value, unit.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 5;
constexpr size_t kCopyBytes = size_t{256} << 20;
constexpr size_t kFileBytes = size_t{256} << 20;
constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr size_t kLogRecordBytes = 4096;
constexpr int kLogRecords = 400;
constexpr int kRoundTrips = 10'000;
constexpr size_t kMessageBytes = 64;
constexpr size_t kParseBatchBytes = size_t{1} << 20;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

void must(bool is_fine, const char* what) {
  if (!is_fine) fail(what);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void print(const char* name, double value, const char* unit) { std::printf("%s\t%.6g\t%s\n", name, value, unit); }

std::string content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  must(file.good(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The shortest of some rounds.
double best_seconds(const std::function<void()>& work) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = Clock::now();
    work();
    best = std::min(best, seconds_since(begin));
  }
  return best;
}

/// Whole lines of `text` for each core.
std::vector<std::string_view> shares_of(std::string_view text) {
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string_view> shares;
  for (size_t begin = 0, core = 1; core <= cores; ++core) {
    size_t end = core == cores ? text.size() : std::max(begin, text.size() * core / cores);
    while (end < text.size() && end > 0 && text[end - 1] != '\n') ++end;
    shares.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return shares;
}

/// Runs `count_rows` of each share in a thread of its own; the sum of what it returns.
size_t on_all_cores(const std::vector<std::string_view>& shares, size_t (*count_rows)(std::string_view)) {
  std::vector<size_t> rows(shares.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < shares.size(); ++i) threads.emplace_back([&, i] { rows[i] = count_rows(shares[i]); });
  for (std::thread& thread : threads) thread.join();
  size_t sum = 0;
  for (const size_t count : rows) sum += count;
  return sum;
}

size_t csv_rows(std::string_view text) {
  size_t rows = 0, fields = 0;
  for (const char *at = text.data(), *end = at + text.size(); at < end; ++rows) {
    const auto* line_end = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (line_end == nullptr) line_end = end;
    while (const auto* comma = static_cast<const char*>(std::memchr(at, ',', static_cast<size_t>(line_end - at)))) {
      ++fields;
      at = comma + 1;
    }
    at = line_end + 1;
  }
  must(fields > 0, "the CSV file has no fields");
  return rows;
}

size_t json_rows(std::string_view text) {
  namespace ondemand = simdjson::ondemand;
  const simdjson::padded_string padded(text);
  ondemand::parser parser;
  ondemand::document_stream documents;
  must(parser.iterate_many(padded, kParseBatchBytes).get(documents) == simdjson::SUCCESS, "simdjson");
  size_t rows = 0, bytes = 0;
  for (auto document : documents) {
    for (auto field : document.get_object()) bytes += std::string_view(field.value().raw_json_token()).size();
    ++rows;
  }
  must(bytes > 0, "the JSON file has no values");
  return rows;
}

void measure_parsing(const char* name, const std::string& text, size_t (*count_rows)(std::string_view)) {
  const std::vector<std::string_view> shares = shares_of(text);
  size_t rows = 0;
  const double seconds = best_seconds([&] { rows = on_all_cores(shares, count_rows); });
  print((std::string(name) + "_rows").c_str(), static_cast<double>(rows) / seconds, "rows/s");
  print((std::string(name) + "_bytes").c_str(), static_cast<double>(text.size()) / seconds, "bytes/s");
}

void measure_memory() {
  const std::vector<char> from(kCopyBytes, 'x');
  std::vector<char> to(kCopyBytes);
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const double seconds = best_seconds([&] {
    std::vector<std::thread> threads;
    for (size_t core = 0; core < cores; ++core) {
      const size_t begin = kCopyBytes * core / cores, end = kCopyBytes * (core + 1) / cores;
      threads.emplace_back([&, begin, end] { std::memcpy(to.data() + begin, from.data() + begin, end - begin); });
    }
    for (std::thread& thread : threads) thread.join();
  });
  must(to.back() == 'x', "memcpy");
  print("memcpy", static_cast<double>(kCopyBytes) / seconds, "bytes/s");
}

void measure_disk(const std::string& folder) {
  const std::string path = folder + "/limits_bench.data";
  const std::vector<char> piece(kPieceBytes, 'x');
  const double seconds = best_seconds([&] {
    const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    must(file >= 0, path.c_str());
    for (size_t written = 0; written < kFileBytes; written += piece.size()) {
      must(write(file, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()), "write");
    }
    must(fsync(file) == 0, "fsync");
    close(file);
  });
  print("write_and_sync", static_cast<double>(kFileBytes) / seconds, "bytes/s");

  const int log = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  must(log >= 0, path.c_str());
  std::vector<double> micros;
  for (int i = 0; i < kLogRecords; ++i) {
    const auto begin = Clock::now();
    must(write(log, piece.data(), kLogRecordBytes) == static_cast<ssize_t>(kLogRecordBytes), "write");
    must(fdatasync(log) == 0, "fdatasync");
    micros.push_back(seconds_since(begin) * 1e6);
  }
  close(log);
  unlink(path.c_str());
  std::sort(micros.begin(), micros.end());
  print("sync_median", micros[micros.size() / 2] / 1000, "ms");
  print("sync_p99", micros[micros.size() * 99 / 100] / 1000, "ms");
}

/// Both ends of a TCP connection over the loopback.
struct Connection {
  Connection() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* where = reinterpret_cast<sockaddr*>(&address);
    must(bind(listener, where, length) == 0 && listen(listener, 1) == 0, "listen");
    must(getsockname(listener, where, &length) == 0, "getsockname");
    client = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(client, where, length) == 0, "connect");
    server = accept(listener, nullptr, nullptr);
    must(server >= 0, "accept");
    close(listener);
    const int one = 1;
    for (const int end : {client, server}) setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  }
  ~Connection() {
    close(client);
    close(server);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int client = -1;
  int server = -1;
};

bool receive(int socket, char* out, size_t bytes) {
  for (size_t got = 0; got < bytes;) {
    const ssize_t more = recv(socket, out + got, bytes - got, 0);
    if (more <= 0) return false;
    got += static_cast<size_t>(more);
  }
  return true;
}

/// Round trips a second over some connections at once, each between two threads.
double round_trips_a_second(size_t connections) {
  std::vector<Connection> pairs(connections);
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (Connection& pair : pairs) {
    threads.emplace_back([&pair] {
      char message[kMessageBytes];
      for (int i = 0; i < kRoundTrips && receive(pair.server, message, sizeof(message)); ++i) {
        must(send(pair.server, message, sizeof(message), 0) == sizeof(message), "send");
      }
    });
    threads.emplace_back([&pair] {
      char message[kMessageBytes] = {};
      for (int i = 0; i < kRoundTrips; ++i) {
        must(send(pair.client, message, sizeof(message), 0) == sizeof(message), "send");
        must(receive(pair.client, message, sizeof(message)), "recv");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(connections) * kRoundTrips / seconds_since(begin);
}

void measure_loopback() {
  for (const size_t connections : {1, 16, 64}) {
    double best = 0;
    for (int round = 0; round < kRounds; ++round) best = std::max(best, round_trips_a_second(connections));
    print(("round_trips_" + std::to_string(connections)).c_str(), best, "round trips/s");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "limits_bench CSV_FILE JSON_FILE FOLDER\n");
    return 2;
  }
  measure_parsing("csv", content_of(argv[1]), csv_rows);
  measure_parsing("json", content_of(argv[2]), json_rows);
  measure_memory();
  measure_disk(argv[3]);
  measure_loopback();
  return 0;
}
