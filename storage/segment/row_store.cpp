#include "storage/segment/row_store.h"

#include <algorithm>
#include <cstring>

#include "storage/base/limits.h"

namespace freshet::storage {

RowPage::RowPage(PageCache::PagePtr page) : page_(std::move(page)), payload_(page_payload(*page_)) {
  const PageHeader header = page_header(*page_);
  first_row_ = header.first_row;
  row_count_ = header.row_count;
}

RowLayout row_layout_of(const SegmentFooter& footer) {
  std::vector<std::pair<ColumnId, DataType>> fields;
  for (const ColumnId id : footer.rows.columns) {
    const auto column = std::find_if(footer.columns.begin(), footer.columns.end(),
                                     [&](const ColumnFooter& known) { return known.id == id; });
    fields.emplace_back(id, column->type);
  }
  return RowLayout(fields);
}

RowStore::RowStore(const PageSource& source, RowStoreFooter footer, RowLayout layout)
    : source_(source), footer_(std::move(footer)), pages_(source, std::move(footer_.pages)), layout_(std::move(layout)) {}

uint32_t RowStore::page_of(RowOrdinal row) const {
  const auto page = std::upper_bound(footer_.ends.begin(), footer_.ends.end(), row);
  FRESHET_DCHECK(page != footer_.ends.end());
  return static_cast<uint32_t>(page - footer_.ends.begin());
}

std::string_view RowStore::find_fault(std::string_view bytes, uint32_t page) const {
  const PageHeader header = page_header(bytes);
  const RowOrdinal first_row = page == 0 ? 0 : footer_.ends[page - 1];
  if (header.kind != PageKind::kRows || header.first_row != first_row ||
      header.row_count != footer_.ends[page] - first_row) {
    return "not this page of the row store";
  }
  const std::string_view payload = page_payload(bytes);
  uint64_t begin = (uint64_t{header.row_count} + 1) * sizeof(uint32_t);
  if (payload.size() < begin || load_fixed<uint32_t>(payload.data()) != begin) return "the directory of rows is cut off";
  for (uint32_t row = 1; row <= header.row_count; ++row) {
    const auto end = load_fixed<uint32_t>(payload.data() + row * sizeof(uint32_t));
    if (end < begin || end > payload.size() || !layout_.is_valid(payload.substr(begin, end - begin))) {
      return "a row does not hold its values";
    }
    begin = end;
  }
  return begin == payload.size() ? "" : "bytes behind the last row";
}

Result<RowPage> RowStore::page(uint32_t page) const {
  auto bytes = pages_.get(page, [&](std::string_view read) { return find_fault(read, page); });
  if (!bytes.ok()) return bytes.status().with_context(fmt::format("row store, page {}", page));
  return RowPage(std::move(bytes).value());
}

Result<std::string> RowStore::read_page(uint32_t page) const {
  auto bytes = pages_.read(page, [&](std::string_view read) { return find_fault(read, page); });
  if (!bytes.ok()) return bytes.status().with_context(fmt::format("row store, page {}", page));
  return bytes;
}

void RowStore::verify(std::span<const ColumnReader* const> columns, std::vector<std::string>& problems,
                      const std::function<bool()>& is_stopped) const {
  std::vector<RowPage> pages;
  for (uint32_t page = 0; page < page_count(); ++page) {
    if (is_stopped()) return;
    auto bytes = read_page(page);
    if (!bytes.ok()) return problems.push_back(bytes.status().message());
    pages.emplace_back(std::make_shared<const std::string>(std::move(bytes).value()));
    const bool is_last = page + 1 == page_count();
    if (!is_last && footer_.ends[page] - pages.front().first_row() < kVectorRows) continue;
    const Status status = compare(pages, columns);
    if (!status.ok()) return problems.push_back(status.message());
    pages.clear();
  }
}

Status RowStore::compare(std::span<const RowPage> pages, std::span<const ColumnReader* const> columns) const {
  const RowOrdinal first = pages.front().first_row();
  const uint32_t count = pages.back().first_row() + pages.back().row_count() - first;
  for (size_t index = 0; index < layout_.size(); ++index) {
    const RowLayout::Field& field = layout_.field(index);
    Column values(field.type);
    FRESHET_RETURN_IF_ERROR(columns[index]->read_rows(first, count, values));
    auto page = pages.begin();
    for (uint32_t i = 0; i < count; ++i) {
      if (!page->has(first + i)) ++page;
      const std::string_view row = page->row(first + i);
      bool is_same = RowLayout::is_null(row, index) == values.is_null(i);
      if (is_same && !values.is_null(i)) {
        is_same = field.type.is_bytes()
                      ? layout_.bytes_at(row, field) == values.bytes_at(i)
                      : std::memcmp(layout_.fixed_at(row, field), values.raw_at(i), field.type.width()) == 0;
      }
      if (is_same) continue;
      return Status::Corruption("segment file {}: row {} of the row store has another value in column {} than the column",
                                source_.file().name(), first + i, field.column.value);
    }
  }
  return Status::OK();
}

uint64_t RowStore::resident_bytes() const {
  return sizeof(*this) + pages_.resident_bytes() + footer_.ends.capacity() * sizeof(RowOrdinal) +
         layout_.size() * (sizeof(RowLayout::Field) + sizeof(std::pair<ColumnId, uint32_t>));
}

}  // namespace freshet::storage
