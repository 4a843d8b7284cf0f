#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/ids.h"
#include "storage/base/result.h"

namespace freshet::storage {

/// What the metadata store knows of a segment file without opening it. Serialized by FORMAT.md, "Segment record".
struct SegmentMeta {
  RowsetId id;
  TabletId tablet;
  uint32_t row_count = 0;
  uint64_t file_bytes = 0;
  uint32_t schema_version = 0;  ///< of the schema it was written under
  uint32_t level = 0;           ///< 0 = load or flush, 1+ = compaction output
  std::string min_key;          ///< encoded (KeyRun::encoded_at)
  std::string max_key;
  uint32_t deletes = 0;               ///< rows with a time in kDeleteTimeColumn
  int64_t newest_delete_seconds = 0;  ///< the latest of these times

  std::string serialize() const;
  static Result<SegmentMeta> deserialize(std::string_view bytes);
};

/// Name of a segment's file in the file store, e.g. "0000000000000017.seg".
std::string segment_file_name(RowsetId id);
/// The id in a segment file name; nothing when `name` is not one.
std::optional<RowsetId> parse_segment_file_name(std::string_view name);

}  // namespace freshet::storage
