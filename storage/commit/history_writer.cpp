#include "storage/commit/history_writer.h"

#include <algorithm>

#include "storage/meta/meta_keys.h"

namespace freshet::storage {

int64_t HistoryWriter::next_micros() {
  // Commits take their numbers one after another, so that there is one caller at a time.
  const int64_t next = std::max(clock_.unix_micros(), last_micros_.load(std::memory_order_relaxed) + 1);
  last_micros_.store(next, std::memory_order_relaxed);
  return next;
}

void HistoryWriter::add_version(TableId table, CommitNumber commit, TableVersionRecord version, MetaBatch& batch) {
  version.unix_micros = next_micros();
  batch.put(meta_keys::version(table, commit), version.encode());
}

void HistoryWriter::begin(TableId table, CommitNumber commit, MetaBatch& batch) {
  batch.put(meta_keys::history_start(table), encode_number(commit.value));
}

void HistoryWriter::add_birth(TabletId tablet, RowsetId rowset, CommitNumber commit, std::vector<RowsetId> inputs,
                              MetaBatch& batch) {
  batch.put(meta_keys::birth(tablet, rowset), BirthRecord{commit, std::move(inputs)}.encode());
}

void HistoryWriter::add_deaths(TabletId tablet, CommitNumber commit, std::string record, MetaBatch& batch) {
  batch.put(meta_keys::history_deaths(tablet, commit), std::move(record));
}

void HistoryWriter::retire_segment(const SegmentView& view, CommitNumber gone, MetaBatch& batch) {
  const SegmentMeta& meta = view.segment->meta();
  const RetiredRowsetRecord record{gone, meta.serialize(), {}, encode_rows(view.dead.to_vector())};
  batch.put(meta_keys::retired_rowset(meta.tablet, meta.id), record.encode());
  retired_.add(view.segment);
}

void HistoryWriter::retire_buffer(TabletId tablet, const DeltaView& view, CommitNumber last_block, CommitNumber gone,
                                  MetaBatch& batch) {
  const RetiredRowsetRecord record{gone, {}, last_block, encode_rows(view.dead.to_vector())};
  batch.put(meta_keys::retired_rowset(tablet, view.buffer->id()), record.encode());
  batch.put(meta_keys::flushed_up_to(tablet), encode_number(last_block.value));
}

void HistoryWriter::forget_tablet(TabletId tablet, MetaBatch& batch,
                                  std::vector<std::shared_ptr<const Segment>>& segments) const {
  for (std::string_view kind : {meta_keys::kHistoryDeaths, meta_keys::kBirths, meta_keys::kRetiredRowsets}) {
    const std::string begin = meta_keys::of(kind, tablet.value);
    batch.erase_range(begin, prefix_end(begin));
  }
  batch.erase(meta_keys::flushed_up_to(tablet));
  for (auto& segment : retired_.of_tablet(tablet)) segments.push_back(std::move(segment));
}

void HistoryWriter::forgotten(const std::vector<std::shared_ptr<const Segment>>& segments) {
  for (const auto& segment : segments) retired_.erase(segment->meta().tablet, segment->id());
}

void HistoryWriter::forget_table(TableId table, MetaBatch& batch) {
  const std::string begin = meta_keys::of(meta_keys::kVersions, table.value);
  batch.erase_range(begin, prefix_end(begin));
  const std::string partitions = meta_keys::of(meta_keys::kPartitionsBefore, table.value);
  batch.erase_range(partitions, prefix_end(partitions));
  batch.erase(meta_keys::history_start(table));
}

}  // namespace freshet::storage
