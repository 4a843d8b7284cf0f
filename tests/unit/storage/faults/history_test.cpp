#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "storage/types/sequence.h"
#include "storage/types/table_options.h"
#include "support/disk_check.h"
#include "support/history_table.h"
#include "support/seed.h"
#include "support/simulated_disk.h"

namespace freshet::storage {
namespace {

using test::Fault;
using test::LoadRow;
using test::must;
using test::SimulatedDisk;
using test::TableModel;
using Random = std::mt19937_64;

constexpr const char* kDatabase = "shop";
constexpr const char* kTable = "t";
constexpr int kSteps = 30;

StorageOptions random_options(Random& random) {
  StorageOptions options;
  // In every second history flushes and compactions come by themselves too.
  const bool is_busy = random() % 2 == 0;
  options.delta_flush_rows = is_busy ? 20 + random() % 100 : 1'000'000;
  options.delta_flush_seconds = 1'000'000;
  options.compaction_trigger_segments = is_busy ? 2 + static_cast<uint32_t>(random() % 3) : 1'000'000;
  options.compaction_dead_fraction = is_busy ? 0.2 : 1;
  options.disk_reserve_bytes = 0;
  options.disk_full_wait_seconds = 60;
  // Nothing stays in memory, so that all is read again and again.
  if (random() % 4 == 0) options.page_cache_bytes = random() % 2;
  return options;
}

Aggregation random_aggregation(Random& random, const DataType& type) {
  while (true) {
    const auto aggregation = static_cast<Aggregation>(1 + random() % static_cast<uint64_t>(kLastAggregation));
    if (can_aggregate(aggregation, type)) return aggregation;
  }
}

TableSchema random_schema(Random& random) {
  TableSchema schema;
  const uint64_t model = random() % 8;
  schema.model = model < 2    ? freshet::TableModel::kAggregate
                 : model == 2 ? freshet::TableModel::kDuplicate
                              : freshet::TableModel::kUnique;
  const auto add = [&](std::string name, DataType type, bool is_key) {
    ColumnSchema column;
    column.id = schema.next_column_id;
    column.name = std::move(name);
    column.type = type;
    column.is_key = is_key;
    column.nullable = !is_key;
    if (schema.is_aggregate() && !is_key) column.aggregation = random_aggregation(random, type);
    schema.next_column_id = schema.next_column_id.next();
    schema.columns.push_back(std::move(column));
  };
  schema.key_count = 1 + static_cast<uint32_t>(random() % 3);
  for (size_t i = 0; i < schema.key_count; ++i) {
    const DataType type =
        random() % 2 == 0 ? DataType{TypeKind::kBigInt} : DataType{.kind = TypeKind::kVarchar, .length = 20};
    add("id" + std::to_string(i), type, true);
  }
  add("n", {TypeKind::kInt}, false);
  if (schema.is_aggregate()) add("b", {TypeKind::kBitmap}, false);
  add("s", {TypeKind::kString}, false);
  const bool takes_updates = schema.is_unique() && !schema.is_aggregate();
  if (const uint64_t choice = random() % 6; choice < 2 && takes_updates) {
    add_sequence(schema, choice == 0 ? std::optional<size_t>(schema.key_count) : std::nullopt, {TypeKind::kBigInt});
  }
  if (random() % 2 == 0 && takes_updates) add_hidden_column(schema, kSkipBitmapColumn, {TypeKind::kString});
  for (ColumnSchema& column : schema.columns) {
    if (column.hidden) column.id = std::exchange(schema.next_column_id, schema.next_column_id.next());
  }
  schema.bucket_columns = {random() % schema.key_count};
  schema.bucket_count = 1 + static_cast<uint32_t>(random() % 3);
  if (random() % 2 == 0) schema.properties = {{"history_retention_seconds", "1000000"}};
  if (random() % 2 == 0) schema.properties.emplace_back("store_row_column", "true");
  if (random() % 4 == 0) schema.properties.emplace_back("row_store_columns", "n,id0");
  return schema;
}

/// A table on a simulated machine beside its model, and one random history of both.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed), disk_(seed + 1), options_(random_options(random_)) {
    options_.history_clock = [this] { return now_micros() + history_ahead_micros_.load(); };
  }

