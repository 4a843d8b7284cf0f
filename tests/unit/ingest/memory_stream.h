#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "ingest/stream_source.h"

namespace freshet::ingest {

/// A topic in memory. Positions move with poll() as those of a real stream do.
class MemoryStream final : public StreamSource {
 public:
  struct Record {
    int64_t offset = 0;
    std::string value;
    int64_t timestamp_ms = 0;
  };
  struct Partition {
    int64_t low = 0;
    int64_t high = 0;
    std::vector<Record> records;  ///< by offset; between low and high there may be holes
  };

  std::map<int32_t, Partition> topic;
  bool is_away = false;

  /// Adds a record at the end of a partition, which is made when it is not there.
  void append(int32_t partition, std::string value, int64_t timestamp_ms = 0) {
    Partition& part = topic[partition];
    part.records.push_back({part.high++, std::move(value), timestamp_ms});
  }
  /// What retention does.
  void remove_below(int32_t partition, int64_t offset) {
    Partition& part = topic[partition];
    part.low = offset;
    std::erase_if(part.records, [offset](const Record& record) { return record.offset < offset; });
  }

  Result<std::vector<int32_t>> partitions() override {
    if (is_away) return Status::Unavailable("away");
    std::vector<int32_t> ids;
    for (const auto& [id, partition] : topic) ids.push_back(id);
    return ids;
  }
  Result<std::map<int32_t, PartitionWatermarks>> watermarks(const std::vector<int32_t>& ids) override {
    std::map<int32_t, PartitionWatermarks> marks;
    for (const int32_t id : ids) {
      if (!topic.contains(id)) return Status::NotFound("partition {}", id);
      marks[id] = {topic[id].low, topic[id].high};
    }
    return marks;
  }
  Result<int64_t> offset_for_time(int32_t partition, int64_t unix_ms) override {
    for (const Record& record : topic[partition].records) {
      if (record.timestamp_ms >= unix_ms) return record.offset;
    }
    return topic[partition].high;
  }
  Status assign(const std::vector<std::pair<int32_t, int64_t>>& offsets) override {
    positions_ = {offsets.begin(), offsets.end()};
    return Status::OK();
  }
  Status poll(uint64_t max_messages, uint64_t, int, Batch& batch) override {
    batch = {};
    for (auto& [id, position] : positions_) {
      const Partition& partition = topic[id];
      if (position < partition.low || position > partition.high) {
        batch.out_of_range.push_back(id);
        continue;
      }
      for (const Record& record : partition.records) {
        if (record.offset < position || batch.messages.size() >= max_messages) continue;
        StreamMessage& message = batch.messages.emplace_back();
        message.partition = id;
        message.offset = record.offset;
        message.timestamp_ms = record.timestamp_ms;
        message.value = record.value;
        position = record.offset + 1;
      }
      if (batch.messages.size() < max_messages) position = partition.high;
      batch.positions.emplace_back(id, position);
    }
    return Status::OK();
  }
  std::string last_error() const override { return is_away ? "away" : ""; }

 private:
  std::map<int32_t, int64_t> positions_;
};

}  // namespace freshet::ingest
