#include "storage/types/key_run.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>

#include "storage/base/coding.h"

namespace freshet {
namespace {

constexpr char kNullMarker = 0x00;
constexpr char kValueMarker = 0x01;
/// Buckets must not follow from the bits that key filters use, or the keys of one bucket would crowd a part of the filter.
constexpr uint64_t kBucketSalt = 0x9e3779b97f4a7c15;

bool is_narrow_integer(const DataType& type) {
  switch (type.physical()) {
    case PhysicalType::kInt8:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64: return true;
    default: return false;
  }
}

uint64_t flip_sign(int64_t value) { return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63); }

/// Calls `visit(row, value as int64)` for rows [first, first + count) of a narrow integer column.
template <typename Visit>
void visit_narrow(const Column& column, size_t first, size_t count, const Visit& visit) {
  const auto run = [&](auto values) {
    for (size_t row = first; row < first + count; ++row) visit(row, static_cast<int64_t>(values[row]));
  };
  switch (column.type().physical()) {
    case PhysicalType::kInt8: return run(column.values<int8_t>());
    case PhysicalType::kInt16: return run(column.values<int16_t>());
    case PhysicalType::kInt32: return run(column.values<int32_t>());
    default: return run(column.values<int64_t>());
  }
}

void put_int128(std::string& out, Int128 value) {
  put_big_endian64(out, flip_sign(static_cast<int64_t>(value >> 64)));
  put_big_endian64(out, static_cast<uint64_t>(value));
}

/// -0 counts as +0, every NaN as one NaN above all numbers.
uint32_t ordered_bits(float value) {
  if (value != value) return UINT32_MAX;
  const uint32_t bits = std::bit_cast<uint32_t>(value + 0.0f);
  return (bits >> 31) != 0 ? ~bits : bits | (uint32_t{1} << 31);
}

uint64_t ordered_bits(double value) {
  if (value != value) return UINT64_MAX;
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

void put_string(std::string& out, std::string_view value) {
  size_t zero;
  while ((zero = value.find('\0')) != std::string_view::npos) {
    out.append(value.substr(0, zero + 1));
    out.push_back('\xff');
    value.remove_prefix(zero + 1);
  }
  out.append(value);
  out.append(2, '\0');
}

void put_value(std::string& out, const Column& column, size_t row) {
  if (column.is_null(row)) {
    out.push_back(kNullMarker);
    return;
  }
  out.push_back(kValueMarker);
  switch (column.type().physical()) {
    case PhysicalType::kInt8: out.push_back(static_cast<char>(column.values<int8_t>()[row] ^ 0x80)); break;
    case PhysicalType::kInt16:
      put_fixed(out, __builtin_bswap16(static_cast<uint16_t>(column.values<int16_t>()[row] ^ 0x8000)));
      break;
    case PhysicalType::kInt32:
      put_big_endian32(out, static_cast<uint32_t>(column.values<int32_t>()[row]) ^ (uint32_t{1} << 31));
      break;
    case PhysicalType::kInt64: put_big_endian64(out, flip_sign(column.values<int64_t>()[row])); break;
    case PhysicalType::kInt128: put_int128(out, load_fixed<Int128>(column.raw_at(row))); break;
    case PhysicalType::kFloat: put_big_endian32(out, ordered_bits(column.values<float>()[row])); break;
    case PhysicalType::kDouble: put_big_endian64(out, ordered_bits(column.values<double>()[row])); break;
    case PhysicalType::kBytes: put_string(out, column.bytes_at(row)); break;
  }
}

uint32_t bucket_hash(uint64_t hash) { return static_cast<uint32_t>(KeyRun::hash_fixed(hash ^ kBucketSalt) >> 32); }

/// The start follows from the first row, so that loads of few rows do not all go to bucket 0.
void append_round_robin(const Block& block, size_t first, size_t count, uint32_t buckets, std::vector<uint32_t>& out) {
  std::string bytes;
  for (const Column& column : block.columns) put_value(bytes, column, first);
  const uint32_t start = KeyCodec::bucket_at(bucket_hash(KeyRun::hash_bytes(bytes)), buckets);
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<uint32_t>((start + i) % buckets));
}

void append_narrow_hashes(const Column& column, size_t first, size_t count, std::vector<uint32_t>& out) {
  const uint32_t null_hash = bucket_hash(KeyRun::hash_bytes(std::string_view(&kNullMarker, 1)));
  visit_narrow(column, first, count, [&](size_t row, int64_t value) {
    out.push_back(column.is_null(row) ? null_hash : bucket_hash(KeyRun::hash_fixed(flip_sign(value))));
  });
}

}  // namespace

