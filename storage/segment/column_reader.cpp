#include "storage/segment/column_reader.h"

#include <algorithm>
#include <array>

#include "storage/base/assert.h"
#include "storage/base/limits.h"
#include "storage/encoding/null_map.h"
#include "storage/segment/column_page.h"
#include "storage/segment/file_column_reader.h"
#include "storage/segment/widened_page.h"

namespace freshet::storage {
namespace {

constexpr size_t kMaxWidth = sizeof(Int128);

/// Validity bits of `count` rows as bytes, 1 = NULL.
void expand_nulls(const uint64_t* words, uint32_t count, uint8_t* nulls) {
  for (uint32_t row = 0; row < count; ++row) nulls[row] = ((words[row / 64] >> (row % 64)) & 1) == 0;
}

void append_fixed(const ColumnPage& page, uint32_t first, uint32_t count, Column& out) {
  alignas(16) std::array<char, kVectorRows * kMaxWidth> values;
  page.read_fixed(first, count, values.data());
  if (page.null_count() == 0) return out.append_fixed_run(values.data(), nullptr, count);

  std::array<uint64_t, kVectorRows / 64> words;
  std::array<uint8_t, kVectorRows> nulls;
  page.read_validity(first, count, words.data());
  expand_nulls(words.data(), count, nulls.data());
  const uint32_t width = out.type().width();
  for (uint32_t row = 0; row < count; ++row) {
    if (nulls[row] != 0) std::fill_n(values.data() + row * width, width, '\0');
  }
  out.append_fixed_run(values.data(), nulls.data(), count);
}

void append_bytes(const ColumnPage& page, uint32_t first, uint32_t count, Column& out) {
  std::array<std::string_view, kVectorRows> values;
  DecodedBytes decoded;
  page.read_bytes(first, count, values.data(), decoded);
  const bool has_nulls = page.null_count() != 0;
  for (uint32_t i = 0; i < count; ++i) {
    has_nulls&& page.is_null(first + i) ? out.append_null() : out.append_bytes(values[i]);
  }
}

}  // namespace

void ColumnPage::read_fixed(uint32_t, uint32_t, void*) const { FRESHET_ASSERT(!"a page of byte values"); }
void ColumnPage::gather_fixed(std::span<const uint32_t>, void*) const { FRESHET_ASSERT(!"a page of byte values"); }

uint32_t ColumnPage::read_runs(uint32_t, uint32_t, uint32_t, uint32_t*, void*) const {
  FRESHET_ASSERT(!"a page without runs");
  return 0;
}

void ColumnPage::read_bytes(uint32_t, uint32_t, std::string_view*, DecodedBytes&) const {
  FRESHET_ASSERT(!"a page of fixed-width values");
}

std::string_view ColumnPage::bytes_at(uint32_t, DecodedBytes&) const {
  FRESHET_ASSERT(!"a page of fixed-width values");
  return {};
}

std::span<const std::string_view> ColumnPage::dictionary() const {
  FRESHET_ASSERT(!"a page without a dictionary");
  return {};
}

void ColumnPage::read_codes(uint32_t, uint32_t, uint32_t*) const { FRESHET_ASSERT(!"a page without a dictionary"); }

void ColumnPage::append_to(uint32_t first, uint32_t count, Column& out) const {
  for (uint32_t done = 0; done < count;) {
    const uint32_t step = std::min(count - done, kVectorRows);
    out.is_bytes() ? append_bytes(*this, first + done, step, out) : append_fixed(*this, first + done, step, out);
    done += step;
  }
}

Status ColumnReader::read_rows(uint32_t first, uint32_t count, Column& out) const {
  const uint32_t end = first + count;
  while (first < end) {
    FRESHET_ASSIGN_OR_RETURN(auto page, this->page(first / page_rows()));
    page = widen_page(std::move(page), type(), out.type());
    const uint32_t row = first % page_rows();
    FRESHET_ASSERT(row < page->row_count());
    const uint32_t step = std::min(end - first, page->row_count() - row);
    page->append_to(row, step, out);
    first += step;
  }
  return Status::OK();
}

std::string_view FileColumnReader::find_fault(std::string_view bytes, uint32_t page) const {
  const PageHeader header = page_header(bytes);
  const uint32_t first_row = page * footer_.page_rows;
  const uint32_t rows = std::min(footer_.page_rows, row_count_ - first_row);
  if (header.column != footer_.id.value || header.first_row != first_row || header.row_count != rows) {
    return "not this page of the column";
  }
  if (header.null_count != footer_.zones[page].null_count) return "another number of NULLs than in the footer";
  return find_column_page_fault(bytes, footer_.type.physical());
}

Result<std::shared_ptr<const ColumnPage>> FileColumnReader::page(uint32_t page) const {
  FRESHET_DCHECK(page < page_count());
  auto bytes = pages_.get(page, [&](std::string_view read) { return find_fault(read, page); });
  if (!bytes.ok()) return bytes.status().with_context(fmt::format("column '{}', page {}", footer_.name, page));
  return make_column_page(std::move(bytes).value());
}

Result<std::string> FileColumnReader::read_page(uint32_t page) const {
  auto bytes = pages_.read(page, [&](std::string_view read) { return find_fault(read, page); });
  if (!bytes.ok()) return bytes.status().with_context(fmt::format("column '{}', page {}", footer_.name, page));
  return bytes;
}

uint64_t FileColumnReader::resident_bytes() const {
  return sizeof(*this) + pages_.resident_bytes() + footer_.zones.capacity() * sizeof(ZoneMap);
}

}  // namespace freshet::storage
