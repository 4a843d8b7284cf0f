#include "ingest/stream_history.h"

#include <algorithm>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"

namespace freshet::ingest {
namespace {

constexpr uint8_t kHistoryVersion = 1;

uint64_t length_of(const StreamGap& gap) { return static_cast<uint64_t>(gap.to - gap.from); }

}  // namespace

StreamAnchor StreamAnchor::of(const StreamMessage& message) {
  std::string bytes;
  put_length_prefixed(bytes, message.key);
  bytes.append(message.value);
  return {message.offset, message.timestamp_ms, crc32c(bytes)};
}

void StreamHistory::add_gap(const StreamGap& gap) {
  const auto same = std::ranges::find_if(
      gaps, [&gap](const StreamGap& known) { return known.partition == gap.partition && known.from == gap.from; });
  if (same != gaps.end()) {
    lost_rows += length_of(gap) - length_of(*same);
    *same = gap;
    return;
  }
  ++gap_count;
  lost_rows += length_of(gap);
  gaps.push_back(gap);
  if (gaps.size() > kGapsKept) gaps.erase(gaps.begin());
}

std::string StreamHistory::gaps_text() const {
  std::string text;
  for (const StreamGap& gap : gaps) {
    text += fmt::format(
        "{}the broker's retention removed offsets {} to {} of partition {} before they were read: {} records are lost",
        text.empty() ? "" : "; ", gap.from, gap.to - 1, gap.partition, length_of(gap));
  }
  return text;
}

std::string StreamHistory::encode() const {
  std::string out(1, static_cast<char>(kHistoryVersion));
  put_fixed<uint64_t>(out, gap_count);
  put_fixed<uint64_t>(out, lost_rows);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(anchors.size()));
  for (const auto& [partition, anchor] : anchors) {
    put_fixed<int32_t>(out, partition);
    put_fixed<int64_t>(out, anchor.offset);
    put_fixed<int64_t>(out, anchor.timestamp_ms);
    put_fixed<uint32_t>(out, anchor.checksum);
  }
  put_fixed<uint32_t>(out, static_cast<uint32_t>(gaps.size()));
  for (const StreamGap& gap : gaps) {
    put_fixed<int32_t>(out, gap.partition);
    put_fixed<int64_t>(out, gap.from);
    put_fixed<int64_t>(out, gap.to);
  }
  put_fixed<uint32_t>(out, crc32c(out));
  return out;
}

Result<StreamHistory> StreamHistory::decode(std::string_view bytes) {
  constexpr size_t kChecksumBytes = 4;
  if (bytes.size() <= kChecksumBytes || static_cast<uint8_t>(bytes[0]) != kHistoryVersion ||
      crc32c(bytes.substr(0, bytes.size() - kChecksumBytes)) !=
          load_fixed<uint32_t>(bytes.data() + bytes.size() - kChecksumBytes)) {
    return Status::Corruption("the history of a stream has a wrong checksum or version");
  }
  ByteReader in(bytes.substr(1, bytes.size() - 1 - kChecksumBytes));
  StreamHistory history;
  history.gap_count = in.fixed<uint64_t>();
  history.lost_rows = in.fixed<uint64_t>();
  for (auto count = in.fixed<uint32_t>(); count > 0 && in.ok(); --count) {
    StreamAnchor& anchor = history.anchors[in.fixed<int32_t>()];
    anchor.offset = in.fixed<int64_t>();
    anchor.timestamp_ms = in.fixed<int64_t>();
    anchor.checksum = in.fixed<uint32_t>();
  }
  for (auto count = in.fixed<uint32_t>(); count > 0 && in.ok(); --count) {
    StreamGap& gap = history.gaps.emplace_back();
    gap.partition = in.fixed<int32_t>();
    gap.from = in.fixed<int64_t>();
    gap.to = in.fixed<int64_t>();
  }
  if (!in.ok() || !in.at_end()) return Status::Corruption("the history of a stream has a wrong length");
  return history;
}

}  // namespace freshet::ingest
