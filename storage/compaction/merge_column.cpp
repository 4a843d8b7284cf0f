#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "storage/compaction/merge_inputs.h"
#include "storage/segment/widened_page.h"
#include "storage/tablet/row_reader.h"

namespace freshet::storage {
namespace {

constexpr size_t kPieceBytes = 8u << 20;

template <typename Value>
inline constexpr bool kIsBytes = std::is_same_v<Value, std::string_view>;
/// Byte values are taken in smaller steps: the pages they point into stay pinned.
template <typename Value>
inline constexpr size_t kStepRows = kIsBytes<Value> ? kWidePageRows : kPageRows;

/// The live values of one column of one input, in order, decoded page by page. NULL slots hold any value.
template <typename Value>
class ValueCursor {
 public:
  ValueCursor(const MergeInput& input, const ColumnSchema& schema) : input_(input), default_(schema.type) {
    column_ = input.reader->column(schema.id);
    if (column_ == nullptr) append_missing_column(schema, 1, default_);
  }

  /// Decodes until `count` values are at hand. REQUIRES: so many are left.
  Status fill(size_t count) {
    if (values_.size() - position_ >= count) return Status::OK();
    drop_consumed();
    while (values_.size() < count) {
      if (column_ == nullptr) {
        append_defaults(count - values_.size());
      } else {
        FRESHET_RETURN_IF_ERROR(append_page());
      }
    }
    return Status::OK();
  }
  const Value* values() const { return values_.data() + position_; }
  const uint8_t* nulls() const { return nulls_.data() + position_; }
  void consume(size_t count) { position_ += count; }

 private:
  struct PinnedPage {
    std::shared_ptr<const ColumnPage> page;
    DecodedBytes decoded;
    size_t end;  ///< of its values in values_
  };

  void drop_consumed() {
    values_.erase(values_.begin(), values_.begin() + static_cast<ptrdiff_t>(position_));
    nulls_.erase(nulls_.begin(), nulls_.begin() + static_cast<ptrdiff_t>(position_));
    std::erase_if(pages_, [&](const PinnedPage& pinned) { return pinned.end <= position_; });
    for (PinnedPage& pinned : pages_) pinned.end -= position_;
    position_ = 0;
  }

  void append_defaults(size_t count) {
    Value value{};
    if constexpr (kIsBytes<Value>) {
      value = default_.bytes_at(0);
    } else {
      std::memcpy(&value, default_.raw_at(0), sizeof(Value));
    }
    values_.resize(values_.size() + count, value);
    nulls_.resize(values_.size(), default_.is_null(0));
  }

  Status append_page() {
    FRESHET_ASSERT(next_page_ < column_->page_count());
    const RowOrdinal first_row = next_page_ * column_->page_rows();
    const uint32_t page_rows = std::min(column_->page_rows(), input_.reader->row_count() - first_row);
    live_.resize(page_rows);
    live_.resize(input_.dead.live_rows(first_row, page_rows, live_.data()));
    if (live_.empty()) return ++next_page_, Status::OK();
    FRESHET_ASSIGN_OR_RETURN(auto page, column_->page(next_page_));
    page = widen_page(std::move(page), column_->type(), default_.type());
    ++next_page_;
    DecodedBytes decoded;
    append_values(*page, decoded);
    append_nulls(*page);
    if constexpr (kIsBytes<Value>) pages_.push_back({std::move(page), std::move(decoded), values_.size()});
    return Status::OK();
  }

  void append_values(const ColumnPage& page, [[maybe_unused]] DecodedBytes& decoded) {
    const size_t start = values_.size();
    const bool all_live = live_.size() == page.row_count();
    values_.resize(start + (kIsBytes<Value> ? page.row_count() : live_.size()));
    Value* target = values_.data() + start;
    if constexpr (kIsBytes<Value>) {
      page.read_bytes(0, page.row_count(), target, decoded);
      if (all_live) return;
      for (size_t i = 0; i < live_.size(); ++i) target[i] = target[live_[i]];
      values_.resize(start + live_.size());
    } else if (all_live) {
      page.read_fixed(0, page.row_count(), target);
    } else {
      page.gather_fixed(live_, target);
    }
  }

  void append_nulls(const ColumnPage& page) {
    const size_t start = nulls_.size();
    nulls_.resize(start + live_.size(), 0);
    if (page.null_count() == 0) return;
    validity_.assign((page.row_count() + 63) / 64, 0);
    page.read_validity(0, page.row_count(), validity_.data());
    for (size_t i = 0; i < live_.size(); ++i) {
      nulls_[start + i] = (validity_[live_[i] / 64] >> (live_[i] % 64) & 1) == 0;
    }
  }

