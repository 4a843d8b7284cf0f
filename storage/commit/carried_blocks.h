#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// Rebuilds the delta buffers of one tablet from its carried blocks. One thread.
class CarriedBlockReader {
 public:
  CarriedBlockReader(SchemaPtr schema, std::shared_ptr<const KeyCodec> codec, TabletId tablet)
      : schema_(std::move(schema)), codec_(std::move(codec)), tablet_(tablet) {}

  /// Takes the next record, in commit order. Blocks of buffers that `is_wanted` does not want are left out. Corruption when
  /// it is damaged, or when rows before it are missing.
  Status add(CommitNumber commit, std::string_view record, const std::function<bool(RowsetId)>& is_wanted);
  /// The buffer that the last block went to; nothing added = the zero id.
  RowsetId last_buffer() const { return views_.empty() ? RowsetId() : views_.back().buffer->id(); }
  /// Without dead rows, oldest first.
  std::vector<DeltaView> take() { return std::move(views_); }

 private:
  const SchemaPtr schema_;
  const std::shared_ptr<const KeyCodec> codec_;
  const TabletId tablet_;
  std::vector<DeltaView> views_;
};

}  // namespace freshet::storage
