#include "ingest/stream_start.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAnchorTimeout = std::chrono::seconds(5);
constexpr int kAnchorPollMs = 100;
constexpr uint64_t kAnchorPollMessages = 100;
constexpr uint64_t kAnchorPollBytes = 1ull << 20;
constexpr std::string_view kWhatToDo =
    "the topic was made again; STOP this job and create a new one to read it from its beginning";

std::vector<int32_t> keys_of(const StreamPositions& positions) {
  std::vector<int32_t> partitions;
  for (const auto& [partition, position] : positions) partitions.push_back(partition);
  return partitions;
}

Result<int64_t> starting_offset(StreamSource& stream, int32_t partition, const std::string& text) {
  int64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc() && end == text.data() + text.size() && offset >= 0) return offset;
  if (text == "OFFSET_BEGINNING" || text == "OFFSET_END") {
    FRESHET_ASSIGN_OR_RETURN(const auto marks, stream.watermarks({partition}));
    return text == "OFFSET_END" ? marks.at(partition).high : marks.at(partition).low;
  }
  Column time(DataType{.kind = TypeKind::kDateTime});
  if (append_text(time, text) != TextError::kNone) {
    return Status::InvalidArgument(
        "offset '{}' of partition {} is neither a number, OFFSET_BEGINNING, OFFSET_END nor a time like '2026-01-02 "
        "03:04:05'",
        text, partition);
  }
  return stream.offset_for_time(partition, time.values<int64_t>()[0] / 1000);
}

/// The first record at or after each offset, as an anchor; none for partitions that end or are out of range before.
Result<std::map<int32_t, StreamAnchor>> first_records(StreamSource& stream, const StreamPositions& offsets) {
  std::map<int32_t, StreamAnchor> found;
  if (offsets.empty()) return found;
  FRESHET_RETURN_IF_ERROR(stream.assign({offsets.begin(), offsets.end()}));
  StreamPositions open = offsets;
  StreamSource::Batch polled;
  for (const auto deadline = Clock::now() + kAnchorTimeout; !open.empty();) {
    if (Clock::now() >= deadline)
      return Status::Unavailable("the broker sent no record within {} s", kAnchorTimeout.count());
    FRESHET_RETURN_IF_ERROR(stream.poll(kAnchorPollMessages, kAnchorPollBytes, kAnchorPollMs, polled));
    for (const StreamMessage& message : polled.messages) {
      if (open.erase(message.partition) != 0) found[message.partition] = StreamAnchor::of(message);
    }
    for (const int32_t partition : polled.out_of_range) open.erase(partition);
    for (const auto& [partition, position] : polled.positions) {
      const auto still_open = open.find(partition);
      if (still_open != open.end() && position > still_open->second) open.erase(still_open);
    }
  }
  return found;
}

}  // namespace

Result<StreamPositions> starting_positions(StreamSource& stream, const RoutineLoadSpec& spec, StreamPositions stored) {
  std::vector<std::pair<int32_t, std::string>> wanted = spec.partition_offsets;
  if (wanted.empty()) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<int32_t> partitions, stream.partitions());
    for (const int32_t partition : partitions)
      wanted.emplace_back(partition, stored.empty() ? spec.default_offsets : "OFFSET_BEGINNING");
  }
  StreamPositions positions = stored;
  for (const auto& [partition, text] : wanted) {
    if (positions.contains(partition)) continue;
    FRESHET_ASSIGN_OR_RETURN(positions[partition],
                             starting_offset(stream, partition, text.empty() ? spec.default_offsets : text));
  }
  return positions;
}

Result<StartFindings> compare_with_broker(StreamSource& stream, const StreamPositions& positions,
                                          const StreamHistory& history) {
  StartFindings findings;
  FRESHET_ASSIGN_OR_RETURN(const std::vector<int32_t> there, stream.partitions());
  for (const auto& [partition, position] : positions) {
    if (std::ranges::find(there, partition) != there.end()) continue;
    findings.refusal = fmt::format("partition {} is not there any more, though offsets below {} were loaded: {}", partition,
                                   position, kWhatToDo);
    return findings;
  }
  FRESHET_ASSIGN_OR_RETURN(const auto marks, stream.watermarks(keys_of(positions)));
  for (const auto& [partition, position] : positions) {
    const PartitionWatermarks& mark = marks.at(partition);
    if (position > mark.high) {
      findings.refusal = fmt::format("partition {} ends at offset {}, but offsets below {} were loaded: {}", partition,
                                     mark.high, position, kWhatToDo);
      return findings;
    }
    if (position < mark.low) findings.gaps.push_back({partition, position, mark.low});
  }

  StreamPositions anchored;
  for (const auto& [partition, anchor] : history.anchors) {
    const auto mark = marks.find(partition);
    if (mark != marks.end() && anchor.offset >= mark->second.low) anchored[partition] = anchor.offset;
  }
  FRESHET_ASSIGN_OR_RETURN(const auto found, first_records(stream, anchored));
  for (const auto& [partition, record] : found) {
    const StreamAnchor& anchor = history.anchors.at(partition);
    // A later record: the anchor's was compacted away.
    if (record.offset != anchor.offset || record == anchor) continue;
    findings.refusal = fmt::format("offset {} of partition {} is not the record that was loaded from there: {}",
                                   anchor.offset, partition, kWhatToDo);
    return findings;
  }
  return findings;
}

}  // namespace freshet::ingest
