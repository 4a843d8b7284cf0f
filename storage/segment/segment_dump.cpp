#include <fmt/format.h>

#include <array>
#include <iterator>

#include "storage/segment/file_column_reader.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/primary_key_index.h"
#include "storage/segment/row_store.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment/short_key_index.h"
#include "storage/types/value_text.h"

namespace freshet::storage {
namespace {

/// Pages read by a dump need not stay.
constexpr uint64_t kDumpCacheBytes = 1 << 20;
constexpr size_t kMaxShownBytes = 48;

std::string hex(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes.substr(0, kMaxShownBytes)) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return bytes.size() > kMaxShownBytes ? text + "..." : text;
}

std::string quoted(std::string_view bytes) {
  std::string text = "'";
  for (char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte == 0x7F || byte == '\\' || byte == '\'') {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    } else {
      text.push_back(letter);
    }
  }
  return text + "'";
}

std::string bound_text(const DataType& type, const std::string& bound) {
  if (type.is_bytes()) return quoted(bound);
  Column value(type);
  value.append_fixed_run(bound.data(), nullptr, 1);
  std::string text;
  format_value(value, 0, text);
  return text;
}

std::string zone_text(const DataType& type, const ZoneMap& zone) {
  if (!zone.has_bounds) return fmt::format("nulls={} no bounds", zone.null_count);
  const bool is_unbounded = !zone.max_is_exact && zone.max.empty();
  return fmt::format("nulls={} min={} max{}{}", zone.null_count, bound_text(type, zone.min), zone.max_is_exact ? "=" : "<",
                     is_unbounded ? "anything" : bound_text(type, zone.max));
}

std::string_view encoding_name(PageEncoding encoding) {
  switch (encoding) {
    case PageEncoding::kConstant: return "constant";
    case PageEncoding::kPlain: return "plain";
    case PageEncoding::kDictionary: return "dictionary";
    case PageEncoding::kFrameOfReference: return "frame-of-reference";
    case PageEncoding::kScaledFrame: return "scaled-frame";
    case PageEncoding::kDelta: return "delta";
    case PageEncoding::kRunLength: return "run-length";
    case PageEncoding::kAlp: return "alp";
    case PageEncoding::kFsst: return "fsst";
  }
  return "unknown";
}

std::string_view compression_name(PageCompression compression) {
  switch (compression) {
    case PageCompression::kNone: return "uncompressed";
    case PageCompression::kLz4: return "lz4";
    case PageCompression::kZstd: return "zstd";
  }
  return "unknown";
}

std::string_view key_form_name(KeyForm form) {
  switch (form) {
    case KeyForm::kShortKeys: return "duplicate keys";
    case KeyForm::kFixed: return "unique fixed keys";
    case KeyForm::kBytes: return "unique byte keys";
  }
  return "unknown";
}

void print_page(std::string& out, const FileColumnReader& column, uint32_t page) {
  const PageLocation location = column.location(page);
  const auto bytes = column.read_page(page);
  if (!bytes.ok()) {
    fmt::format_to(std::back_inserter(out), "  page {} offset={} BAD: {}\n", page, location.offset,
                   bytes.status().message());
    return;
  }
  const PageHeader header = page_header(*bytes);
  fmt::format_to(std::back_inserter(out), "  page {} offset={} rows={} {} {} raw={} stored={} {}\n", page, location.offset,
                 header.row_count, encoding_name(header.encoding), compression_name(header.compression), header.raw_bytes,
                 header.stored_bytes, zone_text(column.type(), column.page_zone(page)));
}

void print_column(std::string& out, const PageSource& source, const ColumnFooter& footer, uint32_t row_count) {
  const FileColumnReader column(source, footer, row_count);
  fmt::format_to(std::back_inserter(out), "column {} {} {} page_rows={} {}\n", footer.id.value, quoted(footer.name),
                 footer.type.to_string(), footer.page_rows, zone_text(footer.type, footer.segment_zone));
  for (uint32_t page = 0; page < column.page_count(); ++page) print_page(out, column, page);
}

