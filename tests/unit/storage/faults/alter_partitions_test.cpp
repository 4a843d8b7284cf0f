#include <gtest/gtest.h>

#include <algorithm>

#include "storage/commit/recovery.h"
#include "support/disk_check.h"
#include "support/quiet_options.h"
#include "support/seed.h"
#include "support/simulated_disk.h"
#include "support/test_partitions.h"

namespace freshet::storage {
namespace {

using test::Fault;
using test::must;

/// ALTER TABLE with dynamic_partition properties: with the partitions that they ask for, and without those that are too old,
/// or not at all.
class AlterPartitions : public testing::TestWithParam<Fault> {
 protected:
  static constexpr int64_t kNow = 1'710'072'000'000'000;  ///< 2024-03-10 12:00:00

  static std::unique_ptr<StorageEngine> start(test::SimulatedDisk& disk) {
    StorageOptions options = test::quiet_options();
    options.partition_clock = [] { return kNow; };
    auto engine = StorageEngine::open(disk.meta(), disk.files(), options);
    return engine.ok() ? std::move(engine).value() : nullptr;
  }

  static void prepare(test::SimulatedDisk& disk) {
    const auto engine = start(disk);
    must(engine->create_database("shop", false));
    TablePartitioning days;
    days.scheme.kind = PartitionKind::kRange;
    days.scheme.columns.push_back(ColumnId(1));
    days.partitions.push_back({"p20240309", {test::bound({"2024-03-09"}), test::bound({"2024-03-10"}), {}}, false, 0});
    days.partitions.push_back({"p20240301", {test::bound({"2024-03-01"}), test::bound({"2024-03-02"}), {}}, false, 0});
    must(engine->create_table("shop", "t", test::partitioned_schema(), days, false));
    const TableSnapshotPtr table = engine->snapshot()->find_table("shop", "t");
    LoadCommit load;
    load.table = table->id;
    load.schema = table->schema;
    load.tablets.push_back({table->tablets[0]->id, {}, test::partition_rows(*table->schema, {{"2024-03-01", "1", "a"}})});
    must(engine->commit(std::move(load)));
    must(engine->flush_table(table->id));
  }

  static Status alter(StorageEngine& engine) {
    const SetProperties properties{{{"dynamic_partition.enable", "true"},
                                    {"dynamic_partition.time_unit", "DAY"},
                                    {"dynamic_partition.start", "-3"},
                                    {"dynamic_partition.end", "2"},
                                    {"dynamic_partition.prefix", "p"},
                                    {"dynamic_partition.buckets", "1"}}};
    return engine.alter_table("shop", "t", {{properties}, {}});
  }

  /// Partitions as they are stored: a start of the server would make what is missing.
  static std::vector<std::string> stored(test::SimulatedDisk& disk, bool* has_properties) {
    const auto meta = disk.meta();
    const auto files = disk.files();
    PageCache page_cache(1 << 20);
    const RecoveredState state = must(recover(*meta, *files, page_cache));
    const TableSnapshotPtr table = state.snapshot->find_table("shop", "t");
    std::vector<std::string> names;
    for (const Partition& partition : table->partitions->partitions()) names.push_back(partition.name);
    std::sort(names.begin(), names.end());
    *has_properties = !table->schema->properties.empty();
    return names;
  }
};

TEST_P(AlterPartitions, AreOneChangeWhateverFails) {
  const std::vector<std::string> before = {"p20240301", "p20240309"};
  const std::vector<std::string> after = {"p20240309", "p20240310", "p20240311", "p20240312"};
  const uint64_t seed = test::test_seed();
  bool has_properties = false;
  uint64_t passed = 0;
  size_t whole = 0, none = 0;
  for (uint64_t point = 1; point < 100 && !HasFailure(); ++point) {
    SCOPED_TRACE("fault at point " + std::to_string(point));
    test::SimulatedDisk disk(seed + point);
    prepare(disk);
    ASSERT_EQ(stored(disk, &has_properties), before);
    auto engine = start(disk);
    ASSERT_NE(engine, nullptr);
    const uint64_t first = disk.points();
    disk.fail_at(first + point, GetParam());
    const bool is_told = alter(*engine).ok();
    passed = disk.points() - first;
    const bool is_power_cut = disk.is_off();
    engine.reset();
    is_power_cut ? disk.power_cut() : disk.restart();
    const std::vector<std::string> found = stored(disk, &has_properties);
    EXPECT_EQ(found, has_properties ? after : before);
    EXPECT_TRUE(has_properties || !is_told);
    ++(has_properties ? whole : none);
    engine = start(disk);
    ASSERT_NE(engine, nullptr);
    engine.reset();
    EXPECT_EQ(test::problems_of(disk), std::vector<std::string>());
    if (point > passed) break;
  }
  EXPECT_GT(whole, 0u);
  EXPECT_TRUE(none > 0 || GetParam() != Fault::kPowerCut);
}

INSTANTIATE_TEST_SUITE_P(Faults, AlterPartitions, testing::Values(Fault::kErrorAfter, Fault::kPowerCut, Fault::kPowerCutIn),
                         [](const auto& info) {
                           switch (info.param) {
                             case Fault::kErrorAfter: return "ErrorAfter";
                             case Fault::kPowerCut: return "PowerCut";
                             default: return "PowerCutIn";
                           }
                         });

}  // namespace
}  // namespace freshet::storage