void KeyRun::clear() {
  fixed_.clear();
  bytes_.clear();
  if (!is_fixed_) offsets_.resize(1);
}

std::string KeyRun::encoded_at(size_t row) const {
  if (!is_fixed_) return std::string(bytes_at(row));
  std::string encoded;
  put_big_endian64(encoded, fixed_[row]);
  return encoded;
}

void KeyRun::append_encoded(std::string_view encoded) {
  if (!is_fixed_) return append_bytes(encoded);
  FRESHET_ASSERT(encoded.size() == sizeof(uint64_t));
  append_fixed(load_big_endian64(encoded.data()));
}

uint64_t KeyRun::hash_at(size_t row) const { return is_fixed_ ? hash_fixed(fixed_[row]) : hash_bytes(bytes_at(row)); }

uint64_t KeyRun::hash_fixed(uint64_t key) {
  key ^= key >> 32;
  key *= 0xd6e8feb86659fd93;
  key ^= key >> 32;
  key *= 0xd6e8feb86659fd93;
  return key ^ (key >> 32);
}

uint64_t KeyRun::hash_bytes(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

KeyCodec::KeyCodec(const TableSchema& schema) {
  for (size_t i = 0; i < schema.key_count; ++i) key_types_.push_back(schema.columns[i].type);
  is_fixed_ = key_types_.size() == 1 && !schema.columns[0].nullable && is_narrow_integer(key_types_[0]);
}

void KeyCodec::append_keys(const Block& block, size_t first, size_t count, KeyRun& out) const {
  FRESHET_DCHECK(out.is_fixed() == is_fixed_);
  if (out.size() == 0) out.reserve(count);
  if (is_fixed_) {
    visit_narrow(block.columns[0], first, count, [&](size_t, int64_t value) { out.append_fixed(flip_sign(value)); });
    return;
  }
  std::string key;
  for (size_t row = first; row < first + count; ++row) {
    key.clear();
    for (size_t i = 0; i < key_types_.size(); ++i) put_value(key, block.columns[i], row);
    out.append_bytes(key);
  }
}

std::string KeyCodec::encode_prefix(const Block& block, size_t row, size_t columns) const {
  FRESHET_ASSERT(columns <= key_types_.size());
  if (is_fixed_ && columns == 1) {
    KeyRun run(true);
    append_keys(block, row, 1, run);
    return run.encoded_at(0);
  }
  std::string prefix;
  for (size_t i = 0; i < columns; ++i) put_value(prefix, block.columns[i], row);
  return prefix;
}

void KeyCodec::append_buckets(const TableSchema& schema, uint32_t bucket_count, const Block& block, size_t first,
                              size_t count, std::vector<uint32_t>& out) const {
  if (count == 0) return;
  if (bucket_count == 1) return out.resize(out.size() + count, 0);
  if (schema.bucket_columns.empty()) return append_round_robin(block, first, count, bucket_count, out);
  const size_t begin = out.size();
  append_bucket_hashes(schema, block, first, count, out);
  for (size_t i = begin; i < out.size(); ++i) out[i] = bucket_at(out[i], bucket_count);
}

void KeyCodec::append_bucket_hashes(const TableSchema& schema, const Block& block, size_t first, size_t count,
                                    std::vector<uint32_t>& out) const {
  const Column& column = block.columns[schema.bucket_columns[0]];
  if (schema.bucket_columns.size() == 1 && is_narrow_integer(column.type())) {
    return append_narrow_hashes(column, first, count, out);
  }
  std::string bytes;
  for (size_t row = first; row < first + count; ++row) {
    bytes.clear();
    for (size_t position : schema.bucket_columns) put_value(bytes, block.columns[position], row);
    out.push_back(bucket_hash(KeyRun::hash_bytes(bytes)));
  }
}

void append_encoded_value(const Column& column, size_t row, std::string& out) { put_value(out, column, row); }

}  // namespace freshet
