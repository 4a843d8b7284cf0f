#include "connectors/mysql/connection_registry.h"

#include "query/journal/mask_secrets.h"

namespace freshet::connectors {

ConnectionEntry::ConnectionEntry(uint64_t id, Socket& socket) : socket_(&socket), since_(std::chrono::steady_clock::now()) {
  info_.id = id;
  info_.client_address = socket.peer_address();
}

void ConnectionEntry::open_session(query::Session& session, const std::string& user) {
  const std::lock_guard lock(mutex_);
  session_ = &session;
  info_.user = user;
}

void ConnectionEntry::close_session() {
  const std::lock_guard lock(mutex_);
  session_ = nullptr;
}

bool ConnectionEntry::begin_statement(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (is_ended_) return false;
  // From here on a cancel is meant for this statement, however long it takes to its first step.
  if (session_ != nullptr) session_->forget_cancel();
  info_.is_running = true;
  info_.statement.assign(text.substr(0, kMaxStatementBytes));
  since_ = std::chrono::steady_clock::now();
  return true;
}

void ConnectionEntry::end_statement(const std::string& database) {
  const std::lock_guard lock(mutex_);
  info_.is_running = false;
  info_.database = database;
  since_ = std::chrono::steady_clock::now();
}

void ConnectionEntry::close() {
  const std::lock_guard lock(mutex_);
  socket_ = nullptr;
  session_ = nullptr;
}

void ConnectionEntry::cancel_statement() {
  const std::lock_guard lock(mutex_);
  if (session_ != nullptr && info_.is_running) session_->cancel();
}

void ConnectionEntry::cancel_when_hung_up() {
  const std::lock_guard lock(mutex_);
  if (session_ == nullptr || socket_ == nullptr || !info_.is_running || !socket_->has_hung_up()) return;
  // Nor do those that follow it in its text.
  is_ended_ = true;
  session_->cancel();
}

void ConnectionEntry::end_connection() {
  const std::lock_guard lock(mutex_);
  is_ended_ = true;
  if (session_ != nullptr && info_.is_running) session_->cancel();
  if (socket_ != nullptr) socket_->shut_down();
}

ConnectionInfo ConnectionEntry::info() const {
  const std::lock_guard lock(mutex_);
  ConnectionInfo info = info_;
  if (session_ != nullptr && info_.is_running) info.progress = session_->progress();
  const auto elapsed = std::chrono::steady_clock::now() - since_;
  info.seconds = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
  return info;
}

std::shared_ptr<ConnectionEntry> ConnectionRegistry::add(uint64_t id, Socket& socket) {
  auto entry = std::make_shared<ConnectionEntry>(id, socket);
  const std::lock_guard lock(mutex_);
  by_id_.emplace(id, entry);
  return entry;
}

void ConnectionRegistry::remove(uint64_t id) {
  const std::lock_guard lock(mutex_);
  by_id_.erase(id);
}

Status ConnectionRegistry::kill_query(uint64_t id) {
  FRESHET_ASSIGN_OR_RETURN(const auto entry, find(id));
  entry->cancel_statement();
  return Status::OK();
}

Status ConnectionRegistry::kill_connection(uint64_t id) {
  FRESHET_ASSIGN_OR_RETURN(const auto entry, find(id));
  entry->end_connection();
  return Status::OK();
}

void ConnectionRegistry::kill_all() {
  for (const auto& entry : entries()) entry->end_connection();
}

void ConnectionRegistry::cancel_hung_up() {
  for (const auto& entry : entries()) entry->cancel_when_hung_up();
}

std::vector<ConnectionInfo> ConnectionRegistry::list() const {
  std::vector<ConnectionInfo> infos;
  for (const auto& entry : entries()) {
    infos.push_back(entry->info());
    infos.back().statement = query::mask_secrets(infos.back().statement);
  }
  return infos;
}

size_t ConnectionRegistry::size() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}

std::vector<std::shared_ptr<ConnectionEntry>> ConnectionRegistry::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ConnectionEntry>> entries;
  for (const auto& [id, entry] : by_id_) entries.push_back(entry);
  return entries;
}

Result<std::shared_ptr<ConnectionEntry>> ConnectionRegistry::find(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return Status::NotFound("Unknown thread id: {}", id);
  return found->second;
}

}  // namespace freshet::connectors
