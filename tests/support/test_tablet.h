#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "storage/io/local_file_store.h"
#include "storage/segment/segment_writer.h"
#include "storage/tablet/row_reader.h"
#include "storage/tablet/snapshot.h"
#include "storage/upsert/key_lookup.h"
#include "storage/upsert/within_load.h"
#include "support/temp_dir.h"
#include "support/test_rows.h"

namespace freshet::test {

/// One load of a tablet before its commit: segments written, deduplicated within, probed as far as the test likes.
struct TestLoad {
  std::vector<storage::WrittenSegment> segments;
  std::vector<storage::ProbeState> probes;
  std::vector<std::vector<RowOrdinal>> dead;  ///< of each segment, from the start
};

/// A tablet with real segment files and a commit protocol reduced to its core, for tests. One thread.
class TestTablet {
 public:
  explicit TestTablet(KeyForm form, TableModel model = TableModel::kUnique)
      : schema(test_schema(form, model)), codec(*schema) {
    auto opened = storage::open_local_file_store(directory_.path());
    FRESHET_ASSERT(opened.ok());
    files = std::move(opened).value();
    head.id = TabletId(1);
    add_buffer();
  }

  void add_buffer() { head.deltas.push_back({std::make_shared<storage::DeltaBuffer>(next_id(), schema), 0, {}}); }
  RowsetId next_id() { return RowsetId(++last_id_); }

  Block block_of(const std::vector<TestRow>& rows) const {
    Block block = Block::for_schema(*schema);
    for (const TestRow& row : rows) append_test_row(*schema, row, block);
    return block;
  }

  storage::SegmentView write_segment(const std::vector<TestRow>& rows) {
    auto written = storage::write_sorted_segment(*files, next_id(), head.id, schema, block_of(rows), {});
    FRESHET_ASSERT(written.ok());
    return {open_segment(written->meta), storage::DeadRows().with(written->delete_rows)};
  }
  std::shared_ptr<const storage::Segment> open_segment(const storage::SegmentMeta& meta) {
    return std::make_shared<const storage::Segment>(*files, cache, meta, schema);
  }

  /// Writes each part as a segment and settles which rows of the load replace each other.
  TestLoad begin_load(const std::vector<std::vector<TestRow>>& parts) {
    TestLoad load;
    for (const std::vector<TestRow>& part : parts) {
      auto written = storage::write_sorted_segment(*files, next_id(), head.id, schema, block_of(part), {});
      FRESHET_ASSERT(written.ok());
      load.segments.push_back(std::move(written).value());
    }
    std::vector<const KeyRun*> runs;
    for (const storage::WrittenSegment& segment : load.segments) runs.push_back(&segment.keys);
    load.dead = storage::replaced_within_load(runs);
    load.probes.resize(load.segments.size());
    return load;
  }
  void probe(TestLoad& load) {
    head.index_segments();
    for (size_t i = 0; i < load.segments.size(); ++i) {
      const Status status = storage::probe(load.segments[i].keys, head, load.probes[i]);
      ASSERT_TRUE(status.ok()) << status.to_string();
      ASSERT_EQ(storage::unprobed_rows(head, load.probes[i]), 0u);
    }
  }
  void commit(TestLoad& load) {
    probe(load);
    for (const storage::ProbeState& state : load.probes) kill(state.hits());
    for (size_t i = 0; i < load.segments.size(); ++i) {
      const auto dead = storage::DeadRows().with(load.dead[i]).with(load.segments[i].delete_rows);
      head.segments.push_back({open_segment(load.segments[i].meta), dead});
    }
  }

  /// A small commit: into the delta buffer. Keys must be distinct.
  void commit_small(const std::vector<TestRow>& rows) {
    std::map<std::string, TestRow> sorted;
    for (const TestRow& row : rows) sorted[key_of(schema, row.key).encoded_at(0)] = row;
    ASSERT_EQ(sorted.size(), rows.size());
    std::vector<TestRow> all, kept;
    for (const auto& [key, row] : sorted) {
      all.push_back(row);
      if (!row.is_delete) kept.push_back(row);
    }
    storage::ProbeState state;
    head.index_segments();
    const Status status = storage::probe(keys_of(*schema, block_of(all)), head, state);
    ASSERT_TRUE(status.ok()) << status.to_string();
    kill(state.hits());
    const Block block = block_of(kept);
    head.deltas.back().buffer->append(block, keys_of(*schema, block));
    head.deltas.back().row_count = head.deltas.back().buffer->row_count();
  }

  void kill(std::span<const storage::RowsetHits> hits) {
    for (const storage::RowsetHits& hit : hits) {
      for (storage::SegmentView& view : head.segments) {
        if (view.segment->id() == hit.rowset) view.dead = view.dead.with(hit.rows);
      }
      for (storage::DeltaView& view : head.deltas) {
        if (view.buffer->id() == hit.rowset) view.dead = view.dead.with(hit.rows);
      }
    }
  }

  storage::TableSnapshot table() const {
    storage::TableSnapshot table;
    table.schema = schema;
    table.key_codec = std::make_shared<const KeyCodec>(*schema);
    table.partitions = PartitionMap::unpartitioned({head.id});
    auto tablet = std::make_shared<storage::TabletSnapshot>(head);
    tablet->index_segments();
    table.tablets.push_back(std::move(tablet));
    return table;
  }

  const SchemaPtr schema;
  const KeyCodec codec;
  storage::TabletSnapshot head;
  std::unique_ptr<storage::FileStore> files;
  storage::PageCache cache{64u << 20};

 private:
  TempDir directory_;
  uint64_t last_id_ = 0;
};

/// All rows of a tablet that `table` shows, read through read_rows().
inline std::vector<TestRow> scan(const storage::TableSnapshot& table) {
  const storage::TabletSnapshot& tablet = *table.tablets[0];
  std::vector<storage::RowLocation> locations;
  std::vector<uint32_t> live;
  const auto add = [&](bool is_delta, size_t view, uint32_t rows, const storage::DeadRows& dead) {
    live.resize(rows);
    live.resize(dead.live_rows(0, rows, live.data()));
    for (RowOrdinal row : live) locations.push_back({is_delta, static_cast<uint32_t>(view), row});
  };
  for (size_t i = 0; i < tablet.segments.size(); ++i) {
    add(false, i, tablet.segments[i].segment->meta().row_count, tablet.segments[i].dead);
  }
  for (size_t i = 0; i < tablet.deltas.size(); ++i) add(true, i, tablet.deltas[i].row_count, tablet.deltas[i].dead);
  EXPECT_EQ(locations.size(), tablet.live_rows());

  Block block = Block::for_schema(*table.schema);
  std::vector<size_t> columns(block.columns.size());
  for (size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  const Status status = storage::read_rows(*table.schema, tablet, locations, columns, block.columns);
  EXPECT_TRUE(status.ok()) << status.to_string();
  std::vector<TestRow> rows;
  for (size_t row = 0; row < block.row_count(); ++row) rows.push_back(read_test_row(*table.schema, block, row));
  return rows;
}

}  // namespace freshet::test