  void run() {
    open();
    must(engine_->create_database(kDatabase, true));
    const TableSchema schema = random_schema(random_);
    kept_history_ = history_retention_seconds(schema) != 0;
    must(engine_->create_table(kDatabase, kTable, schema, random_partitions(schema), false));
    for (step_ = 0; step_ < kSteps && !testing::Test::HasFailure(); ++step_) step();
    settle();
    expect_model("in the end");
    read_held();
    engine_.reset();
    disk_.power_cut();
    std::vector<std::string> problems = test::problems_of(disk_);
    std::erase_if(problems,
                  [](const std::string& problem) { return problem.find("belongs to no commit") != std::string::npos; });
    EXPECT_EQ(problems, std::vector<std::string>());
  }

 private:
  void open() { engine_ = must(StorageEngine::open(disk_.meta(), disk_.files(), options_)); }
  TableSnapshotPtr table() const { return engine_->snapshot()->find_table(kDatabase, kTable); }

  void step() {
    const uint64_t choice = random_() % 100;
    if (choice < 30) {
      note("small load");
      load(random_() % 30, 0, nullptr);
    } else if (choice < 45) {
      note("large load");
      load(random_() % 200, 1 + random_() % 3, nullptr);
    } else if (choice < 54) {
      note("partial update");
      load(random_() % 40, random_() % 3, random_columns());
    } else if (choice < 58) {
      note("precommit, or its second phase");
      two_phase();
    } else if (choice < 64) {
      note("flush");
      change([&] { return engine_->flush_table(table()->id); }, [](TableModel&) {});
    } else if (choice < 70) {
      note("compaction");
      change([&] { return engine_->compact_table(table()->id); }, [](TableModel&) {});
    } else if (choice < 77) {
      note("schema change");
      change_schema();
    } else if (choice < 79) {
      note("truncate, or other partitions");
      change_partitions();
    } else if (choice < 81) {
      note("expiry of older versions");
      expire_history();
    } else if (choice < 84) {
      note("hold a snapshot");
      if (!is_uncertain()) held_.emplace_back(table(), model_.lines(*table()->schema));
    } else if (choice < 87) {
      note("restart");
      settle(true);
    } else if (choice < 90) {
      note("kill");
      settle(true, false);
    } else if (choice < 94) {
      note("power cut");
      power_cut();
    } else {
      note("fault ahead");
      disk_.fail_at(disk_.points() + 1 + random_() % 40, random_fault());
    }
    if (disk_.is_off()) power_cut();
    if (is_uncertain() || !engine_->health().ok()) settle(true);
    // A history that begins anew has none of the older versions.
    if (std::exchange(kept_history_, keeps_history()) != kept_history_) versions_.clear();
    expect_model("at once");
    read_version();
    if (random_() % 8 == 0) read_held();
  }

  static int64_t now_micros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  /// As if the retention had passed since the newest version, which alone stays.
  void expire_history() {
    const auto newest = engine_->table_versions(table()->id, 1);
    if (!newest.ok() || newest->empty()) return;
    const uint64_t kept = newest->front().commit.value;
    bool is_done = false;
    history_ahead_micros_ = int64_t{2'000'000} * 1'000'000;
    change(
        [&] {
          const Status status = engine_->expire_history();
          is_done = status.ok();
          return status;
        },
        [](TableModel&) {});
    history_ahead_micros_ = 0;
    while (!versions_.empty() && versions_.begin()->first < kept) {
      const CommitNumber gone(versions_.begin()->first);
      versions_.erase(versions_.begin());
      if (!is_done) continue;
      const ServerSnapshotPtr snapshot = engine_->snapshot();
      const auto then = engine_->table_as_of(*snapshot->find_table(kDatabase, kTable), snapshot->commit, gone);
      EXPECT_FALSE(then.ok()) << "version " << gone.value << " is still there, step " << step_;
    }
  }

