#include "query/duckdb/vector_bridge.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <span>

#include "query/duckdb/types.h"
#include "query/scan/compare_values.h"
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

/// More runs than this in a vector are not asked one by one.
constexpr uint32_t kMaxSelectedRuns = kVectorRows / 8;

}  // namespace

void compact_vector(Vector& vector, const RowSelection& selection) {
  if (vector.GetVectorType() == VectorType::CONSTANT_VECTOR) return;
  if (vector.GetVectorType() != VectorType::FLAT_VECTOR) {
    duckdb::SelectionVector rows(selection.count());
    std::memcpy(rows.data(), selection.rows().data(), selection.count() * sizeof(duckdb::sel_t));
    vector.Slice(rows, selection.count());
    return;
  }
  storage::keep_values(FlatVector::GetData(vector), duckdb::GetTypeIdSize(vector.GetType().InternalType()),
                       selection.bits());
  auto& validity = FlatVector::Validity(vector);
  if (validity.AllValid()) return;
  ValidityWords before;
  std::memcpy(before.data(), validity.GetData(), sizeof(before));
  validity.Reset();
  const auto rows = selection.rows();
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (!bit_at(before, rows[i])) validity.SetInvalid(i);
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
  page_passes_.reset();
  passing_codes_.clear();
  if (type_.is_bytes()) pin_ = duckdb::make_buffer<Pin<storage::ColumnPage>>(page_);
  return Status::OK();
}

Status ColumnSource::read(RowOrdinal first, uint32_t count, Vector& out) {
  if (reader_ != nullptr) {
    FRESHET_RETURN_IF_ERROR(pin_page(first));
    read_page(first % reader_->page_rows(), count, nullptr, out);
  } else if (buffer_ != nullptr) {
    read_delta(first, count, nullptr, out);
  } else {
    out.Reference(default_);
  }
  return Status::OK();
}

Status ColumnSource::read_selected(RowOrdinal first, uint32_t count, const RowSelection& selection, Vector& out) {
  if (reader_ != nullptr) {
    FRESHET_RETURN_IF_ERROR(pin_page(first));
    read_page(first % reader_->page_rows(), count, &selection, out);
  } else if (buffer_ != nullptr) {
    read_delta(first, count, &selection, out);
  } else {
    out.Reference(default_);
  }
  return Status::OK();
}

bool ColumnSource::is_constant_page() const {
  return page_->null_count() == page_->row_count() ||
         (page_->encoding() == storage::PageEncoding::kConstant && page_->null_count() == 0);
}

void ColumnSource::read_page(uint32_t offset, uint32_t count, const RowSelection* selection, Vector& out) {
  if (is_constant_page()) return set_constant(out);
  if (!type_.is_bytes()) return read_fixed(offset, count, selection, out);
  const storage::PageEncoding encoding = page_->encoding();
  if (encoding == storage::PageEncoding::kDictionary || encoding == storage::PageEncoding::kConstant) {
    return read_dictionary(offset, count, selection, out);
  }
  read_strings(offset, count, selection, out);
}

void ColumnSource::set_constant(Vector& out) const {
  out.SetVectorType(VectorType::CONSTANT_VECTOR);
  if (page_->null_count() != 0) return duckdb::ConstantVector::SetNull(out, true);
  if (!type_.is_bytes()) {
    page_->read_fixed(0, 1, duckdb::ConstantVector::GetData(out));
    return;
  }
  *duckdb::ConstantVector::GetData<string_t>(out) = to_string_t(page_->dictionary().front());
  duckdb::StringVector::AddBuffer(out, pin_);
}

void ColumnSource::read_validity(uint32_t offset, uint32_t count, const RowSelection* selection, Vector& out) {
  if (page_->null_count() == 0) return;
  ValidityWords words;
  page_->read_validity(offset, count, words.data());
  auto& validity = FlatVector::Validity(out);
  if (!selection) {
    validity.EnsureWritable();
    std::memcpy(validity.GetData(), words.data(), (count + 63) / 64 * sizeof(uint64_t));
    return;
  }
  const auto rows = selection->rows();
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (!bit_at(words, rows[i])) validity.SetInvalid(i);
  }
}

