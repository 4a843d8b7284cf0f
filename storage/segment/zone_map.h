#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/coding.h"
#include "storage/segment/column_reader.h"

namespace freshet::storage {

/// Bounds of byte values from their smallest and largest, cut to kZoneBytes.
void set_byte_bounds(ZoneMap& zone, std::string_view smallest, std::string_view largest);

/// Widens `zone`, of the first `rows` rows, to cover `added_rows` more rows with zone `added`. Kept exact for every type.
void merge_zone(ZoneMap& zone, uint64_t rows, const ZoneMap& added, uint64_t added_rows, PhysicalType type);

/// Stored form (FORMAT.md, "Footer").
void put_zone(std::string& out, const ZoneMap& zone);
/// Nothing when the bytes are not the zone of a column of `type`.
std::optional<ZoneMap> read_zone(ByteReader& reader, PhysicalType type);

}  // namespace freshet::storage
