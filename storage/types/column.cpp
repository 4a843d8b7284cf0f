#include "storage/types/column.h"

#include <cstring>

namespace freshet {

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
  size_t added_nulls = 0;
  if (nulls != nullptr) {
    for (size_t row = 0; row < count; ++row) added_nulls += nulls[row] != 0;
  }
  if (added_nulls != 0 && nulls_.empty()) nulls_.resize(size_, 0);
  if (added_nulls != 0) {
    nulls_.insert(nulls_.end(), nulls, nulls + count);
  } else if (!nulls_.empty()) {
    nulls_.resize(size_ + count, 0);
  }
  null_count_ += added_nulls;
  size_ += count;
}

void Column::append_from(const Column& source, size_t row) {
  if (source.is_null(row)) return append_null();
  if (width_ == 0) return append_bytes(source.bytes_at(row));
  data_.append(source.raw_at(row), width_);
  append_not_null();
}

void Column::append_range(const Column& source, size_t first, size_t count) {
  if (width_ != 0) {
    return append_fixed_run(source.raw_at(first), source.has_nulls() ? source.nulls_.data() + first : nullptr, count);
  }
  for (size_t row = first; row < first + count; ++row) append_from(source, row);
}

namespace {

template <typename T>
void gather_fixed(std::string& data, const Column& source, std::span<const uint32_t> rows) {
  const size_t start = data.size();
  data.resize(start + rows.size() * sizeof(T));
  T* out = reinterpret_cast<T*>(data.data() + start);
  const T* in = source.values<T>().data();
  for (size_t i = 0; i < rows.size(); ++i) out[i] = in[rows[i]];
}

}  // namespace

void Column::append_gather(const Column& source, std::span<const uint32_t> rows) {
  if (width_ == 0 || source.has_nulls() || !nulls_.empty()) {
    for (uint32_t row : rows) append_from(source, row);
    return;
  }
  switch (width_) {
    case 1: gather_fixed<uint8_t>(data_, source, rows); break;
    case 2: gather_fixed<uint16_t>(data_, source, rows); break;
    case 4: gather_fixed<uint32_t>(data_, source, rows); break;
    case 8: gather_fixed<uint64_t>(data_, source, rows); break;
    default: gather_fixed<Int128>(data_, source, rows); break;
  }
  size_ += rows.size();
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
