#include "storage/segment/column_writer.h"

#include <algorithm>

#include "storage/base/limits.h"
#include "storage/segment/zone_map.h"

namespace freshet::storage {

ColumnWriter::ColumnWriter(const ColumnSchema& column, PageCompression compression, PageEncoder& encoder, PageSink& sink)
    : compression_(compression), encoder_(encoder), sink_(sink), pending_(column.type) {
  footer_.id = column.id;
  footer_.name = column.name;
  footer_.type = column.type;
}

Status ColumnWriter::append(const Column& values) {
  row_count_ += values.size();
  if (pending_.size() == 0) {
    FRESHET_ASSIGN_OR_RETURN(const size_t written, write_pages(values));
    pending_.append_range(values, written, values.size() - written);
    return Status::OK();
  }
  pending_.append_range(values, 0, values.size());
  FRESHET_ASSIGN_OR_RETURN(const size_t written, write_pages(pending_));
  if (written == 0) return Status::OK();
  Column rest(pending_.type());
  rest.append_range(pending_, written, pending_.size() - written);
  pending_ = std::move(rest);
  return Status::OK();
}

Status ColumnWriter::finish() {
  if (pending_.size() == 0) return Status::OK();
  if (footer_.page_rows == 0) choose_page_rows(pending_);
  size_t written = 0;
  for (; written < pending_.size(); written += footer_.page_rows) {
    const size_t count = std::min<size_t>(footer_.page_rows, pending_.size() - written);
    FRESHET_RETURN_IF_ERROR(write_page(pending_, written, count));
  }
  pending_.clear();
  return Status::OK();
}

Result<size_t> ColumnWriter::write_pages(const Column& values) {
  if (footer_.page_rows == 0) {
    if (values.size() < kPageRows) return size_t{0};
    choose_page_rows(values);
  }
  size_t written = 0;
  for (; values.size() - written >= footer_.page_rows; written += footer_.page_rows) {
    FRESHET_RETURN_IF_ERROR(write_page(values, written, footer_.page_rows));
  }
  return written;
}

void ColumnWriter::choose_page_rows(const Column& sample) {
  footer_.page_rows = kPageRows;
  if (!sample.is_bytes()) return;
  const size_t rows = std::min<size_t>(sample.size(), kPageRows);
  const size_t bytes = sample.offsets()[rows] - sample.offsets()[0];
  if (bytes > rows * kWideValueBytes) footer_.page_rows = kWidePageRows;
}

Status ColumnWriter::write_page(const Column& values, size_t first, size_t count) {
  ZoneMap zone;
  PageHeader header = encoder_.encode(values, first, count, zone);
  header.kind = PageKind::kColumn;
  header.column = footer_.id.value;
  header.first_row = static_cast<uint32_t>(rows_written_);
  const PageCompression compression = encoder_.is_compressible() ? compression_ : PageCompression::kNone;
  auto location = sink_.write(header, encoder_.payload(), compression);
  if (!location.ok()) return location.status().with_context("column '" + footer_.name + "'");
  footer_.pages.push_back(*location);
  merge_zone(footer_.segment_zone, rows_written_, zone, count, header.physical);
  footer_.zones.push_back(std::move(zone));
  rows_written_ += count;
  return Status::OK();
}

}  // namespace freshet::storage
