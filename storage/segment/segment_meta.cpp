#include "storage/segment/segment_meta.h"

#include <fmt/core.h>

#include <charconv>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"

namespace freshet::storage {
namespace {

constexpr uint8_t kRecordVersion = 3;
/// Written before deletes could be rows; read still.
constexpr uint8_t kRecordVersionWithoutDeletes = 2;
/// Written before records had a checksum; read still.
constexpr uint8_t kRecordVersionWithoutChecksum = 1;
constexpr std::string_view kSuffix = ".seg";
constexpr size_t kDigits = 16;

}  // namespace

std::string SegmentMeta::serialize() const {
  std::string bytes;
  put_fixed(bytes, kRecordVersion);
  put_fixed(bytes, id.value);
  put_fixed(bytes, tablet.value);
  put_fixed(bytes, row_count);
  put_fixed(bytes, file_bytes);
  put_fixed(bytes, schema_version);
  put_fixed(bytes, level);
  put_length_prefixed(bytes, min_key);
  put_length_prefixed(bytes, max_key);
  put_fixed(bytes, deletes);
  put_fixed(bytes, newest_delete_seconds);
  put_fixed<uint32_t>(bytes, crc32c(bytes));
  return bytes;
}

Result<SegmentMeta> SegmentMeta::deserialize(std::string_view bytes) {
  const uint8_t version = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
  if (version == kRecordVersion || version == kRecordVersionWithoutDeletes) {
    if (bytes.size() < 5 ||
        crc32c(bytes.substr(0, bytes.size() - 4)) != load_fixed<uint32_t>(bytes.data() + bytes.size() - 4)) {
      return Status::Corruption("segment record has a wrong checksum");
    }
    bytes.remove_suffix(4);
  } else if (version != kRecordVersionWithoutChecksum) {
    return Status::Corruption("segment record of version {}; this program reads versions {} to {}", version,
                              kRecordVersionWithoutChecksum, kRecordVersion);
  }
  ByteReader reader(bytes);
  reader.fixed<uint8_t>();
  SegmentMeta meta;
  meta.id = RowsetId(reader.fixed<uint64_t>());
  meta.tablet = TabletId(reader.fixed<uint64_t>());
  meta.row_count = reader.fixed<uint32_t>();
  meta.file_bytes = reader.fixed<uint64_t>();
  meta.schema_version = reader.fixed<uint32_t>();
  meta.level = reader.fixed<uint32_t>();
  meta.min_key = reader.length_prefixed();
  meta.max_key = reader.length_prefixed();
  if (version == kRecordVersion) {
    meta.deletes = reader.fixed<uint32_t>();
    meta.newest_delete_seconds = reader.fixed<int64_t>();
  }
  if (!reader.ok() || !reader.at_end()) return Status::Corruption("segment record of {} bytes is malformed", bytes.size());
  return meta;
}

std::string segment_file_name(RowsetId id) { return fmt::format("{:016}{}", id.value, kSuffix); }

std::optional<RowsetId> parse_segment_file_name(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  if (!is_number || name.size() < kDigits || segment_file_name(RowsetId(id)).size() != name.size() + kSuffix.size()) {
    return std::nullopt;
  }
  return RowsetId(id);
}

}  // namespace freshet::storage
