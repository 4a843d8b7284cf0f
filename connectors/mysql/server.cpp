#include "connectors/mysql/server.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <tuple>
#include <utility>

#include "connectors/mysql/answers.h"
#include "connectors/mysql/connection.h"
#include "storage/base/log.h"
#include "storage/base/thread_priority.h"

namespace freshet::connectors {

namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};

/// Tells a client that was not let in why. It has sent nothing yet, so closing right away does not lose the answer.
void refuse(Socket& socket, std::string_view why) {
  mysql::PacketWriter out([&socket](std::string_view bytes) { return socket.send_all(bytes); });
  std::ignore = mysql::write_error(out, mysql::kTooManyConnections, why);
  std::ignore = out.flush();
}

}  // namespace

/// One accepted connection, its entry and its thread; freed when the thread is joined.
struct MySqlServer::Client {
  explicit Client(int fd) : socket(fd) {}

  Socket socket;
  std::shared_ptr<ConnectionEntry> entry;
  std::thread thread;
};

Result<std::unique_ptr<MySqlServer>> MySqlServer::start(const MySqlServerOptions& options, const Parts& parts) {
  FRESHET_ASSIGN_OR_RETURN(TcpListener listener, TcpListener::bind(options.address, "--mysql-address"));
  return std::unique_ptr<MySqlServer>(new MySqlServer(options, parts, std::move(listener)));
}

MySqlServer::MySqlServer(const MySqlServerOptions& options, const Parts& parts, TcpListener listener)
    : options_(options),
      listener_(std::move(listener)),
      registry_(parts.registry),
      context_(std::make_unique<mysql::ServerContext>(options_, parts.sessions, parts.users, registry_)),
      hang_ups_(options_.hang_up_check),
      hang_up_look_(hang_ups_.add([this] { registry_.cancel_hung_up(); })),
      acceptor_([this] { accept_clients(); }) {}

MySqlServer::~MySqlServer() { stop(); }

uint64_t MySqlServer::commands_served() const { return context_->commands_served.load(std::memory_order_relaxed); }

uint64_t MySqlServer::commands_met_awake() const { return context_->busy_waits.met(); }

void MySqlServer::stop() {
  const std::lock_guard stop_lock(stop_mutex_);
  is_stopping_ = true;
  shutdown(listener_.fd(), SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  registry_.kill_all();
  std::map<uint64_t, std::unique_ptr<Client>> clients;
  {
    const std::lock_guard lock(mutex_);
    clients.swap(clients_);
  }
  for (auto& [id, client] : clients) client->thread.join();
}

void MySqlServer::accept_clients() {
  while (!is_stopping_) {
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    const int error = errno;
    join_finished();
    if (fd >= 0) {
      welcome(fd);
    } else if (!is_stopping_ && error != EINTR && error != ECONNABORTED) {
      log_warning("MySQL clients cannot connect: {}", std::strerror(error));
      std::this_thread::sleep_for(kAcceptRetry);
    }
  }
}

void MySqlServer::welcome(int fd) {
  auto client = std::make_unique<Client>(fd);
  if (registry_.size() >= options_.max_connections) return refuse(client->socket, "Too many connections");

  const uint64_t id = next_id_++;
  client->entry = registry_.add(id, client->socket);
  const std::lock_guard lock(mutex_);
  Client& added = *(clients_[id] = std::move(client));
  try {
    added.thread = std::thread([this, id, &added] { serve(id, added); });
  } catch (const std::system_error& error) {
    log_warning("no thread for a MySQL client: {}", error.what());
    refuse(added.socket, "Too many connections: the system gives no thread");
    registry_.remove(id);
    clients_.erase(id);
  }
}

void MySqlServer::serve(uint64_t id, Client& client) {
  storage::take_short_turns();
  mysql::Connection(*context_, client.socket, id, *client.entry).run();
  client.socket.shut_down();
  registry_.remove(id);
  const std::lock_guard lock(mutex_);
  finished_.push_back(id);
}

void MySqlServer::join_finished() {
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
