#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/stream_source.h"
#include "storage/base/result.h"

namespace freshet::ingest {

/// Partition -> offset of the next record.
using StreamPositions = std::map<int32_t, int64_t>;

/// One record that was read, by which its partition is known again: a topic that was made anew under the same name has
/// another record at that offset, or none yet.
struct StreamAnchor {
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  uint32_t checksum = 0;  ///< CRC32C of key and value

  static StreamAnchor of(const StreamMessage& message);
  bool operator==(const StreamAnchor&) const = default;
};

/// Offsets that the broker's retention removed before they were read.
struct StreamGap {
  int32_t partition = 0;
  int64_t from = 0;
  int64_t to = 0;  ///< the next that was there

  bool operator==(const StreamGap&) const = default;
};

/// What a job knows of its stream beside the positions, which commits move. Stored as a record of its own; anchors may be
/// older than the positions, never newer.
struct StreamHistory {
  static constexpr size_t kGapsKept = 10;

  std::map<int32_t, StreamAnchor> anchors;
  std::vector<StreamGap> gaps;  ///< the newest, oldest first
  uint64_t gap_count = 0;
  uint64_t lost_rows = 0;

  /// Counts a gap; one that begins where the partition's last one did is the same, seen again after a crash.
  void add_gap(const StreamGap& gap);
  /// The kept gaps as sentences; empty without any.
  std::string gaps_text() const;

  /// A version byte, the fields, and the CRC32C of all before it.
  std::string encode() const;
  static Result<StreamHistory> decode(std::string_view bytes);
  bool operator==(const StreamHistory&) const = default;
};

}  // namespace freshet::ingest
