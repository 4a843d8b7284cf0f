#include "storage/types/column.h"

#include <cstring>

namespace freshet {
namespace {

/// Values up to this length are copied at this length, in one instruction.
constexpr ptrdiff_t kShortBytes = 16;

/// Notes of `count` values that were appended to a column of `size` rows which are NULL, and counts them.
void add_nulls(const uint8_t* nulls, size_t count, size_t& size, std::vector<uint8_t>& all, size_t& null_count) {
  size_t added = 0;
  if (nulls != nullptr) {
    for (size_t row = 0; row < count; ++row) added += nulls[row] != 0;
  }
  if (added != 0 && all.empty()) all.resize(size, 0);
  if (added != 0) {
    all.insert(all.end(), nulls, nulls + count);
  } else if (!all.empty()) {
    all.resize(size + count, 0);
  }
  null_count += added;
  size += count;
}

template <typename T>
void gather_fixed(const Column& source, std::span<const uint32_t> rows, std::string& data) {
  const size_t start = data.size();
  data.resize(start + rows.size() * sizeof(T));
  T* out = reinterpret_cast<T*>(data.data() + start);
  const T* in = source.values<T>().data();
  for (size_t i = 0; i < rows.size(); ++i) out[i] = in[rows[i]];
}

void gather_bytes(const Column& source, std::span<const uint32_t> rows, std::string& data, std::vector<uint32_t>& offsets) {
  const uint32_t* in = source.offsets().data();
  const size_t start = data.size(), first = offsets.size();
  offsets.resize(first + rows.size());
  auto end = static_cast<uint32_t>(start);
  for (size_t i = 0; i < rows.size(); ++i) offsets[first + i] = end += in[rows[i] + 1] - in[rows[i]];
  data.resize(end);
  char* out = data.data() + start;
  const char* const out_end = data.data() + end;
  const char* const in_end = source.raw() + in[source.size()];
  for (const uint32_t row : rows) {
    const char* value = source.raw() + in[row];
    const ptrdiff_t bytes = in[row + 1] - in[row];
    // What is copied too much of a short value is overwritten by the next one.
    if (bytes <= kShortBytes && in_end - value >= kShortBytes && out_end - out >= kShortBytes) {
      std::memcpy(out, value, kShortBytes);
    } else {
      std::memcpy(out, value, static_cast<size_t>(bytes));
    }
    out += bytes;
  }
}

}  // namespace

void Column::append_null() {
  if (nulls_.empty()) nulls_.resize(size_, 0);
  nulls_.push_back(1);
  ++null_count_;
  ++size_;
  if (width_ == 0) {
    offsets_.push_back(static_cast<uint32_t>(data_.size()));
  } else {
    data_.append(width_, '\0');
  }
}

bool Column::has_same_value(size_t row, const Column& other, size_t other_row) const {
  if (is_null(row) || other.is_null(other_row)) return is_null(row) && other.is_null(other_row);
  if (width_ == 0) return bytes_at(row) == other.bytes_at(other_row);
  return std::memcmp(raw_at(row), other.raw_at(other_row), width_) == 0;
}

void Column::append_fixed_run(const void* values, const uint8_t* nulls, size_t count) {
  FRESHET_DCHECK(width_ != 0);
  data_.append(static_cast<const char*>(values), count * width_);
  add_nulls(nulls, count, size_, nulls_, null_count_);
}

void Column::append_from(const Column& source, size_t row) {
  if (source.is_null(row)) return append_null();
  if (width_ == 0) return append_bytes(source.bytes_at(row));
  data_.append(source.raw_at(row), width_);
  append_not_null();
}

void Column::append_range(const Column& source, size_t first, size_t count) {
  const uint8_t* nulls = source.has_nulls() ? source.nulls_.data() + first : nullptr;
  if (width_ != 0) return append_fixed_run(source.raw_at(first), nulls, count);
  const uint32_t from = source.offsets_[first];
  const auto to = static_cast<uint32_t>(data_.size());
  data_.append(source.data_, from, source.offsets_[first + count] - from);
  for (size_t row = first + 1; row <= first + count; ++row) offsets_.push_back(source.offsets_[row] - from + to);
  add_nulls(nulls, count, size_, nulls_, null_count_);
}

void Column::append_gather(const Column& source, std::span<const uint32_t> rows) {
  switch (width_) {
    case 0: gather_bytes(source, rows, data_, offsets_); break;
    case 1: gather_fixed<uint8_t>(source, rows, data_); break;
    case 2: gather_fixed<uint16_t>(source, rows, data_); break;
    case 4: gather_fixed<uint32_t>(source, rows, data_); break;
    case 8: gather_fixed<uint64_t>(source, rows, data_); break;
    default: gather_fixed<Int128>(source, rows, data_); break;
  }
  if (!source.has_nulls()) return add_nulls(nullptr, rows.size(), size_, nulls_, null_count_);
  std::vector<uint8_t> nulls(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) nulls[i] = source.nulls_[rows[i]];
  add_nulls(nulls.data(), rows.size(), size_, nulls_, null_count_);
}

void Column::reserve(size_t rows) {
  if (width_ == 0) {
    offsets_.reserve(rows + 1);
  } else {
    data_.reserve(rows * width_);
  }
}

void Column::clear() { truncate(0); }

void Column::truncate(size_t rows) {
  FRESHET_ASSERT(rows <= size_);
  if (width_ == 0) {
    offsets_.resize(rows + 1);
    data_.resize(offsets_.back());
  } else {
    data_.resize(rows * width_);
  }
  if (!nulls_.empty()) {
    for (size_t row = rows; row < size_; ++row) null_count_ -= nulls_[row];
    nulls_.resize(rows);
  }
  size_ = rows;
}

}  // namespace freshet