void print_row_page(std::string& out, const RowStore& rows, uint32_t page) {
  const auto bytes = rows.read_page(page);
  if (!bytes.ok()) {
    fmt::format_to(std::back_inserter(out), "  page {} offset={} BAD: {}\n", page, rows.location(page).offset,
                   bytes.status().message());
    return;
  }
  const PageHeader header = page_header(*bytes);
  fmt::format_to(std::back_inserter(out), "  page {} offset={} rows={} {} raw={} stored={}\n", page,
                 rows.location(page).offset, header.row_count, compression_name(header.compression), header.raw_bytes,
                 header.stored_bytes);
}

void print_row_store(std::string& out, const PageSource& source, const SegmentFooter& footer) {
  const RowStore rows(source, footer.rows, row_layout_of(footer));
  fmt::format_to(std::back_inserter(out), "row store columns={} pages={}\n", rows.layout().size(), rows.page_count());
  for (uint32_t page = 0; page < rows.page_count(); ++page) print_row_page(out, rows, page);
}

void print_problem(std::string& out, std::string_view what, const Status& status) {
  fmt::format_to(std::back_inserter(out), "{} BAD: {}\n", what, status.message());
}

void print_short_keys(std::string& out, const PageSource& source, const SegmentFooter& footer) {
  ShortKeyIndex index;
  const auto page = source.read(footer.short_keys, [&](std::string_view bytes) -> std::string_view {
    return index.assign(page_payload(bytes), footer.row_count) ? "" : "not a short-key index";
  });
  if (!page.ok()) return print_problem(out, "short-key index", page.status());
  fmt::format_to(std::back_inserter(out), "short-key index offset={} entries={}\n", footer.short_keys.offset, index.size());
  for (size_t i = 0; i < index.size(); ++i) fmt::format_to(std::back_inserter(out), "  {}\n", hex(index.entry(i)));
}

void print_key_index(std::string& out, const PageSource& source, const SegmentFooter& footer) {
  const bool is_fixed = footer.key_form == KeyForm::kFixed;
  const auto index = open_primary_key_index(source, footer.key_top, is_fixed, footer.row_count);
  if (!index.ok()) return print_problem(out, "primary-key index", index.status());
  fmt::format_to(std::back_inserter(out), "primary-key index offset={} pages={} blocks={}\n", footer.key_top.offset,
                 index.value()->pages().size(), index.value()->block_count());
  for (const PageLocation& page : index.value()->pages()) {
    fmt::format_to(std::back_inserter(out), "  page offset={} bytes={}\n", page.offset, page.bytes);
  }
  std::vector<std::string> problems;
  index.value()->verify_pages(problems);
  for (const std::string& problem : problems) fmt::format_to(std::back_inserter(out), "  BAD: {}\n", problem);

  KeyFilter filter;
  const auto page = source.read(footer.key_filter, [&](std::string_view bytes) -> std::string_view {
    return filter.assign(page_payload(bytes)) ? "" : "not a key filter";
  });
  if (!page.ok()) return print_problem(out, "key filter", page.status());
  fmt::format_to(std::back_inserter(out), "key filter offset={} bytes={}\n", footer.key_filter.offset,
                 filter.bytes().size());
}

}  // namespace

Result<std::string> dump_segment(FileStore& files, const std::string& file_name) {
  FRESHET_ASSIGN_OR_RETURN(const auto file, files.open(file_name));
  FRESHET_ASSIGN_OR_RETURN(const SegmentFooter footer, read_segment_footer(*file));
  PageCache cache(kDumpCacheBytes);
  const PageSource source(file, &cache, footer.id);
  std::string out;
  fmt::format_to(std::back_inserter(out), "segment {} tablet={} bytes={} rows={} schema_version={} level={} commit={} {}\n",
                 footer.id.value, footer.tablet.value, file->size(), footer.row_count, footer.schema_version, footer.level,
                 footer.newest_commit.value, key_form_name(footer.key_form));
  fmt::format_to(std::back_inserter(out), "keys {} .. {}\n", hex(footer.min_key), hex(footer.max_key));
  for (const ColumnFooter& column : footer.columns) print_column(out, source, column, footer.row_count);
  if (!footer.rows.columns.empty()) print_row_store(out, source, footer);
  footer.key_form == KeyForm::kShortKeys ? print_short_keys(out, source, footer) : print_key_index(out, source, footer);
  return out;
}

}  // namespace freshet::storage
