#include "storage/segment/segment_footer.h"

#include <algorithm>
#include <optional>
#include <set>

#include "storage/base/coding.h"
#include "storage/base/limits.h"
#include "storage/segment/zone_map.h"

namespace freshet::storage {
namespace {

constexpr std::string_view kHeaderMagic = "FRESHSEG";
constexpr std::string_view kTailMagic = "GESHSERF";
constexpr uint32_t kFormatVersion = 1;
/// Of files with a row store: others stay readable for programs that know none.
constexpr uint32_t kFormatVersionWithRows = 2;
/// Magic, version, checksum, id.
constexpr size_t kHeaderBytes = 24;
/// Length and checksum of the footer, magic.
constexpr size_t kTrailerBytes = 16;
/// Read at once from the end of the file: most footers fit.
constexpr uint64_t kFirstReadBytes = 64 * 1024;

uint32_t header_checksum(RowsetId id, uint32_t version) {
  std::string bytes;
  put_fixed(bytes, version);
  return segment_checksum(id, 0, bytes);
}

void put_location(std::string& out, PageLocation location) {
  put_fixed(out, location.offset);
  put_fixed(out, location.bytes);
}

PageLocation read_location(ByteReader& reader) {
  const auto offset = reader.fixed<uint64_t>();
  return {offset, reader.fixed<uint32_t>()};
}

void put_column(std::string& out, const ColumnFooter& column) {
  put_fixed(out, column.id.value);
  put_length_prefixed(out, column.name);
  put_fixed(out, column.type.kind);
  put_fixed(out, column.type.precision);
  put_fixed(out, column.type.scale);
  put_fixed(out, column.type.length);
  put_fixed(out, column.page_rows);
  put_zone(out, column.segment_zone);
  for (size_t page = 0; page < column.pages.size(); ++page) {
    put_location(out, column.pages[page]);
    put_zone(out, column.zones[page]);
  }
}

void put_rows(std::string& out, const RowStoreFooter& rows) {
  put_fixed(out, static_cast<uint32_t>(rows.columns.size()));
  for (const ColumnId column : rows.columns) put_fixed(out, column.value);
  put_fixed(out, static_cast<uint32_t>(rows.pages.size()));
  for (size_t page = 0; page < rows.pages.size(); ++page) {
    put_location(out, rows.pages[page]);
    put_fixed(out, rows.ends[page]);
  }
}

std::string serialize(const SegmentFooter& footer) {
  std::string out;
  put_fixed(out, footer.id.value);
  put_fixed(out, footer.tablet.value);
  put_fixed(out, footer.schema_version);
  put_fixed(out, footer.row_count);
  put_fixed(out, footer.newest_commit.value);
  put_fixed(out, footer.level);
  put_fixed(out, footer.key_form);
  put_length_prefixed(out, footer.min_key);
  put_length_prefixed(out, footer.max_key);
  put_location(out, footer.key_top);
  put_location(out, footer.key_filter);
  put_location(out, footer.short_keys);
  put_fixed(out, static_cast<uint32_t>(footer.columns.size()));
  for (const ColumnFooter& column : footer.columns) put_column(out, column);
  if (!footer.rows.columns.empty()) put_rows(out, footer.rows);
  return out;
}

bool is_known_type(const DataType& type) {
  if (type.kind < TypeKind::kBoolean || type.kind > kLastTypeKind) return false;
  if (type.kind == TypeKind::kDecimal) return type.precision >= 1 && type.precision <= 38 && type.scale <= type.precision;
  return type.kind != TypeKind::kDateTime || type.scale <= 6;
}

std::optional<ColumnFooter> read_column(ByteReader& reader, uint32_t row_count) {
  ColumnFooter column;
  column.id = ColumnId(reader.fixed<uint32_t>());
  column.name = reader.length_prefixed();
  column.type.kind = reader.fixed<TypeKind>();
  column.type.precision = reader.fixed<uint8_t>();
  column.type.scale = reader.fixed<uint8_t>();
  column.type.length = reader.fixed<uint32_t>();
  column.page_rows = reader.fixed<uint32_t>();
  if (!reader.ok() || !is_known_type(column.type)) return std::nullopt;
  if (column.page_rows == 0 || column.page_rows % kVectorRows != 0 || column.page_rows > kMaxSegmentRows)
    return std::nullopt;
  auto zone = read_zone(reader, column.type.physical());
  if (!zone) return std::nullopt;
  column.segment_zone = std::move(*zone);
  const uint32_t page_count = (row_count + column.page_rows - 1) / column.page_rows;
  for (uint32_t page = 0; page < page_count; ++page) {
    column.pages.push_back(read_location(reader));
    zone = read_zone(reader, column.type.physical());
    if (!zone) return std::nullopt;
    column.zones.push_back(std::move(*zone));
  }
  return column;
}

bool read_rows(ByteReader& reader, const SegmentFooter& footer, RowStoreFooter& rows) {
  const auto column_count = reader.fixed<uint32_t>();
  if (column_count == 0 || column_count > footer.columns.size()) return false;
  std::set<ColumnId> left;
  for (const ColumnFooter& column : footer.columns) left.insert(column.id);
  for (uint32_t i = 0; i < column_count; ++i) {
    rows.columns.emplace_back(reader.fixed<uint32_t>());
    if (left.erase(rows.columns.back()) == 0) return false;
  }
  const auto page_count = reader.fixed<uint32_t>();
  RowOrdinal end = 0;
  for (uint32_t page = 0; page < page_count && reader.ok(); ++page) {
    rows.pages.push_back(read_location(reader));
    rows.ends.push_back(reader.fixed<RowOrdinal>());
    if (rows.ends.back() <= end) return false;
    end = rows.ends.back();
  }
  return reader.ok() && end == footer.row_count;
}

/// The footer, or nothing when `bytes` is not one.
std::optional<SegmentFooter> parse(std::string_view bytes, uint32_t version) {
  ByteReader reader(bytes);
  SegmentFooter footer;
  footer.id = RowsetId(reader.fixed<uint64_t>());
  footer.tablet = TabletId(reader.fixed<uint64_t>());
  footer.schema_version = reader.fixed<uint32_t>();
  footer.row_count = reader.fixed<uint32_t>();
  footer.newest_commit = CommitNumber(reader.fixed<uint64_t>());
  footer.level = reader.fixed<uint32_t>();
  footer.key_form = reader.fixed<KeyForm>();
  footer.min_key = reader.length_prefixed();
  footer.max_key = reader.length_prefixed();
  footer.key_top = read_location(reader);
  footer.key_filter = read_location(reader);
  footer.short_keys = read_location(reader);
  const auto column_count = reader.fixed<uint32_t>();
  if (!reader.ok() || footer.row_count == 0 || footer.row_count > kMaxSegmentRows) return std::nullopt;
  if (footer.key_form > KeyForm::kBytes || column_count == 0 || column_count > kMaxColumns) return std::nullopt;
  for (uint32_t i = 0; i < column_count; ++i) {
    auto column = read_column(reader, footer.row_count);
    if (!column) return std::nullopt;
    footer.columns.push_back(std::move(*column));
  }
  if (version == kFormatVersionWithRows && !read_rows(reader, footer, footer.rows)) return std::nullopt;
  return reader.at_end() ? std::optional(std::move(footer)) : std::nullopt;
}

/// The largest end of a page that the footer names; the smallest begin goes to `begin`.
uint64_t find_page_range(const SegmentFooter& footer, uint64_t& begin) {
  uint64_t end = 0;
  const auto cover = [&](PageLocation page) {
    begin = std::min(begin, page.offset);
    end = std::max(end, page.offset > UINT64_MAX - page.bytes ? UINT64_MAX : page.offset + page.bytes);
  };
  for (const ColumnFooter& column : footer.columns) std::for_each(column.pages.begin(), column.pages.end(), cover);
  std::for_each(footer.rows.pages.begin(), footer.rows.pages.end(), cover);
  if (footer.key_form == KeyForm::kShortKeys) {
    cover(footer.short_keys);
  } else {
    cover(footer.key_top);
    cover(footer.key_filter);
  }
  return end;
}

Status corrupt(const ReadableFile& file, std::string_view wrong) {
  return Status::Corruption("segment file {} of {} bytes: {}", file.name(), file.size(), wrong);
}

struct SegmentHeader {
  RowsetId id;
  uint32_t version = 0;
};

Result<SegmentHeader> read_header(const ReadableFile& file) {
  std::string header(kHeaderBytes, '\0');
  FRESHET_RETURN_IF_ERROR(file.read(0, header));
  ByteReader reader(header);
  if (reader.bytes(kHeaderMagic.size()) != kHeaderMagic) return corrupt(file, "it does not begin like a segment file");
  const auto version = reader.fixed<uint32_t>();
  const auto checksum = reader.fixed<uint32_t>();
  const RowsetId id(reader.fixed<uint64_t>());
  if (version != kFormatVersion && version != kFormatVersionWithRows) {
    return Status::Corruption("segment file {}: format version {}; this program reads versions {} and {}", file.name(),
                              version, kFormatVersion, kFormatVersionWithRows);
  }
  if (checksum != header_checksum(id, version)) return corrupt(file, "wrong checksum of the header at offset 0");
  return SegmentHeader{id, version};
}

}  // namespace

std::string make_segment_header(RowsetId id, bool has_rows) {
  const uint32_t version = has_rows ? kFormatVersionWithRows : kFormatVersion;
  std::string header(kHeaderMagic);
  put_fixed(header, version);
  put_fixed(header, header_checksum(id, version));
  put_fixed(header, id.value);
  return header;
}

std::string make_segment_tail(const SegmentFooter& footer, uint64_t offset) {
  std::string tail = serialize(footer);
  put_fixed(tail, static_cast<uint32_t>(tail.size()));
  put_fixed(tail, segment_checksum(footer.id, offset, tail));
  tail.append(kTailMagic);
  return tail;
}

Result<SegmentFooter> read_segment_footer(const ReadableFile& file) {
  if (file.size() < kHeaderBytes + kTrailerBytes) return corrupt(file, "too short for a segment file");
  FRESHET_ASSIGN_OR_RETURN(const auto header, read_header(file));

  std::string tail(std::min(kFirstReadBytes, file.size()), '\0');
  FRESHET_RETURN_IF_ERROR(file.read(file.size() - tail.size(), tail));
  ByteReader trailer(std::string_view(tail).substr(tail.size() - kTrailerBytes));
  const uint64_t footer_bytes = trailer.fixed<uint32_t>();
  const auto checksum = trailer.fixed<uint32_t>();
  if (trailer.bytes(kTailMagic.size()) != kTailMagic) return corrupt(file, "it does not end like a segment file: cut off?");
  if (footer_bytes > file.size() - kHeaderBytes - kTrailerBytes) return corrupt(file, "the footer is longer than the file");

  const uint64_t footer_offset = file.size() - kTrailerBytes - footer_bytes;
  if (footer_bytes + kTrailerBytes > tail.size()) {
    tail.resize(footer_bytes + kTrailerBytes);
    FRESHET_RETURN_IF_ERROR(file.read(footer_offset, tail));
  }
  const std::string_view from_footer = std::string_view(tail).substr(tail.size() - kTrailerBytes - footer_bytes);
  if (checksum != segment_checksum(header.id, footer_offset, from_footer.substr(0, footer_bytes + sizeof(uint32_t)))) {
    return corrupt(file, "wrong checksum of the footer");
  }
  auto footer = parse(from_footer.substr(0, footer_bytes), header.version);
  if (!footer) return corrupt(file, "the footer cannot be read");
  if (footer->id != header.id) return corrupt(file, "header and footer name different segments");
  uint64_t first_page = footer_offset;
  if (find_page_range(*footer, first_page) > footer_offset || first_page < kHeaderBytes) {
    return corrupt(file, "the footer names pages outside the file");
  }
  return std::move(*footer);
}

}  // namespace freshet::storage
