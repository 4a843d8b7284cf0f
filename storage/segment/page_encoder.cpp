#include "storage/segment/page_encoder.h"

#include <algorithm>
#include <cstring>

#include "storage/encoding/codec_choice.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/fsst.h"
#include "storage/encoding/null_map.h"
#include "storage/encoding/plain.h"
#include "storage/encoding/run_length.h"
#include "storage/segment/zone_map.h"

namespace freshet::storage {
namespace {

std::span<const uint8_t> nulls_of(const Column& values, size_t first, size_t count) {
  return values.has_nulls() ? values.nulls().subspan(first, count) : std::span<const uint8_t>();
}

uint32_t count_nulls(std::span<const uint8_t> nulls) {
  return static_cast<uint32_t>(std::count_if(nulls.begin(), nulls.end(), [](uint8_t flag) { return flag != 0; }));
}

size_t first_valid_row(std::span<const uint8_t> nulls) {
  return static_cast<size_t>(std::find(nulls.begin(), nulls.end(), uint8_t{0}) - nulls.begin());
}

template <typename T>
struct Bounds {
  T smallest;
  T largest;
  bool has_nan = false;
};

template <typename T>
Bounds<T> find_bounds(const T* values, size_t count) {
  Bounds<T> bounds{values[0], values[0]};
  bool has_nan = false;
  for (size_t i = 0; i < count; ++i) {
    bounds.smallest = values[i] < bounds.smallest ? values[i] : bounds.smallest;
    bounds.largest = bounds.largest < values[i] ? values[i] : bounds.largest;
    has_nan |= values[i] != values[i];
  }
  bounds.has_nan = has_nan;
  return bounds;
}

template <typename T>
bool all_equal(const T* values, size_t count) {
  return count == 0 || std::memcmp(values, values + 1, (count - 1) * sizeof(T)) == 0;
}

template <typename T>
void set_bounds(ZoneMap& zone, const Bounds<T>& bounds) {
  if (bounds.has_nan) return;
  zone.has_bounds = true;
  zone.min.assign(reinterpret_cast<const char*>(&bounds.smallest), sizeof(T));
  zone.max.assign(reinterpret_cast<const char*>(&bounds.largest), sizeof(T));
}

template <typename T>
struct UnsignedOf {
  using Type = std::make_unsigned_t<T>;
};
template <>
struct UnsignedOf<Int128> {
  using Type = UInt128;
};

}  // namespace

template <typename T>
PageEncoding PageEncoder::encode_fixed(const Column& values, size_t first, size_t count, ZoneMap& zone) {
  const T* data = values.values<T>().data() + first;
  if (zone.null_count == count) {
    const T zero{};
    encode_constant({reinterpret_cast<const char*>(&zero), sizeof(T)}, payload_);
    return PageEncoding::kConstant;
  }
  if (zone.null_count != 0) {
    const auto nulls = nulls_of(values, first, count);
    T filler = data[first_valid_row(nulls)];
    without_nulls_.resize(count * sizeof(T));
    T* filled = reinterpret_cast<T*>(without_nulls_.data());
    for (size_t i = 0; i < count; ++i) filled[i] = filler = nulls[i] != 0 ? filler : data[i];
    data = filled;
  }
  const Bounds<T> bounds = find_bounds(data, count);
  set_bounds(zone, bounds);
  if (all_equal(data, count)) {
    encode_constant({reinterpret_cast<const char*>(data), sizeof(T)}, payload_);
    return PageEncoding::kConstant;
  }
  const size_t runs = count_runs(data, count);
  FixedPageSizes sizes;
  sizes.plain = count * sizeof(T);
  if (count <= kMaxRunLengthRows) sizes.run_length = run_length_bytes<T>(runs);
  if constexpr (std::is_floating_point_v<T>) {
    AlpPlan<T>& alp = std::get<AlpPlan<T>>(alp_);
    if (alp.measure({data, count})) sizes.alp = alp.bytes();
  } else {
    using Unsigned = typename UnsignedOf<T>::Type;
    integers_.measure<Unsigned>({reinterpret_cast<const Unsigned*>(data), count}, static_cast<Unsigned>(bounds.smallest),
                                static_cast<Unsigned>(bounds.largest), sizes);
  }
  const PageEncoding encoding = choose_fixed_encoding(sizes);
  switch (encoding) {
    case PageEncoding::kPlain: encode_plain_fixed(data, count * sizeof(T), payload_); break;
    case PageEncoding::kRunLength: encode_run_length(data, count, runs, payload_); break;
    default:
      if constexpr (std::is_floating_point_v<T>) {
        std::get<AlpPlan<T>>(alp_).encode({data, count}, payload_);
      } else {
        integers_.encode(encoding, bounds.smallest, payload_);
      }
  }
  return encoding;
}

PageEncoding PageEncoder::encode_bytes(const Column& values, size_t first, size_t count, ZoneMap& zone) {
  if (zone.null_count == count) return PageEncoding::kConstant;
  const auto nulls = nulls_of(values, first, count);
  const std::string_view filler = values.bytes_at(first + (zone.null_count != 0 ? first_valid_row(nulls) : 0));
  views_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    views_[i] = zone.null_count != 0 && nulls[i] != 0 ? filler : values.bytes_at(first + i);
  }
  const uint32_t limit = dictionary_limit(static_cast<uint32_t>(count));
  const bool has_dictionary = dictionary_.build(views_, std::max(limit, 1u));
  const auto candidates = has_dictionary ? dictionary_.distinct() : std::span<const std::string_view>(views_);
  const auto [smallest, largest] = std::minmax_element(candidates.begin(), candidates.end());
  set_byte_bounds(zone, *smallest, *largest);

