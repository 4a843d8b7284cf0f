#include "storage/segment/row_store_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/base/limits.h"
#include "storage/segment/column_page.h"
#include "storage/segment/file_column_reader.h"
#include "storage/segment/row_layout.h"

namespace freshet::storage {
namespace {

/// Rows that are put together at once. A power of two that divides every page of a column.
constexpr uint32_t kMostRows = 256;
constexpr uint32_t kFirstRows = 16;
/// So many bytes of rows stay in the processor's caches while their values come column by column.
constexpr size_t kGoodBytes = 256 * 1024;
constexpr size_t kWidestValue = sizeof(Int128);
static_assert(kVectorRows % kMostRows == 0);

/// The pages of one column, one after the other.
class ColumnCursor {
 public:
  ColumnCursor(const PageSource& source, const ColumnFooter& footer, uint32_t row_count)
      : reader_(source, footer, row_count) {}

  /// Rows [first, first + count) lie in one page; it is loaded now.
  Status seek(RowOrdinal first) {
    const uint32_t wanted = first / reader_.page_rows();
    if (page_ == nullptr || wanted != page_index_) {
      FRESHET_ASSIGN_OR_RETURN(std::string bytes, reader_.read_page(wanted));
      page_ = make_column_page(std::make_shared<const std::string>(std::move(bytes)));
      page_index_ = wanted;
    }
    at_ = first % reader_.page_rows();
    return Status::OK();
  }
  void read_fixed(uint32_t count, void* out) const { page_->read_fixed(at_, count, out); }
  /// The values live until the next seek() or read_bytes(). Those of NULL rows are any.
  void read_bytes(uint32_t count, std::string_view* out) {
    decoded_ = DecodedBytes();
    page_->read_bytes(at_, count, out, decoded_);
  }
  bool has_nulls() const { return page_->null_count() != 0; }
  bool is_null(uint32_t row) const { return page_->is_null(at_ + row); }

 private:
  FileColumnReader reader_;
  std::shared_ptr<const ColumnPage> page_;
  uint32_t page_index_ = 0;
  uint32_t at_ = 0;  ///< row of the page
  DecodedBytes decoded_;
};

RowLayout layout_of(std::span<const ColumnFooter* const> columns) {
  std::vector<std::pair<ColumnId, DataType>> fields;
  for (const ColumnFooter* column : columns) fields.emplace_back(column->id, column->type);
  return RowLayout(fields);
}

/// Puts values of `width` bytes into rows that begin at `starts`.
template <size_t width>
void scatter(const char* values, std::span<const uint64_t> starts, char* rows, uint32_t place) {
  for (const uint64_t start : starts) {
    std::memcpy(rows + start + place, values, width);
    values += width;
  }
}

class RowStoreWriter {
 public:
  RowStoreWriter(PageSink& sink, std::span<const ColumnFooter* const> columns, uint32_t row_count, uint32_t page_bytes,
                 PageCompression compression)
      : sink_(sink),
        source_(sink.written()),
        layout_(layout_of(columns)),
        row_count_(row_count),
        page_bytes_(page_bytes),
        compression_(compression) {
    cursors_.reserve(columns.size());
    for (const ColumnFooter* column : columns) {
      footer_.columns.push_back(column->id);
      cursors_.emplace_back(source_, *column, row_count);
    }
    texts_.resize(layout_.byte_fields());
  }

  Result<RowStoreFooter> write(const ChargeBytes& charge) {
    uint32_t rows_at_once = kFirstRows;
    for (RowOrdinal first = 0; first < row_count_;) {
      const uint32_t count = std::min({rows_at_once, kMostRows - first % kMostRows, row_count_ - first});
      FRESHET_RETURN_IF_ERROR(put_together(first, count));
      if (charge) FRESHET_RETURN_IF_ERROR(charge(rows_.size()));
      for (uint32_t row = 0; row < count; ++row) FRESHET_RETURN_IF_ERROR(add_row(row));
      if (rows_.size() * 2 <= kGoodBytes) rows_at_once = std::min(rows_at_once * 2, kMostRows);
      if (rows_.size() > kGoodBytes) rows_at_once = std::max(rows_at_once / 2, uint32_t{1});
      first += count;
    }
    FRESHET_RETURN_IF_ERROR(close_page());
    return std::move(footer_);
  }

 private:
  /// Fills rows_ and starts_ with rows [first, first + count).
  Status put_together(RowOrdinal first, uint32_t count) {
    starts_.assign(count + 1, 0);
    std::array<uint64_t, kMostRows> bytes;
    std::fill_n(bytes.begin(), count, layout_.front_bytes());
    for (size_t index = 0; index < layout_.size(); ++index) {
      FRESHET_RETURN_IF_ERROR(cursors_[index].seek(first));
      if (layout_.field(index).type.is_bytes()) add_text_bytes(index, count, bytes.data());
    }
    for (uint32_t row = 0; row < count; ++row) {
      if (bytes[row] > kMaxPagePayloadBytes - 2 * sizeof(uint32_t)) {
        return Status::ResourceExhausted("a row of {} bytes is too long for the row store, whose rows have at most {}",
                                         bytes[row], kMaxPagePayloadBytes - 2 * sizeof(uint32_t));
      }
      starts_[row + 1] = starts_[row] + bytes[row];
    }
    rows_.assign(starts_[count], '\0');
    for (size_t index = 0; index < layout_.size(); ++index) {
      set_nulls(index, count);
      const RowLayout::Field& field = layout_.field(index);
      field.type.is_bytes() ? put_texts(field, count) : put_fixed_values(index, count);
    }
    return Status::OK();
  }

