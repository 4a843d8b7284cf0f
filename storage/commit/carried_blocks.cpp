#include "storage/commit/carried_blocks.h"

#include "storage/meta/meta_records.h"

namespace freshet::storage {

Status CarriedBlockReader::add(CommitNumber commit, std::string_view bytes, const std::function<bool(RowsetId)>& is_wanted) {
  FRESHET_ASSIGN_OR_RETURN(const CarriedBlockRecord record, CarriedBlockRecord::decode(bytes));
  if (!is_wanted(record.buffer)) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const Block block, Block::deserialize(*schema_, record.block));
  if (views_.empty() || views_.back().buffer->id() != record.buffer) {
    views_.push_back({std::make_shared<DeltaBuffer>(record.buffer, schema_), 0, {}});
  }
  DeltaView& view = views_.back();
  if (view.row_count != record.first_row) {
    return Status::Corruption("carried block of tablet {} at commit {} begins at row {}, but {} rows came before it",
                              tablet_.value, commit.value, record.first_row, view.row_count);
  }
  KeyRun keys = codec_->make_run();
  codec_->append_keys(block, 0, block.row_count(), keys);
  view.buffer->append(block, keys);
  view.row_count = view.buffer->row_count();
  return Status::OK();
}

}  // namespace freshet::storage
