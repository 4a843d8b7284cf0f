#include "storage/segment/zone_map.h"

namespace freshet::storage {
namespace {

constexpr uint8_t kHasBoundsFlag = 1;
constexpr uint8_t kMaxIsExactFlag = 2;

template <typename T>
bool is_less(std::string_view a, std::string_view b) {
  return load_fixed<T>(a.data()) < load_fixed<T>(b.data());
}

bool value_less(PhysicalType type, std::string_view a, std::string_view b) {
  switch (type) {
    case PhysicalType::kInt8: return is_less<int8_t>(a, b);
    case PhysicalType::kInt16: return is_less<int16_t>(a, b);
    case PhysicalType::kInt32: return is_less<int32_t>(a, b);
    case PhysicalType::kInt64: return is_less<int64_t>(a, b);
    case PhysicalType::kInt128: return is_less<Int128>(a, b);
    case PhysicalType::kFloat: return is_less<float>(a, b);
    case PhysicalType::kDouble: return is_less<double>(a, b);
    case PhysicalType::kBytes: break;
  }
  return a < b;
}

bool is_unbounded(const ZoneMap& zone) { return !zone.max_is_exact && zone.max.empty(); }

void widen_max(ZoneMap& zone, const ZoneMap& added, PhysicalType type) {
  if (is_unbounded(zone)) return;
  if (is_unbounded(added) || value_less(type, zone.max, added.max)) {
    zone.max = added.max;
    zone.max_is_exact = added.max_is_exact;
  } else if (zone.max == added.max) {
    zone.max_is_exact |= added.max_is_exact;
  }
}

}  // namespace

void set_byte_bounds(ZoneMap& zone, std::string_view smallest, std::string_view largest) {
  zone.has_bounds = true;
  zone.min = smallest.substr(0, kZoneBytes);
  zone.max = largest.substr(0, kZoneBytes);
  zone.max_is_exact = largest.size() <= kZoneBytes;
  if (zone.max_is_exact) return;
  while (!zone.max.empty() && static_cast<uint8_t>(zone.max.back()) == 0xFF) zone.max.pop_back();
  if (!zone.max.empty()) ++zone.max.back();
}

void merge_zone(ZoneMap& zone, uint64_t rows, const ZoneMap& added, uint64_t added_rows, PhysicalType type) {
  const bool was_all_null = zone.null_count == rows;
  const bool adds_all_null = added.null_count == added_rows;
  zone.null_count += added.null_count;
  if (adds_all_null) return;
  if (was_all_null) {
    zone.has_bounds = added.has_bounds;
    zone.max_is_exact = added.max_is_exact;
    zone.min = added.min;
    zone.max = added.max;
  } else if (!zone.has_bounds || !added.has_bounds) {
    const uint32_t null_count = zone.null_count;
    zone = ZoneMap{};
    zone.null_count = null_count;
  } else {
    if (value_less(type, added.min, zone.min)) zone.min = added.min;
    widen_max(zone, added, type);
  }
}

void put_zone(std::string& out, const ZoneMap& zone) {
  put_fixed(out, zone.null_count);
  const int flags = (zone.has_bounds ? kHasBoundsFlag : 0) | (zone.max_is_exact ? kMaxIsExactFlag : 0);
  put_fixed(out, static_cast<uint8_t>(flags));
  if (!zone.has_bounds) return;
  for (const std::string* bound : {&zone.min, &zone.max}) {
    put_fixed(out, static_cast<uint8_t>(bound->size()));
    out.append(*bound);
  }
}

std::optional<ZoneMap> read_zone(ByteReader& reader, PhysicalType type) {
  ZoneMap zone;
  zone.null_count = reader.fixed<uint32_t>();
  const auto flags = reader.fixed<uint8_t>();
  if (!reader.ok() || flags > (kHasBoundsFlag | kMaxIsExactFlag)) return std::nullopt;
  zone.has_bounds = (flags & kHasBoundsFlag) != 0;
  zone.max_is_exact = (flags & kMaxIsExactFlag) != 0;
  if (!zone.has_bounds) return zone;
  zone.min = reader.bytes(reader.fixed<uint8_t>());
  zone.max = reader.bytes(reader.fixed<uint8_t>());
  if (!reader.ok()) return std::nullopt;
  const uint32_t width = DataType::width_of(type);
  const bool is_bytes = type == PhysicalType::kBytes;
  const bool sizes_fit = is_bytes ? zone.min.size() <= kZoneBytes && zone.max.size() <= kZoneBytes
                                  : zone.min.size() == width && zone.max.size() == width;
  return sizes_fit ? std::optional(std::move(zone)) : std::nullopt;
}

}  // namespace freshet::storage
