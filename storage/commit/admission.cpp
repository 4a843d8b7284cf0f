#include "storage/commit/admission.h"

#include <algorithm>
#include <thread>

namespace freshet::storage {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(20);
constexpr auto kDeltaCountAge = std::chrono::milliseconds(5);

bool holds_rows(const DeltaView& view) { return view.row_count > 0; }

uint64_t carried_bytes_of(std::span<const Arrival> arrivals) {
  uint64_t bytes = 0;
  for (const Arrival& arrival : arrivals) bytes += arrival.carried_bytes;
  return bytes;
}

}  // namespace

size_t rowset_count(const TabletSnapshot& tablet) {
  return tablet.segments.size() + static_cast<size_t>(std::count_if(tablet.deltas.begin(), tablet.deltas.end(), holds_rows));
}

bool DeltaBufferLimits::is_full_for(const DeltaView& active, size_t more_rows) const {
  if (active.row_count == 0) return false;
  return active.buffer->byte_size() >= bytes || active.row_count + more_rows > rows;
}

std::vector<Arrival> arrivals_of(const LoadCommit& load) {
  std::vector<Arrival> arrivals;
  for (const TabletRows& rows : load.tablets) {
    Arrival arrival{rows.tablet, rows.segments.size(), 0, 0};
    if (rows.rows) {
      arrival.carried_rows = rows.rows->row_count();
      arrival.carried_bytes = rows.rows->byte_size();
    }
    arrivals.push_back(arrival);
  }
  return arrivals;
}

uint64_t Admission::count_delta_bytes() {
  using std::chrono::microseconds;
  const int64_t now = std::chrono::duration_cast<microseconds>(Clock::now().time_since_epoch()).count();
  int64_t counted = delta_counted_micros_.load(std::memory_order_relaxed);
  const bool is_old = now - counted >= std::chrono::duration_cast<microseconds>(kDeltaCountAge).count();
  if (!is_old || !delta_counted_micros_.compare_exchange_strong(counted, now)) return delta_bytes_.load();
  uint64_t bytes = 0, buffers = 0;
  const uint64_t settled_before = [&] {
    const std::lock_guard lock(delta_mutex_);
    return settled_bytes_;
  }();
  for (const TableStatePtr& table : catalog_.all_tables()) {
    const TableSnapshotPtr head = table->head();
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      for (const DeltaView& delta : tablet->deltas) {
        if (!holds_rows(delta)) continue;
        bytes += delta.buffer->byte_size();
        ++buffers;
      }
    }
  }
  delta_average_ = buffers == 0 ? 0 : bytes / buffers;
  // What was added meanwhile may have been seen, or not.
  const std::lock_guard lock(delta_mutex_);
  delta_bytes_ = bytes + (settled_bytes_ - settled_before);
  return delta_bytes_;
}

void Admission::Reservation::settle(uint64_t grown_bytes) {
  if (admission_ == nullptr) return;
  const std::lock_guard lock(admission_->delta_mutex_);
  admission_->delta_bytes_ += grown_bytes;
  admission_->settled_bytes_ += grown_bytes;
  admission_->reserved_bytes_ -= bytes_;
  admission_ = nullptr;
}

bool Admission::wants_flush(const DeltaBuffer& buffer) const {
  const bool is_tight = delta_bytes_.load(std::memory_order_relaxed) > limits_.delta_bytes / 2;
  return is_tight && buffer.byte_size() >= delta_average_.load(std::memory_order_relaxed);
}

Status Admission::refuse_rowsets(const TableSnapshot& table, uint64_t rowsets) const {
  return Status::ResourceExhausted(
      "table {} has {} segments in a tablet, the limit of compaction.max_segments is {}, and compaction did not catch up "
      "within {} s (memory.wait_seconds); load in larger batches or raise compaction.rate_bytes_per_second",
      table.name, rowsets, limits_.rowsets, limits_.wait.count());
}

Status Admission::refuse_delta_bytes(uint64_t bytes) const {
  return Status::ResourceExhausted(
      "the rows of small commits take {} bytes of memory, the limit of memory.delta_bytes is {}, and their flush did not "
      "catch up within {} s (memory.wait_seconds); load again later, in larger batches, or raise the limit",
      bytes, limits_.delta_bytes, limits_.wait.count());
}

