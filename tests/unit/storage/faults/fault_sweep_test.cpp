#include <gtest/gtest.h>

#include <atomic>

#include "support/disk_check.h"
#include "support/history_table.h"
#include "support/quiet_options.h"
#include "support/seed.h"
#include "support/simulated_disk.h"
#include "support/small_schema.h"

namespace freshet::storage {
namespace {

using test::Fault;
using test::LoadRow;
using test::must;
using test::SimulatedDisk;
using test::TableModel;

constexpr const char* kDatabase = "shop";
constexpr const char* kTable = "orders";
constexpr JobId kJob{7};

StorageOptions quiet_options(bool waits_for_room) {
  StorageOptions options = test::quiet_options();
  options.disk_full_wait_seconds = waits_for_room ? 60 : 0;
  return options;
}

TableSchema make_schema() {
  TableSchema schema = test::small_schema();
  schema.properties = {{"history_retention_seconds", "1000000"}, {"store_row_column", "true"}};
  return schema;
}

PartialColumnsPtr some_columns(std::vector<size_t> given) {
  return std::make_shared<const PartialColumns>(PartialColumns{std::move(given), {}, false});
}

/// One machine: the engine on a simulated disk, the state that every acknowledged change has made, and what may have
/// happened beside it.
class Machine {
 public:
  explicit Machine(uint64_t seed, bool waits_for_room = false) : disk(seed), waits_for_room_(waits_for_room) {}

  SimulatedDisk disk;
  std::unique_ptr<StorageEngine> engine;

  /// Opens the engine; an error when a fault came in between.
  Status start() {
    StorageOptions options = quiet_options(waits_for_room_);
    options.history_clock = [this] { return history_micros_.load(); };
    auto opened = StorageEngine::open(disk.meta(), disk.files(), options);
    if (!opened.ok()) return opened.status();
    engine = std::move(opened).value();
    return Status::OK();
  }
  TableSnapshotPtr table() const { return engine->snapshot()->find_table(kDatabase, kTable); }

  /// The whole workload: every kind of change once. Goes on after errors as long as the engine takes changes.
  void run() {
    if (!start().ok()) return;
    // Not part of the model: the table is there or not.
    if (!engine->create_database(kDatabase, true).ok() ||
        !engine->create_table(kDatabase, kTable, make_schema(), {}, true).ok()) {
      return;
    }
    load(0, 12, 0, nullptr);
    load(5, 20, 2, nullptr);
    load(0, 4, 0, {}, true);
    flush();
    load(3, 9, 0, some_columns({0, 1}));
    load(8, 30, 1, some_columns({0, 2}));
    change([&] { return engine->alter_table(kDatabase, kTable, {{add_column()}, {}}); }, [](TableModel&) {});
    load(10, 14, 0, {});
    compact();
    precommit(20, 50, 2, nullptr);
    precommit(30, 38, 0, some_columns({0, 1}));
    precommit(60, 70, 1, nullptr);
    load(0, 40, 3, {});
    finish(0, true);
    finish(1, true);
    finish(2, false);
    load(1, 3, 1, {}, true);
    compact();
    change([&] { return engine->truncate_table(kDatabase, kTable); }, [](TableModel& model) { model.clear(); });
    load(100, 110, 0, {});
    load(105, 120, 1, {});
    flush();
    precommit(108, 130, 1, nullptr);
    // Deletes alone: a flush folds them.
    load(100, 103, 0, {}, true);
    flush();
    compact();
    const uint64_t points_before = disk.points();
    history_micros_ = INT64_MAX;
    change([&] { return engine->expire_history(); }, [](TableModel&) {});
    history_micros_ = 0;
    points_of_expiry = disk.points() - points_before;
    change([&] { return engine->drop_table(kDatabase, kTable, true); }, [](TableModel& model) { model.clear(); });
    if (engine == nullptr || possible || !engine->create_table(kDatabase, kTable, make_schema(), {}, true).ok()) return;
    waiting_.clear();
    load(200, 210, 1, {});
    engine.reset();
  }

  /// A query while reads may fail: the right rows, or an error.
  void query(const std::string& when) {
    const TableSnapshotPtr now = table();
    ASSERT_NE(now, nullptr) << when;
    std::vector<std::string> lines;
    try {
      lines = test::lines_of(*now);
    } catch (const std::runtime_error& error) {
      EXPECT_TRUE(disk.has_failed()) << when << ": " << error.what();
      EXPECT_NE(std::string_view(error.what()).find("input/output error"), std::string_view::npos) << error.what();
      return;
    }
    EXPECT_EQ(lines, certain.lines(*now->schema)) << when;
  }

