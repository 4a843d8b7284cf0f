#include "storage/types/block.h"

#include <algorithm>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/limits.h"
#include "storage/types/schema_mapping.h"
#include "storage/types/widening.h"

namespace freshet {
namespace {

// u8 form, u32 rows, u32 columns, bit set of delete signs, then for each column: u32 id, u8 physical type, bit set of NULLs,
// and either the values side by side or u32 end offsets and the bytes; at last the u32 CRC32C of all before it. A bit set is
// u8 0 when no bit is set, else u8 1 and a bit a row, lowest first. All numbers are little-endian.
constexpr uint8_t kBlockForm = 1;

void put_bits(std::string& out, std::span<const uint8_t> flags, size_t rows) {
  put_fixed<uint8_t>(out, flags.empty() ? 0 : 1);
  if (flags.empty()) return;
  const size_t start = out.size();
  out.resize(start + (rows + 7) / 8, '\0');
  for (size_t row = 0; row < rows; ++row) {
    out[start + row / 8] = static_cast<char>(out[start + row / 8] | ((flags[row] != 0 ? 1 : 0) << (row % 8)));
  }
}

bool read_bits(ByteReader& in, size_t rows, std::vector<uint8_t>& flags) {
  flags.clear();
  const uint8_t present = in.fixed<uint8_t>();
  if (!in.ok() || present > 1) return false;
  if (present == 0) return true;
  const std::string_view bits = in.bytes((rows + 7) / 8);
  if (!in.ok()) return false;
  flags.resize(rows);
  for (size_t row = 0; row < rows; ++row) flags[row] = (static_cast<uint8_t>(bits[row / 8]) >> (row % 8)) & 1;
  return true;
}

void put_column(std::string& out, ColumnId id, const Column& column) {
  const size_t rows = column.size();
  put_fixed<uint32_t>(out, id.value);
  put_fixed<uint8_t>(out, static_cast<uint8_t>(column.type().physical()));
  put_bits(out, column.nulls(), rows);
  if (!column.is_bytes()) {
    out.append(column.raw(), rows * column.type().width());
    return;
  }
  const std::span<const uint32_t> offsets = column.offsets();
  out.append(reinterpret_cast<const char*>(offsets.data() + 1), rows * sizeof(uint32_t));
  out.append(column.raw(), offsets[rows]);
}

/// The bytes of one stored column, not yet copied.
struct StoredColumn {
  ColumnId id;
  PhysicalType physical;
  std::vector<uint8_t> nulls;
  std::string_view ends;  ///< byte columns only
  std::string_view values;
};

bool read_column(ByteReader& in, size_t rows, StoredColumn& column) {
  column.id = ColumnId(in.fixed<uint32_t>());
  const uint8_t physical = in.fixed<uint8_t>();
  if (!in.ok() || physical > static_cast<uint8_t>(PhysicalType::kBytes)) return false;
  column.physical = static_cast<PhysicalType>(physical);
  if (!read_bits(in, rows, column.nulls)) return false;
  if (column.physical != PhysicalType::kBytes) {
    column.values = in.bytes(rows * DataType::width_of(column.physical));
    return in.ok();
  }
  column.ends = in.bytes(rows * sizeof(uint32_t));
  if (!in.ok()) return false;
  uint32_t previous = 0;
  for (size_t row = 0; row < rows; ++row) {
    const uint32_t end = load_fixed<uint32_t>(column.ends.data() + row * sizeof(uint32_t));
    if (end < previous) return false;
    previous = end;
  }
  column.values = in.bytes(previous);
  return in.ok();
}

void copy_column(const StoredColumn& stored, size_t rows, Column& out) {
  if (!out.is_bytes()) {
    std::string widened;
    const char* values = stored.values.data();
    if (stored.physical != out.type().physical()) {
      widened.resize(rows * out.type().width());
      widen_values(stored.physical, out.type().physical(), values, rows, widened.data());
      values = widened.data();
    }
    out.append_fixed_run(values, stored.nulls.empty() ? nullptr : stored.nulls.data(), rows);
    return;
  }
  out.reserve(rows);
  uint32_t begin = 0;
  for (size_t row = 0; row < rows; ++row) {
    const uint32_t end = load_fixed<uint32_t>(stored.ends.data() + row * sizeof(uint32_t));
    if (!stored.nulls.empty() && stored.nulls[row] != 0) {
      out.append_null();
    } else {
      out.append_bytes(stored.values.substr(begin, end - begin));
    }
    begin = end;
  }
}

Status damaged(std::string_view what) { return Status::Corruption("block of rows: {}", what); }

Status read_columns(const TableSchema& schema, ByteReader& in, size_t rows, uint32_t count, Block& block) {
  StoredColumn stored;
  for (uint32_t i = 0; i < count; ++i) {
    if (!read_column(in, rows, stored)) return damaged("a column is cut off or malformed");
    const std::optional<size_t> position = schema.find(stored.id);
    if (!position) continue;
    Column& column = block.columns[*position];
    if (!can_widen(stored.physical, column.type().physical())) return damaged("a column has another type than the table's");
    if (column.size() != 0) return damaged("a column comes twice");
    copy_column(stored, rows, column);
  }
  if (!in.at_end()) return damaged("bytes follow the last column");
  for (size_t i = 0; i < block.columns.size(); ++i) {
    if (block.columns[i].size() == 0) append_missing_column(schema.columns[i], rows, block.columns[i]);
  }
  return Status::OK();
}

}  // namespace

Block Block::for_schema(const TableSchema& schema) {
  Block block;
  block.columns.reserve(schema.columns.size());
  for (const ColumnSchema& column : schema.columns) block.columns.emplace_back(column.type);
  return block;
}

bool Block::has_deletes() const {
  return std::any_of(delete_signs.begin(), delete_signs.end(), [](uint8_t sign) { return sign != 0; });
}

size_t Block::byte_size() const {
  size_t size = delete_signs.size();
  for (const Column& column : columns) size += column.byte_size();
  return size;
}

void Block::clear() {
  for (Column& column : columns) column.clear();
  delete_signs.clear();
}

void Block::append_from(const Block& source, size_t row) {
  FRESHET_DCHECK(columns.size() == source.columns.size());
  const size_t rows = row_count();
  for (size_t i = 0; i < columns.size(); ++i) columns[i].append_from(source.columns[i], row);
  if (source.is_delete(row)) delete_signs.resize(rows, 0);
  if (source.is_delete(row) || !delete_signs.empty()) delete_signs.push_back(source.is_delete(row) ? 1 : 0);
}

void Block::append_all(const Block& source) {
  const size_t before = row_count(), rows = source.row_count();
  for (size_t i = 0; i < columns.size(); ++i) columns[i].append_range(source.columns[i], 0, rows);
  if (!source.delete_signs.empty()) {
    delete_signs.resize(before, 0);
    delete_signs.insert(delete_signs.end(), source.delete_signs.begin(), source.delete_signs.end());
  } else if (!delete_signs.empty()) {
    delete_signs.resize(before + rows, 0);
  }
}

void Block::append_gather(const Block& source, std::span<const uint32_t> rows) {
  FRESHET_DCHECK(columns.size() == source.columns.size());
  const size_t before = row_count();
  for (size_t i = 0; i < columns.size(); ++i) columns[i].append_gather(source.columns[i], rows);
  if (source.delete_signs.empty() && delete_signs.empty()) return;
  delete_signs.resize(before, 0);
  for (uint32_t row : rows) delete_signs.push_back(source.is_delete(row) ? 1 : 0);
}

void Block::serialize(const TableSchema& schema, std::string& out) const {
  FRESHET_ASSERT(columns.size() == schema.columns.size());
  const size_t start = out.size();
  const size_t rows = row_count();
  out.reserve(start + byte_size() + columns.size() * 16 + 32);
  put_fixed<uint8_t>(out, kBlockForm);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(rows));
  put_fixed<uint32_t>(out, static_cast<uint32_t>(columns.size()));
  put_bits(out, delete_signs, rows);
  for (size_t i = 0; i < columns.size(); ++i) put_column(out, schema.columns[i].id, columns[i]);
  put_fixed<uint32_t>(out, crc32c(std::string_view(out).substr(start)));
}

Result<Block> Block::deserialize(const TableSchema& schema, std::string_view bytes) {
  if (bytes.size() < sizeof(uint32_t)) return damaged("too short");
  const std::string_view body = bytes.substr(0, bytes.size() - sizeof(uint32_t));
  if (crc32c(body) != load_fixed<uint32_t>(body.data() + body.size())) return damaged("the checksum does not match");
  ByteReader in(body);
  if (in.fixed<uint8_t>() != kBlockForm) return damaged("unknown form");
  const uint32_t rows = in.fixed<uint32_t>();
  const uint32_t count = in.fixed<uint32_t>();
  if (!in.ok() || rows > kMaxSegmentRows || count > kMaxColumns || (count == 0 && rows != 0)) {
    return damaged("impossible counts");
  }
  Block block = for_schema(schema);
  if (!read_bits(in, rows, block.delete_signs)) return damaged("the delete signs are cut off");
  FRESHET_RETURN_IF_ERROR(read_columns(schema, in, rows, count, block));
  return block;
}

}  // namespace freshet