void ColumnSource::read_fixed(uint32_t offset, uint32_t count, const RowSelection* selection, Vector& out) {
  const duckdb::data_ptr_t data = FlatVector::GetData(out);
  if (page_->encoding() == storage::PageEncoding::kRunLength && page_->null_count() == 0) {
    uint32_t end;
    if (page_->read_runs(offset, count, 1, &end, data) == 1) return out.SetVectorType(VectorType::CONSTANT_VECTOR);
  }
  read_validity(offset, count, selection, out);
  if (selection != nullptr && selection->is_sparse(count, type_)) {
    std::array<uint32_t, kVectorRows> rows;
    std::transform(selection->rows().begin(), selection->rows().end(), rows.begin(),
                   [&](uint32_t row) { return offset + row; });
    page_->gather_fixed(std::span<const uint32_t>(rows.data(), selection->count()), data);
    return;
  }
  page_->read_fixed(offset, count, data);
  if (selection != nullptr) storage::keep_values(data, type_.width(), selection->bits());
}

void ColumnSource::read_strings(uint32_t offset, uint32_t count, const RowSelection* selection, Vector& out) {
  read_validity(offset, count, selection, out);
  string_t* strings = FlatVector::GetData<string_t>(out);
  duckdb::StringVector::AddBuffer(out, pin_);
  const auto decoded = std::make_shared<storage::DecodedBytes>();
  if (page_->encoding() == storage::PageEncoding::kFsst) {
    duckdb::StringVector::AddBuffer(out, duckdb::make_buffer<Pin<storage::DecodedBytes>>(decoded));
  }
  if (selection != nullptr && selection->is_sparse(count, type_)) {
    for (const uint32_t row : selection->rows()) *strings++ = to_string_t(page_->bytes_at(offset + row, *decoded));
    return;
  }
  std::array<std::string_view, kVectorRows> values;
  page_->read_bytes(offset, count, values.data(), *decoded);
  if (selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) strings[i] = to_string_t(values[i]);
    return;
  }
  for (const uint32_t row : selection->rows()) *strings++ = to_string_t(values[row]);
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

void ColumnSource::read_codes(uint32_t offset, uint32_t count, uint32_t* codes) const {
  page_->read_codes(offset, count, codes);
  if (page_->null_count() == 0) return;
  ValidityWords words;
  page_->read_validity(offset, count, words.data());
  for (uint32_t i = 0; i < count; ++i) {
    if (!bit_at(words, i)) codes[i] = dictionary_size_ - 1;
  }
}

void ColumnSource::read_dictionary(uint32_t offset, uint32_t count, const RowSelection* selection, Vector& out) {
  if (dictionary_ == nullptr) build_dictionary();
  duckdb::SelectionVector codes(kVectorRows);
  read_codes(offset, count, codes.data());
  const uint32_t kept = selection != nullptr ? selection->count() : count;
  if (selection != nullptr) storage::keep_values(codes.data(), sizeof(duckdb::sel_t), selection->bits());
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

void ColumnSource::read_delta(RowOrdinal first, uint32_t count, const RowSelection* selection, Vector& out) {
  const auto& chunk = buffer_->chunk(buffer_column_, first / kVectorRows);
  const uint32_t kept = selection != nullptr ? selection->count() : count;
  const auto row_of = [&](uint32_t i) { return selection != nullptr ? selection->rows()[i] : i; };
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
    if (selection != nullptr) storage::keep_values(FlatVector::GetData(out), type_.width(), selection->bits());
    return;
  }
  string_t* strings = FlatVector::GetData<string_t>(out);
  for (uint32_t i = 0; i < kept; ++i) strings[i] = to_string_t(chunk.bytes[row_of(i)]);
  duckdb::StringVector::AddBuffer(out, pin_);
}

Result<bool> ColumnSource::select(RowOrdinal first, uint32_t count, const RowFilter& filter, RowSelection& wanted,
                                  Vector* out) {
  if (reader_ != nullptr) {
    FRESHET_RETURN_IF_ERROR(pin_page(first));
    if (select_encoded(first % reader_->page_rows(), count, filter, wanted)) return false;
  } else if (buffer_ == nullptr) {
    Vector value(default_);
    if (!filter.passes(value)) wanted.assign(storage::RowBits::none());
    return false;
  }
  if (wanted.is_sparse(count, type_)) {
    FRESHET_RETURN_IF_ERROR(select_few(first, count, filter, wanted));
    return false;
  }
  Vector& values = out != nullptr ? *out : empty_scratch();
  FRESHET_RETURN_IF_ERROR(read(first, count, values));
  storage::RowBits rows = wanted.bits();
  filter.apply(values, count, rows);
  wanted.assign(rows);
  return out != nullptr;
}