  void note(std::string what) { last_ = std::move(what); }
  bool is_uncertain() const { return possible_.has_value(); }
  bool keeps_history() const { return history_retention_seconds(*table()->schema) != 0; }

  /// After a restart the outcome of the last change is known.
  void settle(bool restarts = false, bool is_clean = true) {
    if (!restarts && !is_uncertain()) return;
    if (is_clean) engine_->stop();
    held_.clear();
    engine_.reset();
    disk_.is_off() ? disk_.power_cut() : disk_.restart();
    open();
    decide();
  }
  void power_cut() {
    held_.clear();
    engine_.reset();
    disk_.power_cut();
    open();
    decide();
  }
  void decide() {
    if (!possible_) return;
    const TableSnapshotPtr now = table();
    if (test::lines_of(*now) == possible_->lines(*now->schema)) model_ = *possible_;
    possible_.reset();
  }

  void change(const std::function<Status()>& run, const std::function<void(TableModel&)>& apply) {
    TableModel after = model_;
    apply(after);
    const Status status = run();
    if (status.ok()) {
      model_ = std::move(after);
      if (keeps_history()) versions_[engine_->snapshot()->commit.value] = model_;
    } else if (status.code() == StatusCode::kUnknownOutcome || disk_.is_off()) {
      possible_ = std::move(after);
    }
  }

  /// Aggregate and duplicate tables take whole rows only.
  bool takes_updates() const { return table()->schema->is_unique() && !table()->schema->is_aggregate(); }

  static bool is_bookkeeping(const TableSchema& schema, size_t column) {
    return column == schema.delete_time_column() || column == schema.skip_bitmap_column();
  }

  /// A commit would wait for ever for room on a disk that stays full.
  test::Fault random_fault() {
    const test::Fault fault = test::kAllFaults[random_() % std::size(test::kAllFaults)];
    return fault == test::Fault::kNoSpace ? test::Fault::kShortOfSpace : fault;
  }

  /// Null for tables that take whole rows only.
  PartialColumnsPtr random_columns() {
    if (!takes_updates()) return nullptr;
    const size_t keys = table()->schema->key_count;
    auto partial = std::make_shared<PartialColumns>();
    for (size_t i = 0; i < keys; ++i) partial->given.push_back(i);
    for (size_t i = keys; i < table()->schema->columns.size(); ++i) {
      if (!is_bookkeeping(*table()->schema, i) && random_() % 2 == 0) partial->given.push_back(i);
    }
    if (table()->schema->skip_bitmap_column() && random_() % 2 == 0) {
      partial->given.resize(keys);
      partial->mask = table()->schema->skip_bitmap_column();
    }
    return partial;
  }

  void load(size_t count, size_t memtables, PartialColumnsPtr partial) {
    if (count == 0) memtables = 0;
    const TableSnapshotPtr target = table();
    const std::vector<LoadRow> rows = random_rows(*target->schema, count, partial);
    // A load may begin before a schema change and commit after it; a partial one is refused then.
    change([&] { return test::load_rows(*engine_, target, rows, memtables, partial).status(); },
           [&](TableModel& model) {
             for (const LoadRow& row : rows) model.apply(*target->schema, row, partial.get());
           });
  }

  /// A load between its two phases, which may wait over any other step.
  struct Waiting {
    TransactionId transaction;
    SchemaPtr schema;
    std::vector<LoadRow> rows;
    PartialColumnsPtr partial;
  };

  void two_phase() {
    if (waiting_.size() < 2 || random_() % 3 == 0) {
      const TableSnapshotPtr target = table();
      const PartialColumnsPtr partial = random_() % 3 == 0 ? random_columns() : nullptr;
      const size_t count = 1 + random_() % 60;
      Waiting load{TransactionId(++transactions_), target->schema, random_rows(*target->schema, count, partial), partial};
      change([&] { return test::precommit_rows(*engine_, target, load.rows, random_() % 3, load.transaction, partial); },
             [](TableModel&) {});
      waiting_.push_back(std::move(load));
      return;
    }
    const Waiting load = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    const bool commits = random_() % 4 != 0;
    change(
        [&]() -> Status {
          if (!commits) return engine_->abort_precommitted(load.transaction, "test").status();
          const auto outcome = engine_->commit_precommitted(load.transaction);
          // Its first phase failed, or a truncated table or other columns refused it.
          if (outcome.ok() && !outcome->has_value()) return Status::NotFound("not precommitted");
          return outcome.status();
        },
        [&](TableModel& model) {
          for (const LoadRow& row : load.rows) {
            if (commits) model.apply(*load.schema, row, load.partial.get());
          }
        });
  }