  /// What reads files and metadata, on a machine that has run: start, queries, loads over old rows, flush, compaction.
  void read_everything() {
    if (!start().ok()) {
      EXPECT_TRUE(disk.has_failed());
      return;
    }
    query("after the start");
    load(202, 212, 0, {});
    load(205, 215, 2, some_columns({0, 1}));
    query("after the loads");
    const auto found = engine->find_label(table()->database, "load 1");
    if (found.ok()) {
      EXPECT_TRUE(found->has_value()) << "a label is forgotten";
    } else {
      EXPECT_TRUE(disk.has_failed()) << found.status().to_string();
    }
    flush();
    compact();
    query("after the compaction");
  }

  /// Labels and stream positions are those of the acknowledged loads.
  void expect_labels_and_positions() {
    for (const auto& [label, database] : labels_) {
      const auto found = must(engine->find_label(database, label));
      EXPECT_TRUE(found && found->state == LabelState::kVisible) << label;
    }
    const auto positions = must(engine->stream_positions(kJob));
    const int64_t stored = positions.empty() ? 0 : positions.front().second;
    EXPECT_TRUE(stored == position_ || stored == possible_position_) << stored << ", acknowledged " << position_;
    position_ = possible_position_ = stored;
  }

  /// After a restart: loads whose first phase was acknowledged wait or are finished, and those that wait can be committed.
  void finish_after_restart() {
    for (size_t i = 0; i < waiting_.size(); ++i) {
      const auto found = must(engine->find_transaction(waiting_[i].database, waiting_[i].transaction));
      const bool waits = found && found->state == LabelState::kPrecommitted;
      EXPECT_TRUE(found || !waiting_[i].is_certain) << "an acknowledged precommit is gone";
      if (waits) finish(i, true);
    }
  }

  /// The rows are those of every acknowledged change, with or without the one whose outcome is unknown.
  void expect_state(const std::string& when) {
    const TableSnapshotPtr now = table();
    if (now == nullptr) {
      EXPECT_TRUE(certain.rows().empty() || (possible && possible->rows().empty())) << when << ": the table is gone";
      if (possible) certain = *possible;
      possible.reset();
      return;
    }
    const auto lines = test::lines_of(*now);
    const bool is_certain = lines == certain.lines(*now->schema);
    const bool is_possible = possible && lines == possible->lines(*now->schema);
    EXPECT_TRUE(is_certain || is_possible)
        << when << ": " << lines.size() << " rows, " << certain.rows().size() << " acknowledged";
    EXPECT_EQ(now->live_rows(), lines.size()) << when;
    if (is_possible) certain = *possible;
    possible.reset();
  }

  TableModel certain;
  std::optional<TableModel> possible;
  uint64_t points_of_expiry = 0;

 private:
  struct Waiting {
    TransactionId transaction;
    DatabaseId database;
    SchemaPtr schema;
    std::vector<LoadRow> rows;
    PartialColumnsPtr partial;
    bool is_certain = false;
  };
  void precommit(int64_t first, int64_t end, size_t memtables, PartialColumnsPtr partial) {
    if (engine == nullptr || table() == nullptr) return;
    const TableSnapshotPtr target = table();
    Waiting load{TransactionId(++transactions_), target->database, target->schema, make_rows(first, end, false),
                 std::move(partial)};
    change(
        [&] {
          const Status status = test::precommit_rows(*engine, target, load.rows, memtables, load.transaction, load.partial);
          load.is_certain = status.ok();
          return status;
        },
        [](TableModel&) {});
    waiting_.push_back(std::move(load));
  }
  void finish(size_t index, bool commits) {
    if (engine == nullptr || table() == nullptr || index >= waiting_.size()) return;
    const Waiting& load = waiting_[index];
    change(
        [&]() -> Status {
          if (!commits) return engine->abort_precommitted(load.transaction, "test").status();
          const auto outcome = engine->commit_precommitted(load.transaction);
          if (outcome.ok() && !outcome->has_value()) return Status::NotFound("not precommitted");
          return outcome.status();
        },
        [&](TableModel& model) {
          if (!commits) return;
          for (const LoadRow& row : load.rows) model.apply(*load.schema, row, load.partial.get());
        });
  }

  static SchemaChange add_column() {
    ColumnSchema column;
    column.name = "added";
    column.type = {TypeKind::kInt};
    column.default_value = "7";
    return AddColumn{column, {}, false};
  }