bool ColumnSource::select_encoded(uint32_t offset, uint32_t count, const RowFilter& filter, RowSelection& wanted) {
  if (is_constant_page()) {
    if (!constant_passes(filter)) wanted.assign(storage::RowBits::none());
    return true;
  }
  switch (page_->encoding()) {
    case storage::PageEncoding::kRunLength: return select_runs(offset, count, filter, wanted);
    case storage::PageEncoding::kDictionary: return select_codes(offset, count, filter, wanted);
    default: return false;
  }
}

bool ColumnSource::constant_passes(const RowFilter& filter) {
  if (!page_passes_ || filter.is_dynamic()) {
    Vector& value = empty_scratch();
    set_constant(value);
    page_passes_ = filter.passes(value);
  }
  return *page_passes_;
}

bool ColumnSource::select_runs(uint32_t offset, uint32_t count, const RowFilter& filter, RowSelection& wanted) {
  if (page_->null_count() != 0) return false;
  Vector& values = empty_scratch();
  std::array<uint32_t, kMaxSelectedRuns> ends;
  const uint32_t runs = page_->read_runs(offset, count, kMaxSelectedRuns, ends.data(), FlatVector::GetData(values));
  if (runs == 0) return false;
  RowSelection passing(storage::RowBits::first(runs));
  storage::RowBits bits = passing.bits();
  filter.apply(values, runs, bits);
  passing.assign(bits);
  storage::RowBits rows = storage::RowBits::none();
  for (const uint32_t run : passing.rows()) rows.set_range(run == 0 ? 0 : ends[run - 1], ends[run]);
  wanted.assign(rows &= wanted.bits());
  return true;
}

uint32_t ColumnSource::used_codes() const { return dictionary_size_ - (page_->null_count() == 0 ? 1 : 0); }

void ColumnSource::find_passing_codes(const RowFilter& filter) {
  const uint32_t used = used_codes();
  passing_codes_.assign((used + kVectorRows - 1) / kVectorRows * (kVectorRows / 32), 0);
  passing_count_ = 0;
  for (uint32_t first = 0; first < used; first += kVectorRows) {
    const uint32_t entries = std::min(kVectorRows, used - first);
    Vector part(*dictionary_, first, first + entries);
    storage::RowBits passing = storage::RowBits::first(entries);
    filter.apply(part, entries, passing);
    passing_count_ += passing.count();
    std::memcpy(passing_codes_.data() + first / 32, passing.words.data(), sizeof(passing.words));
  }
}

bool ColumnSource::select_codes(uint32_t offset, uint32_t count, const RowFilter& filter, RowSelection& wanted) {
  if (dictionary_ == nullptr) build_dictionary();
  if (filter.is_dynamic() && dictionary_size_ * 2 > count) return false;
  if (passing_codes_.empty() || filter.is_dynamic()) find_passing_codes(filter);
  if (passing_count_ == 0) wanted.assign(storage::RowBits::none());
  if (passing_count_ == 0 || passing_count_ == used_codes()) return true;
  std::array<uint32_t, kVectorRows> codes;
  read_codes(offset, count, codes.data());
  storage::RowBits rows = rows_with_codes(codes.data(), count, passing_codes_);
  wanted.assign(rows &= wanted.bits());
  return true;
}

Status ColumnSource::select_few(RowOrdinal first, uint32_t count, const RowFilter& filter, RowSelection& wanted) {
  Vector& values = empty_scratch();
  FRESHET_RETURN_IF_ERROR(read_selected(first, count, wanted, values));
  RowSelection passing(storage::RowBits::first(wanted.count()));
  storage::RowBits bits = passing.bits();
  filter.apply(values, wanted.count(), bits);
  passing.assign(bits);
  storage::RowBits rows = storage::RowBits::none();
  for (const uint32_t each : passing.rows()) rows.set_range(wanted.rows()[each], wanted.rows()[each] + 1);
  wanted.assign(rows);
  return Status::OK();
}

Vector& ColumnSource::empty_scratch() {
  if (scratch_ == nullptr) {
    scratch_cache_ = duckdb::make_uniq<duckdb::VectorCache>(duckdb::Allocator::DefaultAllocator(), logical_);
    scratch_ = duckdb::make_uniq<Vector>(*scratch_cache_);
  } else {
    scratch_->ResetFromCache(*scratch_cache_);
  }
  return *scratch_;
}

}  // namespace freshet::query
