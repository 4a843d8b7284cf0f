#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "storage/bitmap/dead_rows.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "support/quiet_options.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"
#include "support/test_rows.h"

namespace freshet::storage {
namespace {

using test::must;
using test::StorageServer;
using test::TestRow;

constexpr JobId kJob{5};

/// A stopped data directory with two segments, a folded bitmap, delete deltas, two carried blocks, a label and a position,
/// in which damage is planted.
class DataCheck : public testing::Test {
 protected:
  // A compaction of its own would take the dead rows away.
  DataCheck() : server_(folder_.path(), test::quiet_options()) {
    must(server_->create_database("shop", true));
    TableSchema schema = *test::test_schema(test::KeyForm::kFixed);
    schema.bucket_count = 1;
    must(server_->create_table("shop", "orders", schema, {}, false));
    tablet_ = table()->tablets[0]->id;
    load(0, 3000, true);
    load(1000, 2000, true);
    must(server_->flush_table(table()->id));
    load(10, 20, false);
    must(server_->flush_table(table()->id));  // folds the bitmaps
    load(15, 30, false, "first");
    load(40, 50, false);
    for (const SegmentView& view : table()->tablets[0]->segments) segments_.push_back(view.segment->id());
    server_.close();
  }

  TableSnapshotPtr table() { return server_->snapshot()->find_table("shop", "orders"); }

  void load(int64_t first, int64_t end, bool as_segment, const std::string& label = "") {
    const SchemaPtr schema = table()->schema;
    Block block = Block::for_schema(*schema);
    for (int64_t key = first; key < end; ++key) test::append_test_row(*schema, {.key = key, .number = key}, block);
    LoadCommit commit;
    commit.table = table()->id;
    commit.schema = schema;
    TabletRows rows{tablet_, {}, {}};
    if (as_segment) {
      const RowsetId id = must(server_->next_rowset_id());
      rows.segments.push_back(must(write_sorted_segment(server_->files(), id, tablet_, schema, block, {})));
      must(server_->files().sync_names());
    } else {
      rows.rows = std::move(block);
    }
    commit.tablets.push_back(std::move(rows));
    if (!label.empty()) {
      commit.label = LabelRecord{};
      commit.label->label = label;
      commit.label->database = table()->database;
      commit.offsets = {{kJob, 1, 0, 0, 10}};
    }
    must(server_->commit(std::move(commit)));
  }

  /// Changes records of the stopped directory.
  void change(const std::function<void(MetaStore&, MetaBatch&)>& edit) {
    const auto meta = must(open_rocksdb_meta_store(folder_.path("meta"), {}));
    MetaBatch batch;
    edit(*meta, batch);
    ASSERT_FALSE(batch.empty()) << "nothing was planted";
    must(meta->commit(batch));
  }

  void erase_all(std::string_view kind) {
    change([&](MetaStore&, MetaBatch& batch) {
      batch.erase_range(meta_keys::of(kind, tablet_.value), prefix_end(meta_keys::of(kind, tablet_.value)));
    });
  }

  std::string segment_path(size_t i) const { return folder_.path("segments/" + segment_file_name(segments_[i])); }

  /// Flips a byte of a file, counted from its end when negative.
  static void flip_byte(const std::string& path, int64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at, at < 0 ? std::ios::end : std::ios::beg);
    const int byte = file.get();
    ASSERT_NE(byte, EOF);
    file.seekp(at, at < 0 ? std::ios::end : std::ios::beg);
    file.put(static_cast<char>(byte ^ 1));
  }