  std::vector<LoadRow> random_rows(const TableSchema& schema, size_t count, const PartialColumnsPtr& partial) {
    std::vector<LoadRow> rows;
    const bool only_deletes = schema.is_aggregate() && random_() % 6 == 0;
    for (size_t i = 0; i < count; ++i) {
      LoadRow row{random_key(schema), {}, random_sequence()};
      const bool is_flexible = partial && partial->mask;
      const bool may_delete = (!partial || is_flexible) && schema.is_unique() && !schema.is_aggregate();
      const bool is_delete = only_deletes || (may_delete && random_() % 6 == 0);
      for (size_t c = 0; c < schema.columns.size() && is_flexible; ++c) {
        const bool may_come =
            c < schema.key_count || (!is_delete && !is_bookkeeping(schema, c)) || c == schema.sequence_column();
        if (may_come && (c < schema.key_count || random_() % 2 == 0)) row.brings.push_back(c);
      }
      const auto brings = [&](size_t c) {
        const std::vector<size_t>& given = is_flexible ? row.brings : partial->given;
        return std::find(given.begin(), given.end(), c) != given.end();
      };
      for (size_t c = 0; c < schema.columns.size() && !is_delete; ++c) {
        const ColumnSchema& column = schema.columns[c];
        if (column.is_key) {
          row.values.emplace_back(test::key_part(row.key, c));
        } else if (is_bookkeeping(schema, c)) {
          row.values.emplace_back(std::nullopt);
        } else if (partial && !brings(c)) {
          row.values.push_back(column.default_value);
        } else if (column.is_sequence) {
          row.values.push_back(row.delete_sequence);
        } else if (random_() % 5 == 0) {
          row.values.emplace_back(std::nullopt);
        } else {
          const uint64_t number = random_() % 30'000;
          const bool is_text = column.type.kind == TypeKind::kString;
          row.values.emplace_back((is_text ? "text " : "") + std::to_string(number));
        }
      }
      rows.push_back(std::move(row));
    }
    // A load that only leaves a delete behind is told by this row, should its outcome be uncertain.
    if (schema.sequence_column() && count > 0 && (!partial || partial->mask)) {
      std::string key = std::to_string(1000 + markers_++);
      for (size_t i = 1; i < schema.key_count; ++i) key += "/0";
      LoadRow marker{std::move(key), {}, "1"};
      for (size_t c = 0; c < schema.visible_count(); ++c) marker.brings.push_back(c);
      if (*schema.sequence_column() >= schema.visible_count()) marker.brings.push_back(*schema.sequence_column());
      for (size_t c = 0; c < schema.columns.size(); ++c) {
        const ColumnSchema& column = schema.columns[c];
        marker.values.push_back(column.is_key        ? std::optional(test::key_part(marker.key, c))
                                : column.is_sequence ? marker.delete_sequence
                                                     : std::nullopt);
      }
      rows.push_back(std::move(marker));
    }
    return rows;
  }

  /// One of about 120, which a partition takes.
  std::string random_key(const TableSchema& schema) {
    while (true) {
      std::string key = any_key(schema);
      if (partition_width_ == 0) return key;
      if (table()->partitions->find(partition_of_value(test::key_part(key, 0)))) return key;
    }
  }
  std::string any_key(const TableSchema& schema) {
    const uint64_t number = random_() % 120;
    if (schema.key_count == 1) return std::to_string(number);
    std::string key = std::to_string(number / 10);
    for (size_t i = 1; i < schema.key_count; ++i) key += "/" + std::to_string(number % (i == 1 ? 10 : 3));
    return key;
  }
  std::optional<std::string> random_sequence() {
    if (random_() % 8 == 0) return std::nullopt;
    return std::to_string(random_() % 40);
  }

