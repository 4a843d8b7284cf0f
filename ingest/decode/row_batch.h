#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/row_errors.h"

namespace freshet::ingest {

/// One field of a source row, as text. Points into the decoder's input.
struct Cell {
  enum class Kind : uint32_t { kText, kNull, kMissing /**< the row does not have it: default or NULL */ };
  const char* data = nullptr;
  uint32_t size = 0;
  Kind kind = Kind::kMissing;

  std::string_view text() const { return {data, size}; }
};
static_assert(sizeof(Cell) == 16);

/// Some rows of text that were split but not yet converted: `width` cells for each row, side by side, and the rows' source
/// text. Small enough to stay in the processor's cache between splitting and converting. Reused from batch to batch.
class RowBatch {
 public:
  explicit RowBatch(size_t width)
      : width_(width),
        capacity_(width == 0 ? kMostRows : std::min(kMostRows, std::max<size_t>(16, kMostCells / width))),
        cells_(static_cast<Cell*>(::operator new(width_* capacity_ * sizeof(Cell)))) {
    sources_.resize(capacity_);
  }

  size_t width() const { return width_; }
  size_t size() const { return size_; }
  bool is_full() const { return size_ == capacity_ || rejects_.size() >= kMostRows; }
  size_t room() const { return capacity_ - size_; }
  bool has_work() const { return size_ != 0 || !rejects_.empty(); }

  /// Cells of the row being split, without values yet. REQUIRES: !is_full().
  Cell* next_row() { return cells_.get() + size_ * width_; }
  /// The row in next_row() is complete. `source`: its text as it was sent; without one, its cells tell what it was.
  void add_row(std::string_view source) { sources_[size_++] = source; }
  /// A row that could not be split; takes no place in the batch.
  void reject_row(std::string_view source, std::string reason) {
    rejects_.push_back({size_, std::string(source.substr(0, RowErrors::kRowBytesKept + 1)), std::move(reason)});
  }

  const Cell& cell(size_t row, size_t column) const { return cells_[row * width_ + column]; }
  Cell& cell(size_t row, size_t column) { return cells_[row * width_ + column]; }
  /// The row for who looks at rejected rows, cut to what is kept of them.
  std::string source_text(size_t row) const {
    std::string text(sources_[row].substr(0, RowErrors::kRowBytesKept + 1));
    const bool has_source = sources_[row].data() != nullptr;
    for (size_t i = 0; !has_source && i < width_ && text.size() <= RowErrors::kRowBytesKept; ++i) {
      if (i != 0) text.push_back('\t');
      const Cell& value = cell(row, i);
      text.append(value.kind == Cell::Kind::kText ? value.text().substr(0, RowErrors::kRowBytesKept) : "\\N");
    }
    return text;
  }

  struct Reject {
    size_t before_row;  ///< its place among the rows
    std::string source;
    std::string reason;
  };
  std::vector<Reject>& rejects() { return rejects_; }

  void clear() {
    size_ = 0;
    rejects_.clear();
  }

 private:
  static constexpr size_t kMostRows = 1024;
  static constexpr size_t kMostCells = 16384;

  struct Free {
    void operator()(Cell* cells) const { ::operator delete(cells); }
  };

  size_t width_;
  size_t capacity_;
  std::unique_ptr<Cell[], Free> cells_;  ///< a small load touches few of them
  size_t size_ = 0;
  std::vector<std::string_view> sources_;
  std::vector<Reject> rejects_;
};

}  // namespace freshet::ingest
