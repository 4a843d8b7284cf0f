#include "storage/commit/history_reader.h"

#include <gtest/gtest.h>

#include "storage/commit/recovery.h"
#include "support/history_table.h"
#include "support/simulated_disk.h"
#include "support/small_schema.h"

namespace freshet::storage {
namespace {

using test::must;

TEST(HistoryReader, ARetiredSegmentThatIsNotKnownIsCorruptionNotAVersionWithoutIt) {
  test::SimulatedDisk disk(1);
  auto engine = must(StorageEngine::open(disk.meta(), disk.files(), {}));
  must(engine->create_database("d", false));
  TableSchema schema = test::small_schema();
  schema.properties = {{"history_retention_seconds", "1000000"}};
  must(engine->create_table("d", "t", schema, {}, false));
  const auto table = [&] { return engine->snapshot()->find_table("d", "t"); };
  must(test::load_rows(*engine, table(), {{"1", {"1", "1", "a"}}}, 1, nullptr));
  const CommitNumber first = must(engine->table_versions(table()->id, 1)).front().commit;
  must(test::load_rows(*engine, table(), {{"1", {"1", "2", "b"}}}, 1, nullptr));
  must(engine->compact_table(table()->id));
  engine.reset();

  const auto meta = disk.meta();
  const auto files = disk.files();
  PageCache page_cache(1 << 20);
  const RecoveredState state = must(recover(*meta, *files, page_cache));
  const TableSnapshotPtr newest = state.snapshot->find_table("d", "t");
  RetiredSegments retired;
  const HistoryReader reader(*meta, retired);
  const auto lost = reader.as_of(*newest, state.snapshot->commit, first);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.status().code(), StatusCode::kCorruption) << lost.status().to_string();

  ASSERT_FALSE(state.retired.empty());
  for (const auto& segment : state.retired) retired.add(segment);
  EXPECT_EQ(test::lines_of(*must(reader.as_of(*newest, state.snapshot->commit, first))).size(), 1u);
}

}  // namespace
}  // namespace freshet::storage
