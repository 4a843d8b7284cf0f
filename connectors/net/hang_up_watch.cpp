#include "connectors/net/hang_up_watch.h"

namespace freshet::connectors {

HangUpWatch::~HangUpWatch() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

HangUpWatch::Guard HangUpWatch::add(std::function<void()> look) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t key = next_key_++;
  looks_.emplace(key, std::move(look));
  if (looks_.size() == 1) wake_.notify_one();
  return {*this, key};
}

void HangUpWatch::take_back(uint64_t key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  looks_.erase(key);
}

void HangUpWatch::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!is_stopping_) {
    wake_.wait(lock, [this] { return is_stopping_ || !looks_.empty(); });
    wake_.wait_for(lock, interval_, [this] { return is_stopping_; });
    for (const auto& [key, look] : looks_) look();
  }
}

}  // namespace freshet::connectors
