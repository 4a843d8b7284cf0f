#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <iterator>

#include "storage/base/coding.h"
#include "storage/base/limits.h"
#include "storage/types/bitmap_value.h"
#include "storage/types/text_time.h"
#include "storage/types/value_text.h"

namespace freshet {
namespace {

constexpr uint64_t kChunk = 1'000'000'000'000'000'000;  ///< 18 digits fit a word with room
constexpr size_t kChunkDigits = 18;

constexpr std::array<char, 200> make_pairs() {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}

constexpr std::array<char, 200> kPairs = make_pairs();

void put_two(char* out, unsigned value) {
  out[0] = kPairs[2 * value];
  out[1] = kPairs[2 * value + 1];
}

template <typename T>
void put_integer(T value, std::string& out) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

void put_padded_chunk(uint64_t value, std::string& out) {
  const fmt::format_int text(value);
  out.append(kChunkDigits - text.size(), '0');
  out.append(text.data(), text.size());
}

void put_magnitude(unsigned __int128 value, std::string& out) {
  if (value >> 64 == 0) return put_integer(static_cast<uint64_t>(value), out);
  const unsigned __int128 upper = value / kChunk;
  if (upper >= kChunk) {
    put_integer(static_cast<uint64_t>(upper / kChunk), out);
    put_padded_chunk(static_cast<uint64_t>(upper % kChunk), out);
  } else {
    put_integer(static_cast<uint64_t>(upper), out);
  }
  put_padded_chunk(static_cast<uint64_t>(value % kChunk), out);
}

unsigned __int128 magnitude_of(Int128 value) {
  const auto bits = static_cast<unsigned __int128>(value);
  return value < 0 ? 0 - bits : bits;
}

Int128 unscaled_at(const Column& column, size_t row) {
  switch (column.type().physical()) {
    case PhysicalType::kInt16: return column.values<int16_t>()[row];
    case PhysicalType::kInt32: return column.values<int32_t>()[row];
    case PhysicalType::kInt64: return column.values<int64_t>()[row];
    default: return load_fixed<Int128>(column.raw_at(row));
  }
}

}  // namespace

void format_int128(Int128 value, std::string& out) {
  if (value < 0) out.push_back('-');
  put_magnitude(magnitude_of(value), out);
}

void format_decimal(Int128 unscaled, unsigned scale, std::string& out) {
  if (unscaled < 0) out.push_back('-');
  const size_t start = out.size();
  put_magnitude(magnitude_of(unscaled), out);
  if (scale == 0) return;
  const size_t digits = out.size() - start;
  if (digits <= scale) out.insert(start, scale + 1 - digits, '0');
  out.insert(out.size() - scale, 1, '.');
}

void format_date(int32_t days, std::string& out) {
  int year;
  unsigned month, day;
  civil_from_days(days, year, month, day);
  if (year < 0 || year > 9999) {
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}-{:02}-{:02}"), year, month, day);
    return;
  }
  char text[10];
  put_two(text, static_cast<unsigned>(year) / 100);
  put_two(text + 2, static_cast<unsigned>(year) % 100);
  text[4] = '-';
  put_two(text + 5, month);
  text[7] = '-';
  put_two(text + 8, day);
  out.append(text, sizeof(text));
}

void format_datetime(int64_t micros, unsigned scale, std::string& out) {
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  format_date(static_cast<int32_t>(days), out);
  const auto seconds = static_cast<unsigned>(rest / kMicrosPerSecond);
  auto fraction = static_cast<unsigned>(rest % kMicrosPerSecond);
  char text[16] = {' ', 0, 0, ':', 0, 0, ':', 0, 0, '.'};
  put_two(text + 1, seconds / 3600);
  put_two(text + 4, seconds / 60 % 60);
  put_two(text + 7, seconds % 60);
  put_two(text + 10, fraction / 10000);
  put_two(text + 12, fraction / 100 % 100);
  put_two(text + 14, fraction % 100);
  out.append(text, scale == 0 ? 9 : 10 + scale);
}

void format_double(double value, std::string& out) { fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value); }
void format_float(float value, std::string& out) { fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value); }

namespace {

void format_bitmap(std::string_view bytes, std::string& out) {
  BitmapValue value;
  const std::optional<std::string> text = value.unite(bytes).ok() ? value.to_text(kMaxStringBytes) : std::nullopt;
  out.append(text.value_or("(a bitmap that cannot be shown)"));
}

}  // namespace

void format_value(const Column& column, size_t row, std::string& out) {
  switch (column.type().kind) {
    case TypeKind::kBoolean:
    case TypeKind::kTinyInt: return put_integer(static_cast<int>(column.values<int8_t>()[row]), out);
    case TypeKind::kSmallInt: return put_integer(static_cast<int>(column.values<int16_t>()[row]), out);
    case TypeKind::kInt: return put_integer(column.values<int32_t>()[row], out);
    case TypeKind::kBigInt: return put_integer(column.values<int64_t>()[row], out);
    case TypeKind::kLargeInt: return format_int128(load_fixed<Int128>(column.raw_at(row)), out);
    case TypeKind::kFloat: return format_float(column.values<float>()[row], out);
    case TypeKind::kDouble: return format_double(column.values<double>()[row], out);
    case TypeKind::kDecimal: return format_decimal(unscaled_at(column, row), column.type().scale, out);
    case TypeKind::kDate: return format_date(column.values<int32_t>()[row], out);
    case TypeKind::kDateTime: return format_datetime(column.values<int64_t>()[row], column.type().scale, out);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kString:
    case TypeKind::kJson: out.append(column.bytes_at(row)); return;
    case TypeKind::kBitmap: return format_bitmap(column.bytes_at(row), out);
  }
}

std::string key_text(std::span<const Column> key, size_t row) {
  std::string text = "[";
  for (const Column& column : key) {
    if (&column != &key.front()) text += ", ";
    if (column.is_null(row)) {
      text += "NULL";
    } else {
      format_value(column, row, text);
    }
  }
  return text + "]";
}

}  // namespace freshet