  void add_text_bytes(size_t index, uint32_t count, uint64_t* bytes) {
    auto& texts = texts_[layout_.field(index).place];
    cursors_[index].read_bytes(count, texts.data());
    for (uint32_t row = 0; row < count; ++row) {
      if (cursors_[index].is_null(row)) texts[row] = {};
      bytes[row] += texts[row].size();
    }
  }

  void set_nulls(size_t index, uint32_t count) {
    if (!cursors_[index].has_nulls()) return;
    for (uint32_t row = 0; row < count; ++row) {
      if (cursors_[index].is_null(row)) rows_[starts_[row] + index / 8] |= static_cast<char>(1u << (index % 8));
    }
  }

  void put_fixed_values(size_t index, uint32_t count) {
    alignas(16) std::array<char, kMostRows * kWidestValue> values;
    cursors_[index].read_fixed(count, values.data());
    const size_t width = layout_.field(index).type.width();
    for (uint32_t row = 0; cursors_[index].has_nulls() && row < count; ++row) {
      if (cursors_[index].is_null(row)) std::memset(values.data() + row * width, 0, width);
    }
    const std::span<const uint64_t> starts(starts_.data(), count);
    const uint32_t place = layout_.field(index).place;
    switch (width) {
      case 1: return scatter<1>(values.data(), starts, rows_.data(), place);
      case 2: return scatter<2>(values.data(), starts, rows_.data(), place);
      case 4: return scatter<4>(values.data(), starts, rows_.data(), place);
      case 8: return scatter<8>(values.data(), starts, rows_.data(), place);
      default: return scatter<kWidestValue>(values.data(), starts, rows_.data(), place);
    }
  }

  /// REQUIRES: the texts of the fields before are there.
  void put_texts(const RowLayout::Field& field, uint32_t count) {
    for (uint32_t row = 0; row < count; ++row) {
      char* start = rows_.data() + starts_[row];
      const uint32_t begin = field.place == 0 ? 0 : load_fixed<uint32_t>(start + layout_.end_at(field.place - 1));
      const std::string_view text = texts_[field.place][row];
      const auto end = static_cast<uint32_t>(begin + text.size());
      std::memcpy(start + layout_.end_at(field.place), &end, sizeof(end));
      text.copy(start + layout_.front_bytes() + begin, text.size());
    }
  }

  Status add_row(uint32_t row) {
    const std::string_view bytes(rows_.data() + starts_[row], starts_[row + 1] - starts_[row]);
    const size_t directory = (page_ends_.size() + 2) * sizeof(uint32_t);
    if (!page_ends_.empty() && directory + page_.size() + bytes.size() > kMaxPagePayloadBytes) {
      FRESHET_RETURN_IF_ERROR(close_page());
    }
    page_.append(bytes);
    page_ends_.push_back(static_cast<uint32_t>(page_.size()));
    return page_.size() + page_ends_.size() * sizeof(uint32_t) >= page_bytes_ ? close_page() : Status::OK();
  }

  Status close_page() {
    if (page_ends_.empty()) return Status::OK();
    PageHeader header;
    header.kind = PageKind::kRows;
    header.row_count = static_cast<uint32_t>(page_ends_.size());
    header.first_row = footer_.ends.empty() ? 0 : footer_.ends.back();
    payload_.clear();
    const auto directory = static_cast<uint32_t>((page_ends_.size() + 1) * sizeof(uint32_t));
    put_fixed(payload_, directory);
    for (const uint32_t end : page_ends_) put_fixed(payload_, directory + end);
    payload_.append(page_);
    FRESHET_ASSIGN_OR_RETURN(const PageLocation location, sink_.write(header, payload_, compression_));
    footer_.pages.push_back(location);
    footer_.ends.push_back(header.first_row + header.row_count);
    page_.clear();
    page_ends_.clear();
    return Status::OK();
  }

  PageSink& sink_;
  const PageSource source_;
  const RowLayout layout_;
  const uint32_t row_count_;
  const uint32_t page_bytes_;
  const PageCompression compression_;
  std::vector<ColumnCursor> cursors_;                           ///< one a field
  std::vector<std::array<std::string_view, kMostRows>> texts_;  ///< by place
  std::string rows_;
  std::vector<uint64_t> starts_;  ///< in rows_, and its end
  std::string page_;              ///< the rows of the page that is being filled
  std::vector<uint32_t> page_ends_;
  std::string payload_;
  RowStoreFooter footer_;
};

}  // namespace

Result<RowStoreFooter> write_row_store(PageSink& sink, std::span<const ColumnFooter* const> columns, uint32_t row_count,
                                       uint32_t page_bytes, PageCompression compression, const ChargeBytes& charge) {
  return RowStoreWriter(sink, columns, row_count, page_bytes, compression).write(charge);
}

}  // namespace freshet::storage