Status Admission::check_waiting(const IsCancelled& is_cancelled) const {
  if (stopping_) return Status::Unavailable("the server is shutting down");
  return is_cancelled && is_cancelled() ? Status::Cancelled("Query execution was interrupted") : Status::OK();
}

Status Admission::admit(const TableState& table, const IsCancelled& is_cancelled) {
  const auto began = Clock::now();
  while (true) {
    uint64_t most_rowsets = 0;
    const TableSnapshotPtr head = table.head();
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      most_rowsets = std::max<uint64_t>(most_rowsets, rowset_count(*tablet));
    }
    const uint64_t deltas = count_delta_bytes();
    const auto for_rowsets = admission_pause(most_rowsets, limits_.rowsets);
    const auto for_deltas = admission_pause(deltas, limits_.delta_bytes);
    const auto waited = Clock::now() - began;
    const bool is_full = !for_rowsets || !for_deltas;
    if (!is_full && waited >= std::max(*for_rowsets, *for_deltas)) return Status::OK();
    FRESHET_RETURN_IF_ERROR(check_waiting(is_cancelled));
    if (is_full && waited >= limits_.wait) {
      return for_rowsets ? refuse_delta_bytes(deltas) : refuse_rowsets(*head, most_rowsets);
    }
    ask_for_room_();
    const auto rest = is_full ? Clock::duration(kPoll) : std::max(*for_rowsets, *for_deltas) - waited;
    std::this_thread::sleep_for(std::min<Clock::duration>(kPoll, rest));
  }
}

size_t Admission::added_rowsets(const TabletSnapshot& tablet, const Arrival& arrival) const {
  if (arrival.carried_rows == 0) return arrival.segments;
  const DeltaView& active = tablet.deltas.back();
  const bool begins_buffer = !holds_rows(active) || limits_.buffer.is_full_for(active, arrival.carried_rows);
  return arrival.segments + (begins_buffer ? 1 : 0);
}

std::optional<Admission::Reservation> Admission::reserve(const TableSnapshot& head, std::span<const Arrival> arrivals) {
  if (!has_rowset_room(head, arrivals)) return std::nullopt;
  const uint64_t bytes = carried_bytes_of(arrivals);
  const std::lock_guard lock(delta_mutex_);
  if (bytes != 0 && !has_room_for(bytes, used_delta_bytes(), limits_.delta_bytes)) return std::nullopt;
  reserved_bytes_ += bytes;
  return Reservation(this, bytes);
}

bool Admission::has_room(const TableSnapshot& head, std::span<const Arrival> arrivals) const {
  const uint64_t bytes = carried_bytes_of(arrivals);
  return has_rowset_room(head, arrivals) && (bytes == 0 || has_room_for(bytes, used_delta_bytes(), limits_.delta_bytes));
}

bool Admission::has_rowset_room(const TableSnapshot& head, std::span<const Arrival> arrivals) const {
  for (const Arrival& arrival : arrivals) {
    const TabletSnapshot* tablet = head.find_tablet(arrival.tablet);
    if (tablet == nullptr) continue;
    const size_t added = added_rowsets(*tablet, arrival);
    if (added != 0 && rowset_count(*tablet) + added > limits_.rowsets) return false;
  }
  return true;
}

Status Admission::wait_for_room(TableState& table, std::span<const Arrival> arrivals, Clock::time_point began,
                                const IsCancelled& is_cancelled) {
  while (true) {
    const TableSnapshotPtr head = table.head();
    const uint64_t deltas = count_delta_bytes();
    if (has_room(*head, arrivals)) return Status::OK();
    FRESHET_RETURN_IF_ERROR(check_waiting(is_cancelled));
    uint64_t rowsets = 0, wanted = 0;
    for (const Arrival& arrival : arrivals) {
      const TabletSnapshot* tablet = head->find_tablet(arrival.tablet);
      if (tablet == nullptr) continue;
      const uint64_t added = added_rowsets(*tablet, arrival);
      if (rowset_count(*tablet) + added <= limits_.rowsets) continue;
      rowsets = std::max<uint64_t>(rowsets, rowset_count(*tablet));
      wanted = std::max(wanted, added);
    }
    if (Clock::now() - began >= limits_.wait) {
      return rowsets == 0 ? refuse_delta_bytes(deltas) : refuse_rowsets(*head, rowsets);
    }
    if (wanted > wanted_rowsets_.load(std::memory_order_relaxed)) wanted_rowsets_ = wanted;
    ask_for_room_();
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace freshet::storage
