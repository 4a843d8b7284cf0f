#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/result.h"

namespace freshet::ingest {

/// Where to begin in a partition when no position is stored: an offset, or one of these.
inline constexpr int64_t kOffsetBeginning = -2;
inline constexpr int64_t kOffsetEnd = -1;

/// Broker, topic and client properties of a stream.
struct StreamProperties {
  std::string brokers;
  std::string topic;
  std::string group_id;
  std::vector<std::pair<std::string, std::string>> client_properties;  ///< librdkafka names, "property." removed
};

/// One record. Views are valid until the next poll.
struct StreamMessage {
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;  ///< when it was written, as the stream says; -1 when it does not
  bool is_tombstone = false;  ///< no value
  std::string_view key;
  std::string_view value;
};

struct PartitionWatermarks {
  int64_t low = 0;   ///< first offset the broker still has
  int64_t high = 0;  ///< next offset to be written
};

/// Seam to a partitioned, replayable log (connectors/kafka implements it with librdkafka). One thread at a time.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  /// Partitions of the topic now. NotFound when the topic does not exist.
  virtual Result<std::vector<int32_t>> partitions() = 0;
  /// Of all these partitions in one question. NotFound when one does not exist.
  virtual Result<std::map<int32_t, PartitionWatermarks>> watermarks(const std::vector<int32_t>& partitions) = 0;
  /// First offset whose time is at or after `unix_ms`.
  virtual Result<int64_t> offset_for_time(int32_t partition, int64_t unix_ms) = 0;
  /// Reads these partitions from these offsets on, and no others.
  virtual Status assign(const std::vector<std::pair<int32_t, int64_t>>& offsets) = 0;
  /// Up to `max_messages` records that are there within `timeout_ms`; none is not an error. A record whose offset is out of
  /// the broker's range is reported by out_of_range. Errors that end by themselves (broker away) are Unavailable: poll
  /// again.
  struct Batch {
    std::vector<StreamMessage> messages;
    std::vector<int32_t> out_of_range;
    /// Partitions and the position after everything read, control records (transaction marks) included.
    std::vector<std::pair<int32_t, int64_t>> positions;
  };
  virtual Status poll(uint64_t max_messages, uint64_t max_bytes, int timeout_ms, Batch& batch) = 0;
  /// The last error of the client that it mends by itself, for people; empty when there is none.
  virtual std::string last_error() const = 0;
};

/// Opens streams. Any thread.
class StreamSourceFactory {
 public:
  virtual ~StreamSourceFactory() = default;
  /// InvalidArgument when a client property is unknown to librdkafka.
  virtual Result<std::unique_ptr<StreamSource>> open(const StreamProperties& properties) = 0;
};

}  // namespace freshet::ingest