  /// Of the first key column: two ranges that come and go, and one for all that is above them.
  TablePartitioning random_partitions(const TableSchema& schema) {
    if (schema.columns[0].type.kind != TypeKind::kBigInt || random_() % 2 == 0) return {};
    partition_width_ = schema.key_count == 1 ? 40 : 4;
    TablePartitioning partitioning;
    partitioning.scheme = {PartitionKind::kRange, {schema.columns[0].id}};
    for (const char* name : {"low", "middle", "high"}) partitioning.partitions.push_back(partition_of_name(name));
    return partitioning;
  }
  PartitionDefinition partition_of_name(std::string_view name) const {
    const auto bound = [&](int64_t number) { return BoundTuple{{BoundValue::Kind::kText, std::to_string(number)}}; };
    PartitionDefinition partition{std::string(name), {}, false, 0};
    if (name != "low") partition.bounds.low = bound(name == "middle" ? partition_width_ : 2 * partition_width_);
    if (name != "high") partition.bounds.high = bound(name == "low" ? partition_width_ : 2 * partition_width_);
    return partition;
  }
  /// The name of the partition of rows with this first value.
  std::string_view partition_of_value(const std::string& value) const {
    const int64_t number = std::stoll(value) / partition_width_;
    return number == 0 ? "low" : number == 1 ? "middle" : "high";
  }

  void change_partitions() {
    const TableSnapshotPtr now = table();
    const uint64_t choice = partition_width_ == 0 ? 0 : random_() % 5;
    const std::string name = random_() % 2 == 0 ? "low" : "middle";
    const AddPartitions add{{partition_of_name(name)}, false};
    const auto changed = [&](std::vector<PartitionChange> changes) {
      return engine_->change_partitions(kDatabase, kTable, std::move(changes));
    };
    if (choice != 0 && !now->partitions->find(name)) return change([&] { return changed({add}); }, [](TableModel&) {});
    TableModel after = model_;
    choice == 0 ? after.clear()
                : after.clear(*now->schema, [&](const std::string& value) { return partition_of_value(value) == name; });
    // Deletes alone do not tell whether they went, should that be uncertain.
    if (after.rows().size() == model_.rows().size()) return;
    change(
        [&] {
          switch (choice) {
            case 0: return engine_->truncate_table(kDatabase, kTable);
            case 1: return changed({TruncatePartition{name}});
            case 2: return changed({DropPartition{name, false}, add});
            default: return changed({DropPartition{name, false}});
          }
        },
        [&](TableModel& model) { model = after; });
  }

  void change_schema() {
    const TableSchema& schema = *table()->schema;
    std::vector<SchemaChange> changes;
    const size_t keys = schema.key_count, values = schema.visible_count() - keys;
    const uint64_t choice = random_() % 9 / 2;
    if (choice == 4) {
      changes.push_back(SetProperties{{{"history_retention_seconds", keeps_history() ? "0" : "1000000"}}});
    } else if (choice == 0 || values < 2) {
      ColumnSchema column;
      column.name = "c" + std::to_string(step_);
      column.type = random_() % 2 == 0 ? DataType{TypeKind::kInt} : DataType{TypeKind::kString};
      if (random_() % 2 == 0) column.default_value = std::to_string(step_);
      if (schema.is_aggregate()) column.aggregation = random_aggregation(random_, column.type);
      changes.push_back(
          AddColumn{column, {.first = false, .after = random_() % 2 == 0 ? schema.columns[keys - 1].name : ""}, false});
    } else if (choice == 1) {
      changes.push_back(DropColumn{schema.columns[keys + random_() % values].name, false});
    } else if (choice == 2) {
      changes.push_back(RenameColumn{schema.columns[keys + random_() % values].name, "r" + std::to_string(step_)});
    } else {
      const ColumnSchema& old = schema.columns[keys + random_() % values];
      if (old.type.kind != TypeKind::kInt) return;
      ColumnSchema wide = old;
      wide.type = {TypeKind::kBigInt};
      changes.push_back(ModifyColumn{old.name, wide, false, {}});
    }
    const Status status = engine_->alter_table(kDatabase, kTable, {std::move(changes), {}});
    // Whether it happened shows in the schema; the rows are the same either way.
    if (!status.ok()) possible_ = model_;
  }

