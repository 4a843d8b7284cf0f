#include "ingest/load_gate.h"

#include <limits>

namespace freshet::ingest {
namespace {

constexpr auto kWorks = std::numeric_limits<std::chrono::steady_clock::rep>::max();

}  // namespace

LoadPlace::LoadPlace(LoadGate& gate) : gate_(gate), waits_since_(kWorks) {}

LoadPlace::~LoadPlace() { gate_.leave(*this); }

void LoadPlace::may_be_taken(std::function<bool()> give_up) {
  const std::lock_guard lock(gate_.mutex_);
  give_up_ = std::move(give_up);
}

void LoadPlace::wait_begins() { waits_since_ = Clock::now().time_since_epoch().count(); }
void LoadPlace::work_begins() { waits_since_ = kWorks; }

Result<std::unique_ptr<LoadPlace>> LoadGate::enter() {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return Status::Unavailable("the server is stopping; send the load again when it is back");
  if (places_.size() >= most_ && !take_silent_place()) {
    return Status::ResourceExhausted("{} loads are running, which is the limit (max_running_loads); try again later",
                                     places_.size());
  }
  auto place = std::make_unique<LoadPlace>(*this);
  places_.insert(place.get());
  return place;
}

/// Takes the place of the load that has been waiting longest, if that is long enough.
bool LoadGate::take_silent_place() {
  for (;;) {
    LoadPlace* silent = nullptr;
    for (LoadPlace* place : places_) {
      if (place->give_up_ != nullptr && (silent == nullptr || place->waits_since_ < silent->waits_since_)) silent = place;
    }
    if (silent == nullptr) return false;
    const LoadPlace::Clock::time_point newest{LoadPlace::Clock::now() - silence_};
    if (silent->waits_since_ > newest.time_since_epoch().count()) return false;
    // Asked only once: a load that commits is not silent.
    const std::function<bool()> give_up = std::move(silent->give_up_);
    silent->give_up_ = nullptr;
    if (!give_up()) continue;
    silent->is_taken_ = true;
    places_.erase(silent);
    return true;
  }
}

void LoadGate::leave(LoadPlace& place) {
  const std::lock_guard lock(mutex_);
  places_.erase(&place);
  changed_.notify_all();
}

uint64_t LoadGate::running() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

void LoadGate::close_and_wait(uint64_t timeout_seconds) {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  changed_.wait_for(lock, std::chrono::seconds(timeout_seconds), [this] { return places_.empty(); });
}

}  // namespace freshet::ingest