  const MergeInput& input_;
  const ColumnReader* column_;  ///< null when the segment does not have the column
  Column default_;              ///< of the type that is written; one row when the segment does not have the column
  uint32_t next_page_ = 0;
  std::vector<Value> values_;
  std::vector<uint8_t> nulls_;
  size_t position_ = 0;
  std::vector<PinnedPage> pages_;
  std::vector<uint32_t> live_;
  std::vector<uint64_t> validity_;
};

/// Where the next value of each input lies.
template <typename Value>
struct Fronts {
  std::vector<const Value*> values;
  std::vector<const uint8_t*> nulls;
};

/// Writes full pieces of a column.
class PieceWriter {
 public:
  PieceWriter(const DataType& type, size_t column_index, const Throttle& throttle, SegmentWriter& out)
      : piece_(type), column_index_(column_index), throttle_(throttle), out_(out) {}

  Column& piece() { return piece_; }
  bool is_full() const { return piece_.byte_size() >= kPieceBytes; }
  Status write() {
    if (piece_.size() == 0) return Status::OK();
    FRESHET_RETURN_IF_ERROR(out_.append_column(column_index_, piece_));
    const uint64_t bytes = piece_.byte_size();
    piece_.clear();
    return throttle_.charge(bytes);
  }

 private:
  Column piece_;
  const size_t column_index_;
  const Throttle& throttle_;
  SegmentWriter& out_;
};

template <typename Value>
Status append_step(std::span<const uint16_t> order, Fronts<Value>& fronts, PieceWriter& out) {
  if constexpr (kIsBytes<Value>) {
    for (const uint16_t input : order) {
      const std::string_view value = *fronts.values[input]++;
      *fronts.nulls[input]++ != 0 ? out.piece().append_null() : out.piece().append_bytes(value);
      if (out.is_full()) FRESHET_RETURN_IF_ERROR(out.write());
    }
  } else {
    std::vector<Value> values(order.size());
    std::vector<uint8_t> nulls(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      const uint16_t input = order[i];
      const uint8_t is_null = *fronts.nulls[input]++;
      const Value value = *fronts.values[input]++;
      values[i] = is_null != 0 ? Value{} : value;
      nulls[i] = is_null;
    }
    out.piece().append_fixed_run(values.data(), nulls.data(), values.size());
  }
  return out.write();
}

template <typename Value>
Status merge(std::span<const MergeInput> inputs, const ColumnSchema& schema, const MergeOrder& order, PieceWriter& out) {
  std::vector<ValueCursor<Value>> cursors;
  cursors.reserve(inputs.size());
  for (const MergeInput& input : inputs) cursors.emplace_back(input, schema);
  Fronts<Value> fronts{std::vector<const Value*>(inputs.size()), std::vector<const uint8_t*>(inputs.size())};
  std::vector<uint32_t> counts(inputs.size());
  for (size_t done = 0; done < order.size();) {
    const auto step = std::span(order).subspan(done, std::min(kStepRows<Value>, order.size() - done));
    std::fill(counts.begin(), counts.end(), 0);
    for (const uint16_t input : step) ++counts[input];
    for (size_t input = 0; input < cursors.size(); ++input) {
      if (counts[input] == 0) continue;
      FRESHET_RETURN_IF_ERROR(cursors[input].fill(counts[input]));
      fronts.values[input] = cursors[input].values();
      fronts.nulls[input] = cursors[input].nulls();
    }
    FRESHET_RETURN_IF_ERROR(append_step<Value>(step, fronts, out));
    for (size_t input = 0; input < cursors.size(); ++input) cursors[input].consume(counts[input]);
    done += step.size();
  }
  return Status::OK();
}

}  // namespace

Status merge_column(std::span<const MergeInput> inputs, const TableSchema& schema, size_t column_index,
                    const MergeOrder& order, const Throttle& throttle, SegmentWriter& out) {
  const ColumnSchema& column = schema.columns[column_index];
  for (const MergeInput& input : inputs) {
    const ColumnReader* stored = input.reader->column(column.id);
    if (stored != nullptr) FRESHET_RETURN_IF_ERROR(check_stored_type(*stored, column, input.reader->meta()));
  }
  PieceWriter pieces(column.type, column_index, throttle, out);
  switch (column.type.width()) {
    case 0: return merge<std::string_view>(inputs, column, order, pieces);
    case 1: return merge<uint8_t>(inputs, column, order, pieces);
    case 2: return merge<uint16_t>(inputs, column, order, pieces);
    case 4: return merge<uint32_t>(inputs, column, order, pieces);
    case 8: return merge<uint64_t>(inputs, column, order, pieces);
    default: return merge<Int128>(inputs, column, order, pieces);
  }
}

}  // namespace freshet::storage
