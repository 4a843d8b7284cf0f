#include "query/duckdb/vector_bridge.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <span>

#include "query/duckdb/types.h"
#include "storage/base/limits.h"
#include "storage/segment/widened_page.h"
#include "storage/types/widening.h"

namespace freshet::query {
namespace {

using duckdb::FlatVector;
using duckdb::string_t;
using duckdb::Vector;
using duckdb::VectorType;

static_assert(kVectorRows == STANDARD_VECTOR_SIZE);

using ValidityWords = std::array<uint64_t, kVectorRows / 64>;

/// Keeps what strings point into alive as long as a vector refers to it.
template <typename Owner>
class Pin final : public duckdb::VectorBuffer {
 public:
  explicit Pin(std::shared_ptr<const Owner> owner)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const Owner> owner_;
};

string_t to_string_t(std::string_view text) { return string_t(text.data(), static_cast<uint32_t>(text.size())); }

bool bit_at(const ValidityWords& words, uint32_t row) { return (words[row / 64] >> (row % 64) & 1) != 0; }

template <typename T>
void compact_fixed(duckdb::data_ptr_t data, RowSelection selection) {
  T* values = reinterpret_cast<T*>(data);
  for (uint32_t i = 0; i < selection.count; ++i) values[i] = values[selection.rows[i]];
}

void compact_values(duckdb::data_ptr_t data, size_t width, RowSelection selection) {
  switch (width) {
    case 1: return compact_fixed<uint8_t>(data, selection);
    case 2: return compact_fixed<uint16_t>(data, selection);
    case 4: return compact_fixed<uint32_t>(data, selection);
    case 8: return compact_fixed<uint64_t>(data, selection);
    default: return compact_fixed<duckdb::hugeint_t>(data, selection);
  }
}

/// Few enough that reaching for each row beats decoding all of them.
bool is_sparse(RowSelection selection, uint32_t count) { return selection.count * 8 <= count; }

}  // namespace

void compact_vector(Vector& vector, RowSelection selection) {
  if (vector.GetVectorType() == VectorType::CONSTANT_VECTOR) return;
  if (vector.GetVectorType() != VectorType::FLAT_VECTOR) {
    duckdb::SelectionVector rows(selection.count);
    std::memcpy(rows.data(), selection.rows, selection.count * sizeof(duckdb::sel_t));
    vector.Slice(rows, selection.count);
    return;
  }
  compact_values(FlatVector::GetData(vector), duckdb::GetTypeIdSize(vector.GetType().InternalType()), selection);
  auto& validity = FlatVector::Validity(vector);
  if (validity.AllValid()) return;
  ValidityWords before;
  std::memcpy(before.data(), validity.GetData(), sizeof(before));
  validity.Reset();
  for (uint32_t i = 0; i < selection.count; ++i) {
    if (!bit_at(before, selection.rows[i])) validity.SetInvalid(i);
  }
}

ColumnSource::ColumnSource(DataType type, duckdb::Value default_value)
    : type_(type), logical_(logical_type(type)), default_(std::move(default_value)) {}

Status ColumnSource::open(const storage::ColumnReader* reader) {
  buffer_.reset();
  page_.reset();
  reader_ = reader;
  if (reader != nullptr && !can_widen(reader->type().physical(), type_.physical())) {
    return Status::Internal("a column of type {} is stored as {}", type_.to_string(), reader->type().to_string());
  }
  return Status::OK();
}

Status ColumnSource::open(std::shared_ptr<const storage::DeltaBuffer> buffer, std::optional<size_t> column) {
  reader_ = nullptr;
  page_.reset();
  buffer_.reset();
  if (!column) return Status::OK();
  const DataType& stored = buffer->schema()->columns[*column].type;
  if (!can_widen(stored.physical(), type_.physical())) {
    return Status::Internal("a column of type {} is buffered as {}", type_.to_string(), stored.to_string());
  }
  pin_ = duckdb::make_buffer<Pin<storage::DeltaBuffer>>(buffer);
  buffer_ = std::move(buffer);
  buffer_column_ = *column;
  return Status::OK();
}

Status ColumnSource::pin_page(RowOrdinal row) {
  const uint32_t index = row / reader_->page_rows();
  if (page_ != nullptr && index == page_index_) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(auto page, reader_->page(index));
  page_ = storage::widen_page(std::move(page), reader_->type(), type_);
  page_index_ = index;
  dictionary_.reset();
  if (type_.is_bytes()) pin_ = duckdb::make_buffer<Pin<storage::ColumnPage>>(page_);
  return Status::OK();
}

Status ColumnSource::read(RowOrdinal first, uint32_t count, Vector& out) {
  if (reader_ != nullptr) {
    FRESHET_RETURN_IF_ERROR(pin_page(first));
    read_page(first % reader_->page_rows(), count, std::nullopt, out);
  } else if (buffer_ != nullptr) {
    read_delta(first, count, std::nullopt, out);
  } else {
    out.Reference(default_);
  }
  return Status::OK();
}

Status ColumnSource::read_selected(RowOrdinal first, uint32_t count, RowSelection selection, Vector& out) {
  if (reader_ != nullptr) {
    FRESHET_RETURN_IF_ERROR(pin_page(first));
    read_page(first % reader_->page_rows(), count, selection, out);
  } else if (buffer_ != nullptr) {
    read_delta(first, count, selection, out);
  } else {
    out.Reference(default_);
  }
  return Status::OK();
}

void ColumnSource::read_page(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, Vector& out) {
  const uint32_t nulls = page_->null_count();
  if (nulls == page_->row_count()) {
    out.SetVectorType(VectorType::CONSTANT_VECTOR);
    duckdb::ConstantVector::SetNull(out, true);
    return;
  }
  const storage::PageEncoding encoding = page_->encoding();
  if (encoding == storage::PageEncoding::kConstant && nulls == 0) return set_constant(out);
  if (!type_.is_bytes()) return read_fixed(offset, count, selection, out);
  if (encoding == storage::PageEncoding::kDictionary || encoding == storage::PageEncoding::kConstant) {
    return read_dictionary(offset, count, selection, out);
  }
  read_strings(offset, count, selection, out);
}

void ColumnSource::set_constant(Vector& out) const {
  out.SetVectorType(VectorType::CONSTANT_VECTOR);
  if (!type_.is_bytes()) {
    page_->read_fixed(0, 1, duckdb::ConstantVector::GetData(out));
    return;
  }
  *duckdb::ConstantVector::GetData<string_t>(out) = to_string_t(page_->dictionary().front());
  duckdb::StringVector::AddBuffer(out, pin_);
}

void ColumnSource::read_validity(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, Vector& out) {
  if (page_->null_count() == 0) return;
  ValidityWords words;
  page_->read_validity(offset, count, words.data());
  auto& validity = FlatVector::Validity(out);
  if (!selection) {
    validity.EnsureWritable();
    std::memcpy(validity.GetData(), words.data(), (count + 63) / 64 * sizeof(uint64_t));
    return;
  }
  for (uint32_t i = 0; i < selection->count; ++i) {
    if (!bit_at(words, selection->rows[i])) validity.SetInvalid(i);
  }
}

void ColumnSource::read_fixed(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, Vector& out) {
  const duckdb::data_ptr_t data = FlatVector::GetData(out);
  read_validity(offset, count, selection, out);
  if (!selection) {
    page_->read_fixed(offset, count, data);
  } else if (is_sparse(*selection, count)) {
    std::array<uint32_t, kVectorRows> rows;
    for (uint32_t i = 0; i < selection->count; ++i) rows[i] = offset + selection->rows[i];
    page_->gather_fixed(std::span<const uint32_t>(rows.data(), selection->count), data);
  } else {
    page_->read_fixed(offset, count, data);
    compact_values(data, type_.width(), *selection);
  }
}

void ColumnSource::read_strings(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, Vector& out) {
  read_validity(offset, count, selection, out);
  string_t* strings = FlatVector::GetData<string_t>(out);
  duckdb::StringVector::AddBuffer(out, pin_);
  const auto decoded = std::make_shared<storage::DecodedBytes>();
  if (page_->encoding() == storage::PageEncoding::kFsst) {
    duckdb::StringVector::AddBuffer(out, duckdb::make_buffer<Pin<storage::DecodedBytes>>(decoded));
  }
  if (selection && is_sparse(*selection, count)) {
    for (uint32_t i = 0; i < selection->count; ++i) {
      strings[i] = to_string_t(page_->bytes_at(offset + selection->rows[i], *decoded));
    }
    return;
  }
  std::array<std::string_view, kVectorRows> values;
  page_->read_bytes(offset, count, values.data(), *decoded);
  if (!selection) {
    for (uint32_t i = 0; i < count; ++i) strings[i] = to_string_t(values[i]);
    return;
  }
  for (uint32_t i = 0; i < selection->count; ++i) strings[i] = to_string_t(values[selection->rows[i]]);
}

void ColumnSource::build_dictionary() {
  const auto values = page_->dictionary();
  dictionary_size_ = static_cast<uint32_t>(values.size()) + 1;
  dictionary_ = duckdb::make_uniq<Vector>(logical_, dictionary_size_);
  string_t* strings = FlatVector::GetData<string_t>(*dictionary_);
  for (size_t i = 0; i < values.size(); ++i) strings[i] = to_string_t(values[i]);
  strings[values.size()] = string_t(static_cast<uint32_t>(0));
  FlatVector::Validity(*dictionary_).SetInvalid(values.size());
  duckdb::StringVector::AddBuffer(*dictionary_, pin_);
  static std::atomic<uint64_t> next_id = 0;
  dictionary_id_ = "freshet " + std::to_string(next_id.fetch_add(1, std::memory_order_relaxed));
}

void ColumnSource::read_dictionary(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, Vector& out) {
  if (dictionary_ == nullptr) build_dictionary();
  duckdb::SelectionVector codes(kVectorRows);
  page_->read_codes(offset, count, codes.data());
  if (page_->null_count() != 0) {
    ValidityWords words;
    page_->read_validity(offset, count, words.data());
    for (uint32_t i = 0; i < count; ++i) {
      if (!bit_at(words, i)) codes.set_index(i, dictionary_size_ - 1);
    }
  }
  const uint32_t kept = selection ? selection->count : count;
  if (selection) {
    for (uint32_t i = 0; i < kept; ++i) codes.set_index(i, codes.get_index(selection->rows[i]));
  }
  // Operators gain from a dictionary only when it is clearly smaller than the vector.
  if (dictionary_size_ * 2 <= kept) {
    out.Dictionary(*dictionary_, dictionary_size_, codes, kept);
    return duckdb::DictionaryVector::SetDictionaryId(out, dictionary_id_);
  }
  const string_t* strings = FlatVector::GetData<string_t>(*dictionary_);
  string_t* target = FlatVector::GetData<string_t>(out);
  auto& validity = FlatVector::Validity(out);
  for (uint32_t i = 0; i < kept; ++i) {
    const duckdb::idx_t code = codes.get_index(i);
    target[i] = strings[code];
    if (code == dictionary_size_ - 1) validity.SetInvalid(i);
  }
  duckdb::StringVector::AddBuffer(out, pin_);
}

void ColumnSource::read_delta(RowOrdinal first, uint32_t count, std::optional<RowSelection> selection, Vector& out) {
  const auto& chunk = buffer_->chunk(buffer_column_, first / kVectorRows);
  const uint32_t kept = selection ? selection->count : count;
  const auto row_of = [&](uint32_t i) { return selection ? selection->rows[i] : i; };
  const uint8_t* nulls = chunk.nulls.get();
  auto& validity = FlatVector::Validity(out);
  if (std::memchr(nulls, 1, count) != nullptr) {
    for (uint32_t i = 0; i < kept; ++i) {
      if (nulls[row_of(i)] != 0) validity.SetInvalid(i);
    }
  }
  if (!type_.is_bytes()) {
    const PhysicalType stored = buffer_->schema()->columns[buffer_column_].type.physical();
    widen_values(stored, type_.physical(), chunk.fixed.get(), count, FlatVector::GetData(out));
    if (selection) compact_values(FlatVector::GetData(out), type_.width(), *selection);
    return;
  }
  string_t* strings = FlatVector::GetData<string_t>(out);
  for (uint32_t i = 0; i < kept; ++i) strings[i] = to_string_t(chunk.bytes[row_of(i)]);
  duckdb::StringVector::AddBuffer(out, pin_);
}

}  // namespace freshet::query