  /// Runs a change and keeps the model beside it.
  void change(const std::function<Status()>& run, const std::function<void(TableModel&)>& apply) {
    if (engine == nullptr || possible) return;
    TableModel after = certain;
    apply(after);
    const Status status = run();
    if (status.ok()) {
      certain = std::move(after);
    } else if (status.code() == StatusCode::kUnknownOutcome) {
      possible = std::move(after);
    } else if (!disk.is_off()) {
      // Refused as a whole, at once visible.
      disk.heal_reads();
      expect_state("after " + status.to_string());
    }
  }
  void load(int64_t first, int64_t end, size_t memtables, PartialColumnsPtr partial, bool deletes = false) {
    if (engine == nullptr || table() == nullptr) return;
    const TableSnapshotPtr target = table();
    const std::vector<LoadRow> rows = make_rows(first, end, deletes);
    LabelRecord label;
    label.label = "load " + std::to_string(loads_);
    label.database = target->database;
    label.table = target->id;
    label.transaction = TransactionId(kLoadTransactions + static_cast<uint64_t>(loads_));
    const OffsetAdvance advance{.job = kJob, .from = position_, .to = position_ + static_cast<int64_t>(rows.size())};
    if (possible || !engine->reserve_label(label.database, label.label, label.transaction, nullptr).ok()) return;
    change(
        [&] {
          const Status status = test::load_rows(*engine, target, rows, memtables, partial, label, {advance}).status();
          if (status.ok()) {
            labels_.emplace_back(label.label, label.database);
            position_ = advance.to;
          } else {
            engine->release_label(label.database, label.label, label.transaction, status.message());
          }
          possible_position_ = advance.to;
          return status;
        },
        [&](TableModel& model) {
          for (const LoadRow& row : rows) model.apply(*target->schema, row, partial.get());
        });
  }
  std::vector<LoadRow> make_rows(int64_t first, int64_t end, bool deletes) {
    std::vector<LoadRow> rows;
    ++loads_;
    for (int64_t key = first; key < end; ++key) {
      LoadRow row{std::to_string(key), {}};
      if (!deletes) {
        row.values = {row.key, std::to_string(loads_ * 1000 + key), "load " + std::to_string(loads_)};
        row.values.resize(table()->schema->columns.size(), std::to_string(loads_));
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }
  void flush() {
    if (engine == nullptr || table() == nullptr) return;
    change([&] { return engine->flush_table(table()->id); }, [](TableModel&) {});
  }
  void compact() {
    if (engine == nullptr || table() == nullptr) return;
    change([&] { return engine->compact_table(table()->id); }, [](TableModel&) {});
  }

  const bool waits_for_room_;
  std::atomic<int64_t> history_micros_{0};             ///< what the expiry of older versions takes as the time
  static constexpr uint64_t kLoadTransactions = 1000;  ///< those of precommits are below

  std::vector<std::pair<std::string, DatabaseId>> labels_;  ///< of acknowledged loads
  int64_t position_ = 0;
  int64_t possible_position_ = 0;  ///< after a load whose outcome is unknown
  int64_t loads_ = 0;
  uint64_t transactions_ = 0;
  std::vector<Waiting> waiting_;
};

/// After the fault: what was acknowledged is there, and the engine works again.
void recover_and_check(Machine& machine, bool is_power_cut) {
  machine.engine.reset();
  is_power_cut ? machine.disk.power_cut() : machine.disk.restart();
  ASSERT_TRUE(machine.start().ok());
  machine.expect_state("after the restart");
  machine.expect_labels_and_positions();
  machine.finish_after_restart();
  machine.expect_state("after the second phases");
  // It takes changes again, and they last.
  must(machine.engine->create_database(kDatabase, true));
  must(machine.engine->create_table(kDatabase, kTable, make_schema(), {}, true));
  const TableSnapshotPtr table = machine.table();
  LoadRow row{"1000", {"1000", "1", "again"}};
  row.values.resize(table->schema->columns.size(), "1");
  must(test::load_rows(*machine.engine, table, {row}, 1));
  machine.certain.apply(*table->schema, row, nullptr);
  must(machine.engine->compact_table(table->id));
  machine.expect_state("after a load and a compaction");
  machine.engine.reset();
  machine.disk.power_cut();
  ASSERT_TRUE(machine.start().ok());
  machine.expect_state("after a second power cut");
  machine.engine.reset();
  EXPECT_EQ(test::problems_of(machine.disk), std::vector<std::string>());
}

class FaultSweep : public testing::TestWithParam<Fault> {};

TEST_P(FaultSweep, EveryPointInTurn) {
  const uint64_t seed = test::test_seed();
  Machine calm(seed);
  calm.run();
  EXPECT_FALSE(calm.certain.rows().empty());
  const uint64_t points = calm.disk.points();
  ASSERT_GT(points, 60u) << "the workload passes writes and syncs of every kind";
  ASSERT_GT(calm.points_of_expiry, 1u) << "records and files of older versions go";
  uint64_t hit = 0;
  for (uint64_t point = 1; point <= points && !HasFailure(); ++point) {
    SCOPED_TRACE("fault at point " + std::to_string(point) + " of " + std::to_string(points));
    Machine machine(seed + point, GetParam() == Fault::kShortOfSpace);
    machine.disk.fail_at(point, GetParam());
    machine.run();
    hit += machine.disk.has_failed();
    const bool is_power_cut = machine.disk.is_off() || point % 2 == 0;
    recover_and_check(machine, is_power_cut);
  }
  // Files go when their last holder lets go, which may be a thread of the background: a few points more or less.
  EXPECT_GE(hit, points - points / 50);
}

TEST(ShortOfSpace, CommitsGoOnByThemselvesAndNothingIsInDoubt) {
  const uint64_t seed = test::test_seed();
  Machine calm(seed);
  calm.run();
  for (uint64_t point = 1; point <= calm.disk.points() && !testing::Test::HasFailure(); ++point) {
    SCOPED_TRACE("no space at point " + std::to_string(point));
    Machine machine(seed + point, true);
    machine.disk.fail_at(point, Fault::kShortOfSpace);
    machine.run();
    EXPECT_FALSE(machine.possible.has_value()) << "a commit of unknown outcome";
    // Statements that find no room before their commit fail, and can be repeated until there is some.
    Status status = machine.engine == nullptr ? machine.start() : Status::OK();
    for (int attempt = 0; attempt < 10 && machine.engine == nullptr; ++attempt) status = machine.start();
    ASSERT_TRUE(status.ok()) << status.to_string();
    for (int attempt = 0; attempt < 10; ++attempt) {
      status = machine.engine->create_database(kDatabase, true);
      if (status.ok()) status = machine.engine->create_table(kDatabase, kTable, make_schema(), {}, true);
      if (status.ok()) break;
    }
    ASSERT_TRUE(status.ok()) << status.to_string();
    machine.expect_state("at the end");
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultSweep, testing::ValuesIn(test::kAllFaults), [](const auto& info) {
  switch (info.param) {
    case Fault::kError: return "Error";
    case Fault::kErrorAfter: return "ErrorAfter";
    case Fault::kShortWrite: return "ShortWrite";
    case Fault::kNoSpace: return "NoSpace";
    case Fault::kShortOfSpace: return "ShortOfSpace";
    case Fault::kPowerCut: return "PowerCut";
    case Fault::kPowerCutIn: return "PowerCutIn";
  }
  return "Unknown";
});

class ReadFaultSweep : public testing::TestWithParam<test::ReadFault> {};

/// The query or change that meets the fault fails and says so, nothing else does, and nothing is lost or put aside.
TEST_P(ReadFaultSweep, EveryReadInTurn) {
  const uint64_t seed = test::test_seed();
  Machine calm(seed);
  calm.run();
  calm.disk.restart();
  const uint64_t before = calm.disk.reads();
  calm.read_everything();
  const uint64_t reads = calm.disk.reads() - before;
  ASSERT_GT(reads, 40u) << "files are opened and read, and metadata";
  uint64_t hit = 0;
  for (uint64_t read = 1; read <= reads && !HasFailure(); ++read) {
    SCOPED_TRACE("fault at read " + std::to_string(read) + " of " + std::to_string(reads));
    Machine machine(seed);
    machine.run();
    machine.disk.restart();
    machine.disk.fail_read_at(machine.disk.reads() + read, GetParam());
    machine.read_everything();
    hit += machine.disk.has_failed();
    if (machine.engine != nullptr) {
      machine.disk.heal_reads();
      machine.query("when reads work again");
      EXPECT_TRUE(machine.engine->health().ok()) << machine.engine->health().to_string();
    }
    recover_and_check(machine, read % 2 == 0);
  }
  EXPECT_GE(hit, reads - reads / 20);
}

INSTANTIATE_TEST_SUITE_P(Faults, ReadFaultSweep, testing::ValuesIn(test::kAllReadFaults), [](const auto& info) {
  switch (info.param) {
    case test::ReadFault::kError: return "Error";
    case test::ReadFault::kShortRead: return "ShortRead";
    case test::ReadFault::kAllFurther: return "AllFurther";
  }
  return "Unknown";
});

}  // namespace
}  // namespace freshet::storage