  if (has_dictionary && dictionary_.distinct().size() == 1) {
    encode_constant(filler, payload_);
    return PageEncoding::kConstant;
  }
  if (has_dictionary && limit != 0) {
    encode_dictionary(dictionary_.distinct(), dictionary_.codes(), payload_);
    return PageEncoding::kDictionary;
  }
  for (size_t i = 0; zone.null_count != 0 && i < count; ++i) {
    if (nulls[i] != 0) views_[i] = {};
  }
  if (const SymbolTable* symbols = fsst_.measure(views_, compression_)) {
    encode_fsst(*symbols, views_, payload_);
    return PageEncoding::kFsst;
  }
  encode_plain_bytes(views_, payload_);
  return PageEncoding::kPlain;
}

PageHeader PageEncoder::encode(const Column& values, size_t first, size_t count, ZoneMap& zone) {
  const auto nulls = nulls_of(values, first, count);
  zone = ZoneMap{};
  zone.null_count = count_nulls(nulls);
  payload_.clear();
  if (zone.null_count != 0 && zone.null_count != count) append_null_map(nulls, payload_);

  PageHeader header;
  header.physical = values.type().physical();
  header.row_count = static_cast<uint32_t>(count);
  header.null_count = zone.null_count;
  switch (header.physical) {
    case PhysicalType::kInt8: header.encoding = encode_fixed<int8_t>(values, first, count, zone); break;
    case PhysicalType::kInt16: header.encoding = encode_fixed<int16_t>(values, first, count, zone); break;
    case PhysicalType::kInt32: header.encoding = encode_fixed<int32_t>(values, first, count, zone); break;
    case PhysicalType::kInt64: header.encoding = encode_fixed<int64_t>(values, first, count, zone); break;
    case PhysicalType::kInt128: header.encoding = encode_fixed<Int128>(values, first, count, zone); break;
    case PhysicalType::kFloat: header.encoding = encode_fixed<float>(values, first, count, zone); break;
    case PhysicalType::kDouble: header.encoding = encode_fixed<double>(values, first, count, zone); break;
    case PhysicalType::kBytes: header.encoding = encode_bytes(values, first, count, zone); break;
  }
  is_compressible_ = header.encoding == PageEncoding::kPlain || header.encoding == PageEncoding::kDictionary;
  return header;
}

}  // namespace freshet::storage