  /// The problems as text; a metadata store that does not open is the problem.
  std::string check() const {
    try {
      std::string text;
      for (const std::string& problem : server_.check()) text += problem + "\n";
      return text;
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  void expect_problem(const std::vector<std::string>& parts) const {
    const std::string text = check();
    for (const std::string& part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in: " << text;
  }

  /// A delete bitmap that names `rows` of `rowset`.
  static std::string dead_rows(RowsetId rowset, std::vector<RowOrdinal> rows) {
    return DeadRowsRecord{{{rowset, encode_rows(rows)}}}.encode();
  }

  const test::TempDir folder_;
  StorageServer server_;
  TabletId tablet_;
  std::vector<RowsetId> segments_;
};

constexpr const char* kFileRemedy = "Remedy: restore the file from a backup, or drop the table and load its rows again";
constexpr const char* kRestore = "Remedy: restore the data directory from a backup";

TEST_F(DataCheck, FindsNothingInAWholeDirectory) {
  EXPECT_EQ(check(), "");
  EXPECT_EQ(segments_.size(), 3u);
}

TEST_F(DataCheck, WhatIsLeftOfAHistoryThatWasSwitchedOffIsNoDamage) {
  server_.open();
  const auto set_history = [&](const char* seconds) {
    must(server_->alter_table("shop", "orders", {{SetProperties{{{"history_retention_seconds", seconds}}}}, {}}));
  };
  set_history("3600");
  load(20, 25, false);
  must(server_->flush_table(table()->id));
  set_history("0");
  load(22, 27, false);
  must(server_->flush_table(table()->id));  // erases the blocks that were kept for older versions
  server_.close();
  EXPECT_EQ(check(), "");
}

TEST_F(DataCheck, MissingSegmentFile) {
  std::filesystem::remove(segment_path(0));
  expect_problem({"table shop.orders: ", segment_file_name(segments_[0]), "No such file", kFileRemedy});
}

TEST_F(DataCheck, TruncatedSegmentFile) {
  std::filesystem::resize_file(segment_path(0), std::filesystem::file_size(segment_path(0)) / 2);
  expect_problem({"table shop.orders: ", segment_file_name(segments_[0]), kFileRemedy});
}

TEST_F(DataCheck, EmptySegmentFile) {
  std::filesystem::resize_file(segment_path(1), 0);
  expect_problem({"table shop.orders: ", segment_file_name(segments_[1]), kFileRemedy});
}

TEST_F(DataCheck, FlippedByteInAColumnPage) {
  flip_byte(segment_path(0), 100);
  expect_problem({"table shop.orders: ", segment_file_name(segments_[0]), "checksum", kFileRemedy});
}

TEST_F(DataCheck, FlippedByteAnywhereInTheFile) {
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(segment_path(2)));
  for (int64_t at = 0; at < bytes; at += 61) {
    flip_byte(segment_path(2), at);
    expect_problem({"table shop.orders: ", segment_file_name(segments_[2]), kFileRemedy});
    flip_byte(segment_path(2), at);
  }
  EXPECT_EQ(check(), "");
}

TEST_F(DataCheck, FlippedByteInTheFooter) {
  flip_byte(segment_path(0), -40);
  expect_problem({"table shop.orders: ", segment_file_name(segments_[0]), "footer", kFileRemedy});
}

TEST_F(DataCheck, FileOfAnotherSegment) {
  std::filesystem::copy_file(segment_path(1), segment_path(0), std::filesystem::copy_options::overwrite_existing);
  expect_problem({"table shop.orders: ", segment_file_name(segments_[0]), kFileRemedy});
}

TEST_F(DataCheck, StrayFileIsNoDamage) {
  std::filesystem::copy_file(segment_path(0), folder_.path("segments/0000000000999999.seg"));
  expect_problem({"segment file 0000000000999999.seg belongs to no commit", "Remedy: none needed"});
  const auto files = must(open_local_file_store(folder_.path("segments")));
  RocksDbOptions options;
  options.read_only = true;
  const auto meta = must(open_rocksdb_meta_store(folder_.path("meta"), options));
  std::vector<std::string> problems;
  std::vector<std::string> left_over;
  must(check_data_directory(*meta, *files, problems, &left_over));
  EXPECT_EQ(problems, std::vector<std::string>());
  EXPECT_EQ(left_over.size(), 1u);
}

TEST_F(DataCheck, BitmapOfAMissingRow) {
  change([&](MetaStore&, MetaBatch& batch) {
    batch.put(meta_keys::delete_delta(tablet_, CommitNumber(90)), dead_rows(segments_[0], {5, 123456}));
  });
  expect_problem({"table shop.orders, tablet ", "names row 123456, but it has 3000 rows", kRestore});
}

TEST_F(DataCheck, BitmapOfARowsetThatNeverWas) {
  change([&](MetaStore&, MetaBatch& batch) {
    batch.put(meta_keys::delete_delta(tablet_, CommitNumber(90)), dead_rows(RowsetId(1ull << 40), {1}));
  });
  expect_problem({"table shop.orders, tablet ", "delete bitmap of commit 90 names rowset 1099511627776", kRestore});
}

TEST_F(DataCheck, FoldedBitmapOfARowsetThatIsGone) {
  change([&](MetaStore&, MetaBatch& batch) {
    batch.put(meta_keys::folded_bitmap(tablet_, RowsetId(3)), dead_rows(RowsetId(3), {1}));
  });
  expect_problem({"table shop.orders, tablet ", "folded delete bitmap 3 names rowset 3, which is not there", kRestore});
}

TEST_F(DataCheck, KeyThatIsLiveTwice) {
  erase_all(meta_keys::kDeleteDeltas);
  expect_problem({"table shop.orders: tablet ", "5 rows are live although a newer row has their key",
                  "Remedy: load the present rows of these keys again", "the delete bitmap of commit "});
}

TEST_F(DataCheck, FoldedBitmapThatIsMissing) {
  erase_all(meta_keys::kFoldedBitmaps);
  expect_problem({"table shop.orders, tablet ", "contents record", "the folded delete bitmap of rowset",
                  "has 0 rows instead of", "The server does not start with it", kRestore});
}

TEST_F(DataCheck, SegmentRecordThatIsMissing) {
  change([&](MetaStore&, MetaBatch& batch) { batch.erase(meta_keys::segment(tablet_, segments_[1])); });
  expect_problem({"table shop.orders, tablet ", "the segment record of rowset", segment_file_name(segments_[1]),
                  "The server does not start with it", kRestore});
  EXPECT_THROW(server_.open(), std::runtime_error) << "rows would be missing";
}

TEST_F(DataCheck, NewestCarriedBlockThatIsMissing) {
  const std::string blocks = meta_keys::of(meta_keys::kCarriedBlocks, tablet_.value);
  change([&](MetaStore& meta, MetaBatch& batch) {
    std::string newest;
    must(meta.scan(blocks, prefix_end(blocks), [&](std::string_view key, std::string_view) {
      newest = key;
      return Status::OK();
    }));
    batch.erase(newest);
  });
  expect_problem({"table shop.orders, tablet ", "the carried block of commit ", "is gone, and the rows in it",
                  "load the rows of that commit again"});
}

TEST_F(DataCheck, CarriedBlockThatIsMissing) {
  const std::string blocks = meta_keys::of(meta_keys::kCarriedBlocks, tablet_.value);
  change([&](MetaStore& meta, MetaBatch& batch) {
    must(meta.scan(blocks, prefix_end(blocks), [&](std::string_view key, std::string_view) {
      if (batch.empty()) batch.erase(std::string(key));
      return Status::OK();
    }));
  });
  expect_problem({"table shop.orders, tablet ", "carried block", "begins at row 15, but 0 rows came before it", kRestore});
}

TEST_F(DataCheck, MissingTableRecord) {
  change([](MetaStore&, MetaBatch& batch) {
    batch.erase_range(std::string(meta_keys::kTables), prefix_end(meta_keys::kTables));
  });
  expect_problem({"segment record ", "belongs to tablet ", "the record of its table is gone", kRestore});
}

TEST_F(DataCheck, MissingDatabaseRecord) {
  change([](MetaStore&, MetaBatch& batch) {
    batch.erase_range(std::string(meta_keys::kDatabases), prefix_end(meta_keys::kDatabases));
  });
  expect_problem({"table 'orders' names an unknown database", kRestore});
}

TEST_F(DataCheck, FlippedByteInEachKindOfRecord) {
  const std::vector<std::vector<std::string>> kinds = {
      {"m/last_commit", "number record has a wrong checksum"},
      {"m/reserved_ids", "m/reserved_ids: number record has a wrong checksum"},
      {"t/", "table ", "table record has a wrong checksum"},
      {"b/", "table shop.orders, tablet ", "delete bitmap of commit ", "wrong checksum"},
      {"f/", "table shop.orders, tablet ", "folded delete bitmap ", "wrong checksum"},
      {"k/", "table shop.orders, tablet ", "carried block of commit ", "wrong checksum"},
      {"s/", "table shop.orders, tablet ", "segment record ", "wrong checksum"},
      {"l/", "database shop: label record 'first': label record has a wrong checksum", "Remedy: use another label"},
      {"o/", "stream position record has a wrong length or checksum", "read rows twice"},
  };
  for (const std::vector<std::string>& kind : kinds) {
    SCOPED_TRACE(kind[0]);
    std::string saved_key;
    std::string saved_value;
    change([&](MetaStore& meta, MetaBatch& batch) {
      must(meta.scan(kind[0], prefix_end(kind[0]), [&](std::string_view key, std::string_view value) {
        if (!saved_key.empty()) return Status::OK();
        saved_key = key;
        saved_value = value;
        std::string changed(value);
        changed[changed.size() / 2] ^= 0x40;
        batch.put(saved_key, changed);
        return Status::OK();
      }));
    });
    expect_problem({kind.begin() + 1, kind.end()});
    expect_problem({"Remedy: "});
    change([&](MetaStore&, MetaBatch& batch) { batch.put(saved_key, saved_value); });
    EXPECT_EQ(check(), "");
  }
}

TEST_F(DataCheck, MetadataThatIsOlderThanItsFiles) {
  change([](MetaStore&, MetaBatch& batch) { batch.put(std::string(meta_keys::kLastCommit), encode_number(1)); });
  expect_problem(
      {"table shop.orders: segment file ", "but the metadata ends at commit 1: it lost commits", "newest backup"});
}

TEST_F(DataCheck, PositionsThatAJobGaveUpAreNotMissed) {
  const std::string positions(meta_keys::kStreamPositions);
  change([&](MetaStore&, MetaBatch& batch) { batch.erase_range(positions, prefix_end(positions)); });
  expect_problem(
      {"table shop.orders: the stream position of job 5, partition 0 is gone", "it was 10", "rows are read twice"});
  server_.open();
  must(server_->erase_stream_positions(kJob));
  server_.close();
  EXPECT_EQ(check(), "");
}

TEST_F(DataCheck, WitnessThatIsDamagedOrMissing) {
  const std::string path = folder_.path("meta.witness");
  const auto said = [&] { return must(check_store_witness(folder_.path("meta"))); };
  EXPECT_EQ(said(), "");
  flip_byte(path, 10);
  EXPECT_NE(said().find("meta.witness is damaged"), std::string::npos) << said();
  std::filesystem::resize_file(path, 7);
  EXPECT_NE(said().find("is damaged"), std::string::npos) << said();
  std::filesystem::remove(path);
  EXPECT_NE(said().find("is missing"), std::string::npos) << said();
  EXPECT_NE(said().find("Remedy: none needed, the next start writes it anew"), std::string::npos) << said();
  server_.restart();
  server_.close();
  EXPECT_EQ(said(), "");
}

TEST_F(DataCheck, FlippedByteInTheMetadataLog) {
  std::string log;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path("meta"))) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) log = entry.path();
  }
  ASSERT_FALSE(log.empty());
  flip_byte(log, static_cast<int64_t>(std::filesystem::file_size(log) / 2));
  expect_problem({"metadata store ", "Corruption"});
}

}  // namespace
}  // namespace freshet::storage
