/// Clients that load small bodies of random orders over HTTP, each as fast as it is answered, over a connection that stays
/// open:
///
///   small_loads_client PORT DATABASE TABLE CLIENTS SECONDS BODY_BYTES KEYS GROUP_COMMIT_MODE
///
/// Prints loads, rows, seconds, and the median and 99th percentile of a load in milliseconds. Fails when a load does.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBodies = 8;  // of each client, made before the clock starts
constexpr const char* kRootWithoutPassword = "cm9vdDo=";

struct Options {
  uint16_t port;
  std::string database, table;
  size_t clients;
  double seconds;
  size_t body_bytes;
  uint64_t keys;
  std::string group_commit;
};

struct Body {
  std::string request;
  size_t rows = 0;
};

Body make_body(const Options& options, std::mt19937_64& random) {
  static const char* const kStatuses[] = {"new", "paid", "sent", "done", "lost"};
  Body body;
  std::string rows;
  char line[128];
  while (rows.size() < options.body_bytes) {
    const uint64_t value = random();
    const int size = std::snprintf(line, sizeof(line), "%lu,%lu,%lu.%02lu,%s,2026-%02lu-%02lu 12:00:00,%lu\n",
                                   random() % options.keys, value % 100'000, value % 10'000, value % 100,
                                   kStatuses[value % 5], value % 12 + 1, value % 28 + 1, value % 50);
    rows.append(line, static_cast<size_t>(size));
    ++body.rows;
  }
  body.request = "PUT /api/" + options.database + "/" + options.table +
                 "/_stream_load HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic " + kRootWithoutPassword +
                 "\r\ncolumn_separator: ,\r\ngroup_commit: " + options.group_commit +
                 "\r\nContent-Length: " + std::to_string(rows.size()) + "\r\n\r\n" + rows;
  return body;
}

int connect_to(uint16_t port) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    throw std::runtime_error("cannot connect");
  const int one = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  return connection;
}

void send_all(int connection, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t more = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) throw std::runtime_error("the connection was closed");
    sent += static_cast<size_t>(more);
  }
}

/// One answer with its Content-Length, whole.
std::string receive_answer(int connection) {
  static constexpr const char* kLength = "ontent-Length: ";
  std::string answer;
  char piece[4096];
  while (true) {
    const ssize_t more = recv(connection, piece, sizeof(piece), 0);
    if (more <= 0) throw std::runtime_error("the connection was closed");
    answer.append(piece, static_cast<size_t>(more));
    const size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const size_t length = answer.find(kLength);
    if (length == std::string::npos || length > head)
      throw std::runtime_error("an answer without Content-Length: " + answer);
    if (answer.size() >=
        head + 4 + std::strtoull(answer.c_str() + length + std::char_traits<char>::length(kLength), nullptr, 10))
      return answer;
  }
}

struct Counts {
  size_t loads = 0, rows = 0;
  std::vector<double> milliseconds;
};

void run_client(const Options& options, uint64_t seed, const std::atomic<bool>& is_started, std::atomic<size_t>& ready,
                Counts& counts) {
  std::mt19937_64 random(seed);
  std::vector<Body> bodies;
  for (int i = 0; i < kBodies; ++i) bodies.push_back(make_body(options, random));
  const int connection = connect_to(options.port);
  ++ready;
  while (!is_started) std::this_thread::yield();
  const auto begin = Clock::now();
  for (auto now = begin; std::chrono::duration<double>(now - begin).count() < options.seconds;) {
    const Body& body = bodies[counts.loads % kBodies];
    send_all(connection, body.request);
    const std::string answer = receive_answer(connection);
    if (answer.find("\"Success\"") == std::string::npos) throw std::runtime_error("a load failed: " + answer);
    const auto then = Clock::now();
    counts.milliseconds.push_back(std::chrono::duration<double, std::milli>(then - now).count());
    now = then;
    ++counts.loads;
    counts.rows += body.rows;
  }
  close(connection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    std::fprintf(stderr, "small_loads_client PORT DATABASE TABLE CLIENTS SECONDS BODY_BYTES KEYS GROUP_COMMIT_MODE\n");
    return 2;
  }
  const Options options{static_cast<uint16_t>(std::atoi(argv[1])),
                        argv[2],
                        argv[3],
                        std::strtoull(argv[4], nullptr, 10),
                        std::atof(argv[5]),
                        std::strtoull(argv[6], nullptr, 10),
                        std::strtoull(argv[7], nullptr, 10),
                        argv[8]};
  std::atomic<bool> is_started = false;
  std::atomic<size_t> ready = 0;
  std::vector<Counts> counts(options.clients);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < options.clients; ++i) {
    threads.emplace_back([&, i] {
      try {
        run_client(options, i + 1, is_started, ready, counts[i]);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        std::_Exit(1);
      }
    });
  }
  while (ready < options.clients) std::this_thread::yield();
  const auto begin = Clock::now();
  is_started = true;
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  Counts all;
  for (const Counts& part : counts) {
    all.loads += part.loads;
    all.rows += part.rows;
    all.milliseconds.insert(all.milliseconds.end(), part.milliseconds.begin(), part.milliseconds.end());
  }
  std::sort(all.milliseconds.begin(), all.milliseconds.end());
  std::printf("%zu %zu %.6f %.4f %.4f\n", all.loads, all.rows, seconds, all.milliseconds[all.milliseconds.size() / 2],
              all.milliseconds[all.milliseconds.size() * 99 / 100]);
  return 0;
}