  void expect_model(const std::string& when) {
    const TableSnapshotPtr now = table();
    const std::vector<std::string> shown = test::lines_of(*now), wanted = model_.lines(*now->schema);
    std::vector<std::string> differ;
    std::set_symmetric_difference(shown.begin(), shown.end(), wanted.begin(), wanted.end(), std::back_inserter(differ));
    ASSERT_EQ(shown, wanted) << when << ", step " << step_ << ", " << last_ << ": " << testing::PrintToString(differ);
    ASSERT_EQ(now->live_rows(), model_.rows().size()) << when << ", step " << step_ << ", " << last_;
    if (!now->schema->is_unique()) return;
    // Lookups by key know of other structures than scans: key indexes, filters, ranges.
    constexpr int kKeysLookedUp = 4;
    for (int i = 0; i < kKeysLookedUp; ++i) {
      const std::string key = random_key(*now->schema);
      ASSERT_EQ(test::line_of_key(*now, key), model_.line(*now->schema, key))
          << "key " << key << ", " << when << ", step " << step_ << ", " << last_;
    }
  }

  /// One older version reads as the model was then.
  void read_version() {
    if (versions_.empty() || random_() % 3 != 0) return;
    auto version = versions_.begin();
    std::advance(version, static_cast<ptrdiff_t>(random_() % versions_.size()));
    const ServerSnapshotPtr snapshot = engine_->snapshot();
    const TableSnapshotPtr now = snapshot->find_table(kDatabase, kTable);
    const auto then = engine_->table_as_of(*now, snapshot->commit, CommitNumber(version->first));
    ASSERT_TRUE(then.ok()) << then.status().to_string();
    ASSERT_EQ(test::lines_of(**then), version->second.lines(*now->schema))
        << "version " << version->first << ", step " << step_ << ", " << last_;
  }
  void read_held() {
    for (const auto& [snapshot, lines] : held_) {
      ASSERT_EQ(test::lines_of(*snapshot), lines) << "a snapshot held since before step " << step_ << ", " << last_;
    }
    held_.clear();
  }

  Random random_;
  SimulatedDisk disk_;
  StorageOptions options_;
  std::atomic<int64_t> history_ahead_micros_{0};
  std::unique_ptr<StorageEngine> engine_;
  bool kept_history_ = false;    ///< before the last step
  int64_t partition_width_ = 0;  ///< zero: the table has no partitions
  TableModel model_;
  std::optional<TableModel> possible_;  ///< what an unfinished change would have made
  std::map<uint64_t, TableModel> versions_;
  std::vector<std::pair<TableSnapshotPtr, std::vector<std::string>>> held_;
  uint64_t transactions_ = 0;
  std::vector<Waiting> waiting_;
  int step_ = 0;
  int markers_ = 0;
  std::string last_;
};

/// FRESHET_HISTORIES: how many; 1,000 in all when it is not set.
class RandomHistories : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kParts = 4;
  static uint64_t count() {
    const char* given = std::getenv("FRESHET_HISTORIES");
    return (given == nullptr ? 1000 : std::strtoull(given, nullptr, 10)) / kParts;
  }
};

TEST_P(RandomHistories, EqualTheModel) {
  const uint64_t seed = test::test_seed();
  for (uint64_t i = 0; i < count() && !HasFailure(); ++i) {
    const uint64_t history = seed + i * kParts + GetParam();
    SCOPED_TRACE("history of seed " + std::to_string(history) + " (FRESHET_TEST_SEED=" + std::to_string(history) +
                 " FRESHET_HISTORIES=4, part 0)");
    History(history).run();
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, RandomHistories, testing::Range<uint64_t>(0, 4));

}  // namespace
}  // namespace freshet::storage
