#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/commit/load_commit.h"

namespace freshet::storage {

/// How long a load waits before it begins, by how much of a limit is used: nothing up to half of it, then longer and longer,
/// so that loads slow down to what flush and compaction can take before they have to stop. At the limit, nothing: until
/// there is room.
inline std::optional<std::chrono::microseconds> admission_pause(uint64_t used, uint64_t limit) {
  constexpr double kLongestPauseMicros = 250'000;
  const uint64_t half = limit / 2;
  if (used <= half) return std::chrono::microseconds(0);
  if (used >= limit) return std::nullopt;
  const double part = static_cast<double>(used - half) / static_cast<double>(limit - half);
  return std::chrono::microseconds(static_cast<int64_t>(part * part * kLongestPauseMicros));
}

/// Whether `added` bytes more may come. What takes more than half of a limit by itself needs the other half only, or it
/// would never come in.
inline bool has_room_for(uint64_t added, uint64_t used, uint64_t limit) {
  return used + added <= limit || (added > limit / 2 && used <= limit / 2);
}

/// Segments, and delta buffers that hold rows: what a lookup or scan of the tablet visits.
size_t rowset_count(const TabletSnapshot& tablet);

/// When a delta buffer takes no further rows.
struct DeltaBufferLimits {
  uint64_t bytes = 64ull << 20;
  uint64_t rows = 1ull << 20;

  /// Whether so many rows more begin a new buffer. A commit with more rows than the limit has a buffer to itself; an empty
  /// one is never sealed. REQUIRES: the publish lock, or an answer that may be outdated.
  bool is_full_for(const DeltaView& active, size_t more_rows) const;
};

/// What a load adds to one tablet.
struct Arrival {
  TabletId tablet;
  size_t segments = 0;
  size_t carried_rows = 0;  ///< for the delta buffer
  uint64_t carried_bytes = 0;
};
std::vector<Arrival> arrivals_of(const LoadCommit& load);

/// Keeps loads behind flush and compaction: the rowsets of each tablet and the memory of all delta buffers stay within their
/// limits, however many loads come at once.
///
/// A load is slowed down before it begins (admit). Its commit is counted once more under the publish lock (has_room), and
/// waits outside the lock when others were faster (wait_for_room). Any thread.
class Admission {
 public:
  struct Limits {
    uint64_t rowsets = 64;              ///< of a tablet
    uint64_t delta_bytes = 1ull << 30;  ///< of all delta buffers
    DeltaBufferLimits buffer;
    std::chrono::seconds wait{60};  ///< then a load is refused
  };
  using Clock = std::chrono::steady_clock;

  /// `ask_for_room` wakes flush and compaction.
  Admission(Catalog& catalog, const Limits& limits, std::function<void()> ask_for_room)
      : catalog_(catalog), limits_(limits), ask_for_room_(std::move(ask_for_room)) {}

  /// Slows a load down while a tablet of the table has many rowsets, or the delta buffers of all tables take much memory
  /// (admission_pause); ResourceExhausted when it is too much and does not end.
  Status admit(const TableState& table, const IsCancelled& is_cancelled);
  /// Returns when has_room() is likely; ResourceExhausted when that takes longer than Limits::wait from `began` on.
  Status wait_for_room(TableState& table, std::span<const Arrival> arrivals, Clock::time_point began,
                       const IsCancelled& is_cancelled);
  /// Bytes of delta buffers that one commit has a right to until it has taken them, or until this ends.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)), bytes_(other.bytes_) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(admission_, other.admission_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Reservation() { settle(0); }
    /// The rows are in buffers of the table's head, which grew by `grown_bytes`.
    void settle(uint64_t grown_bytes);

   private:
    friend class Admission;
    Reservation(Admission* admission, uint64_t bytes) : admission_(admission), bytes_(bytes) {}
    Admission* admission_ = nullptr;
    uint64_t bytes_ = 0;
  };
  /// Takes what the arrivals need when the limits hold after them; else nothing. The bytes are those of the rows: the
  /// buffers allocate ahead, at most a chunk of rows and a block of the arena for a commit, which is counted when it is
  /// done. REQUIRES: the publish lock of the table, whose head it is.
  std::optional<Reservation> reserve(const TableSnapshot& head, std::span<const Arrival> arrivals);

  const DeltaBufferLimits& buffer_limits() const { return limits_.buffer; }
  /// Whether the memory of delta buffers is short and `buffer` is one of the larger ones. As of the last count.
  bool wants_flush(const DeltaBuffer& buffer) const;
  /// Bytes of all delta buffers, counted a few milliseconds ago at most.
  uint64_t count_delta_bytes();
  /// The most rowsets that a waiting commit wanted to add to one tablet since the last call.
  uint64_t take_wanted_rowsets() { return wanted_rowsets_.exchange(0, std::memory_order_relaxed); }
  /// Waiting loads are refused from here on.
  void stop() { stopping_ = true; }

 private:
  /// Whether the limits hold after the arrivals, as far as is known without locks.
  bool has_room(const TableSnapshot& head, std::span<const Arrival> arrivals) const;
  bool has_rowset_room(const TableSnapshot& head, std::span<const Arrival> arrivals) const;
  /// Bytes of delta buffers, those that commits are about to take included.
  uint64_t used_delta_bytes() const { return delta_bytes_.load() + reserved_bytes_.load(); }
  size_t added_rowsets(const TabletSnapshot& tablet, const Arrival& arrival) const;
  /// Not OK when a waiting load has to give up.
  Status check_waiting(const IsCancelled& is_cancelled) const;
  Status refuse_rowsets(const TableSnapshot& table, uint64_t rowsets) const;
  Status refuse_delta_bytes(uint64_t bytes) const;

  Catalog& catalog_;
  const Limits limits_;
  const std::function<void()> ask_for_room_;
  std::mutex delta_mutex_;                        ///< held to write the next three
  std::atomic<uint64_t> delta_bytes_{0};          ///< of the buffers of all heads: never less than they have
  std::atomic<uint64_t> reserved_bytes_{0};       ///< of commits that run
  uint64_t settled_bytes_ = 0;                    ///< that commits added, ever
  std::atomic<uint64_t> delta_average_{0};        ///< bytes of a buffer that has rows
  std::atomic<int64_t> delta_counted_micros_{0};  ///< steady clock
  std::atomic<uint64_t> wanted_rowsets_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace freshet::storage
