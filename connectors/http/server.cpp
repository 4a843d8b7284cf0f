#include "connectors/http/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <system_error>
#include <tuple>
#include <utility>

#include "connectors/http/connection.h"
#include "connectors/http/http_answer.h"
#include "connectors/net/socket.h"
#include "storage/base/log.h"

namespace freshet::connectors {

namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};
constexpr int kRefusalWaitMs = 20;
constexpr int kRefusalReadsMax = 16;

HttpServerOptions with_ports(HttpServerOptions options, uint16_t port, uint16_t load_port) {
  options.address.port = port;
  options.load_port = load_port;
  return options;
}

/// Answers 503 to a client that is not let in. Its request is read as far as it is there: a connection closed with unread
/// bytes is reset, and the answer lost.
void refuse(int fd, std::string_view why) {
  Socket socket(fd);
  socket.set_send_timeout(1);
  pollfd waited{fd, POLLIN, 0};
  std::array<char, 4096> dropped;
  for (int i = 0; i < kRefusalReadsMax && poll(&waited, 1, kRefusalWaitMs) == 1; ++i) {
    if (recv(fd, dropped.data(), dropped.size(), MSG_DONTWAIT) < static_cast<ssize_t>(dropped.size())) break;
  }
  std::ignore = socket.send_all(http::to_bytes(http::error_answer(503, why), false, false));
}

}  // namespace

/// One accepted connection and its thread; freed when the thread is joined.
struct HttpServer::Client {
  Client(int fd, bool redirects) : socket(fd), redirects_loads(redirects) {}

  Socket socket;
  const bool redirects_loads;
  bool is_running = false;  ///< a request is being answered; guarded by HttpServer::mutex_
  std::thread thread;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, HttpServices services) {
  FRESHET_ASSIGN_OR_RETURN(TcpListener listener, TcpListener::bind(options.address, "--http-address"));
  std::optional<TcpListener> load_listener;
  if (options.load_address) {
    FRESHET_ASSIGN_OR_RETURN(load_listener, TcpListener::bind(*options.load_address, "--load-address"));
  }
  return std::unique_ptr<HttpServer>(
      new HttpServer(options, std::move(services), std::move(listener), std::move(load_listener)));
}

HttpServer::HttpServer(const HttpServerOptions& options, HttpServices services, TcpListener listener,
                       std::optional<TcpListener> load_listener)
    : listener_(std::move(listener)),
      load_listener_(std::move(load_listener)),
      context_(new http::ServerContext{
          with_ports(options, listener_.port(), load_port()), std::move(services), is_stopping_, {}}),
      acceptor_([this] { accept_clients(listener_); }) {
  pthread_setname_np(acceptor_.native_handle(), "http-accept");
  if (!load_listener_) return;
  load_acceptor_ = std::thread([this] { accept_clients(*load_listener_); });
  pthread_setname_np(load_acceptor_.native_handle(), "load-accept");
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::stop() {
  const std::lock_guard stop_lock(stop_mutex_);
  is_stopping_ = true;
  shutdown(listener_.fd(), SHUT_RDWR);
  if (load_listener_) shutdown(load_listener_->fd(), SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  if (load_acceptor_.joinable()) load_acceptor_.join();
  cut_off(true);
  std::map<uint64_t, std::unique_ptr<Client>> clients;
  {
    std::unique_lock lock(mutex_);
    const std::chrono::seconds patience(context_->options.drain_timeout_seconds);
    request_ended_.wait_for(lock, patience, [this] { return running_requests_ == 0; });
    if (running_requests_ > 0) log_warning("{} HTTP requests did not end in time and are cut off", running_requests_);
  }
  cut_off(false);
  {
    const std::lock_guard lock(mutex_);
    clients.swap(clients_);
  }
  for (auto& [id, client] : clients) client->thread.join();
}

void HttpServer::cut_off(bool only_idle) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, client] : clients_) {
    if (!only_idle || !client->is_running) client->socket.shut_down();
  }
}

void HttpServer::accept_clients(const TcpListener& listener) {
  const bool redirects_loads = load_listener_ && &listener == &listener_;
  while (!is_stopping_) {
    const int fd = accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    const int error = errno;
    join_finished();
    if (fd >= 0) {
      welcome(fd, redirects_loads);
    } else if (!is_stopping_ && error != EINTR && error != ECONNABORTED) {
      log_warning("HTTP clients cannot connect: {}", std::strerror(error));
      std::this_thread::sleep_for(kAcceptRetry);
    }
  }
}

void HttpServer::welcome(int fd, bool redirects_loads) {
  http::Counters& counters = context_->counters;
  if (counters.connections_open >= context_->options.max_connections) {
    ++counters.connections_refused;
    return refuse(fd, fmt::format("{} connections are open, which is the limit (http.max_connections); try again later",
                                  context_->options.max_connections));
  }
  ++counters.connections_accepted;
  ++counters.connections_open;
  const std::lock_guard lock(mutex_);
  const uint64_t id = next_id_++;
  Client& client = *(clients_[id] = std::make_unique<Client>(fd, redirects_loads));
  try {
    client.thread = std::thread([this, id, &client] { serve(id, client); });
    pthread_setname_np(client.thread.native_handle(), "http-client");
  } catch (const std::system_error& error) {
    log_warning("no thread for an HTTP client: {}", error.what());
    std::ignore =
        client.socket.send_all(http::to_bytes(http::error_answer(503, "the system gives no thread"), false, false));
    --counters.connections_open;
    clients_.erase(id);
  }
}

void HttpServer::serve(uint64_t id, Client& client) {
  try {
    http::Connection(*context_, client.socket, client.redirects_loads)
        .run([&] { return begin_request(client); }, [&] { end_request(client); });
  } catch (const std::exception& error) {
    log_error("an HTTP connection failed: {}", error.what());
    if (client.is_running) end_request(client);
  }
  client.socket.shut_down();
  --context_->counters.connections_open;
  const std::lock_guard lock(mutex_);
  finished_.push_back(id);
}

bool HttpServer::begin_request(Client& client) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return false;
  client.is_running = true;
  ++running_requests_;
  return true;
}

void HttpServer::end_request(Client& client) {
  const std::lock_guard lock(mutex_);
  client.is_running = false;
  --running_requests_;
  request_ended_.notify_all();
}

void HttpServer::join_finished() {
  std::vector<std::unique_ptr<Client>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (const uint64_t id : std::exchange(finished_, {})) {
      ended.push_back(std::move(clients_.at(id)));
      clients_.erase(id);
    }
  }
  for (const auto& client : ended) client->thread.join();
}

}  // namespace freshet::connectors
