#include <gtest/gtest.h>

#include "storage/types/sequence.h"
#include "support/disk_check.h"
#include "support/history_table.h"
#include "support/quiet_options.h"
#include "support/seed.h"
#include "support/simulated_disk.h"
#include "support/small_schema.h"
#include "support/test_partitions.h"

/// A fault at every write and sync of changes of several tables and of partitions, and of each kind of table.
namespace freshet::storage {
namespace {

using test::Fault;
using test::LoadRow;
using test::must;

constexpr const char* kDatabase = "shop";
/// The tables that exist, with their rows.
using State = std::map<std::string, test::TableModel>;

TableSchema schema_of(const std::string& table) {
  TableSchema schema = test::small_schema();
  if (table == "days") schema.properties = {{"history_retention_seconds", "1000000"}};
  if (table == "sums") {
    schema.model = ::freshet::TableModel::kAggregate;
    schema.columns[1].aggregation = Aggregation::kSum;
    schema.columns[2].aggregation = Aggregation::kReplace;
  }
  if (table == "seen") add_sequence(schema, std::nullopt, {TypeKind::kBigInt});
  if (table == "flexible") add_hidden_column(schema, kSkipBitmapColumn, {TypeKind::kString});
  for (ColumnSchema& column : schema.columns) {
    if (column.hidden) column.id = std::exchange(schema.next_column_id, schema.next_column_id.next());
  }
  return schema;
}

PartitionDefinition hundred(int number) {
  const std::string low = std::to_string(number * 100), high = std::to_string(number * 100 + 100);
  return {"p" + std::to_string(number), {test::bound({low}), test::bound({high}), {}}, false, 0};
}

TablePartitioning partitioning_of(const std::string& table) {
  TablePartitioning made;
  if (table != "days") return made;
  made.scheme.kind = PartitionKind::kRange;
  made.scheme.columns.push_back(schema_of(table).columns[0].id);
  made.partitions = {hundred(0), hundred(1)};
  return made;
}

/// The engine on a simulated disk beside what every acknowledged change has made, and what may have happened in addition.
class Machine {
 public:
  explicit Machine(uint64_t seed) : disk(seed) {}

  test::SimulatedDisk disk;
  std::unique_ptr<StorageEngine> engine;
  State certain;
  std::optional<State> possible;

  Status start() {
    StorageOptions options = test::quiet_options();
    options.disk_full_wait_seconds = 60;
    FRESHET_ASSIGN_OR_RETURN(engine, StorageEngine::open(disk.meta(), disk.files(), options));
    return Status::OK();
  }

  void run() {
    if (!start().ok() || !engine->create_database(kDatabase, true).ok()) return;
    for (const std::string table : {"days", "plain", "sums", "seen", "flexible"}) create(table);
    load("days", rows("days", 80, 130), 1);
    load("days", rows("days", 90, 110), 0);
    load("sums", rows("sums", 0, 10), 1);
    load("sums", rows("sums", 5, 15), 0);
    load("seen", rows("seen", 0, 10), 1);
    load("seen", deletes("seen", 3, 6), 0);
    load("flexible", rows("flexible", 0, 8), 0);
    load_flexibly(4, 12);
    load_together({{"days", rows("days", 95, 105)}, {"plain", rows("plain", 0, 9)}, {"sums", rows("sums", 8, 20)}});
    load_in_group(rows("plain", 5, 12));
    for (const auto& [table, model] : State(certain)) compact(table);
    change(
        [&] {
          return engine->change_partitions(kDatabase, "days", {AddPartitions{{hundred(2)}, false}});
        },
        [](State&) {});
    load_together({{"days", rows("days", 195, 205)}, {"plain", deletes("plain", 2, 7)}});
    set_history("plain", "1000000");
    rename("plain", "renamed");
    load("renamed", rows("renamed", 20, 25), 1);
    compact("renamed");
    change(
        [&] {
          return engine->change_partitions(kDatabase, "days", {DropPartition{"p1", false}});
        },
        without_keys("days", 100, 200));
    change([&] { return engine->change_partitions(kDatabase, "days", {TruncatePartition{"p0"}}); },
           without_keys("days", 0, 100));
    load("days", rows("days", 10, 20), 0);
    set_history("renamed", "0");
    change([&] { return engine->expire_history(); }, [](State&) {});
    create("spare");
    load("spare", rows("spare", 40, 44), 1);
    swap("spare", "renamed");
    replace("renamed", "spare");
    change([&] { return engine->drop_database(kDatabase, true); }, [](State& state) { state.clear(); });
    if (engine == nullptr || possible || !engine->create_database(kDatabase, true).ok()) return;
    create("plain");
    load("plain", rows("plain", 0, 5), 1);
    engine.reset();
  }

  void create(const std::string& table) {
    change([&] { return engine->create_table(kDatabase, table, schema_of(table), partitioning_of(table), true); },
           [&](State& state) { state[table]; });
  }
  void compact(const std::string& table) {
    change([&] { return has(table) ? engine->compact_table(find(table)->id) : Status::OK(); }, [](State&) {});
  }
  void load(const std::string& table, const std::vector<LoadRow>& loaded, size_t memtables) {
    if (!has(table)) return;
    change([&] { return test::load_rows(*engine, find(table), loaded, memtables).status(); }, applying({{table, loaded}}));
  }
  std::vector<LoadRow> rows(const std::string& table, int64_t first, int64_t end) {
    std::vector<LoadRow> result;
    const std::string round = std::to_string(++loads_);
    for (int64_t key = first; key < end; ++key) {
      const std::string id = std::to_string(key);
      result.push_back({id, {id, round, "round " + round}});
      if (table == "flexible") result.back().values.emplace_back(std::nullopt);
      if (table != "seen") continue;
      result.back().values.emplace_back(round);         // the sequence
      result.back().values.emplace_back(std::nullopt);  // the time of a delete
    }
    return result;
  }

  /// The tables are those of every acknowledged change, with or without the one whose outcome is unknown.
  void expect_state(const std::string& when) {
    const bool is_certain = shows(certain);
    const bool is_possible = possible && shows(*possible);
    EXPECT_TRUE(is_certain || is_possible) << when << (possible ? ": neither of two states" : "");
    if (is_possible) certain = *possible;
    possible.reset();
  }

 private:
  using Loads = std::vector<std::pair<std::string, std::vector<LoadRow>>>;

  TableSnapshotPtr find(const std::string& table) const { return engine->snapshot()->find_table(kDatabase, table); }
  bool has(const std::string& table) const { return engine != nullptr && find(table) != nullptr; }

  bool shows(const State& state) const {
    const ServerSnapshotPtr server = engine->snapshot();
    for (const auto& [id, table] : server->tables) {
      const auto expected = state.find(table->name);
      if (expected == state.end()) return false;
      const auto found = test::lines_of(*table);
      if (found != expected->second.lines(*table->schema) || found.size() != table->live_rows()) return false;
    }
    return server->tables.size() == state.size();
  }

  void change(const std::function<Status()>& run, const std::function<void(State&)>& apply) {
    if (engine == nullptr || possible) return;
    State after = certain;
    apply(after);
    const Status status = run();
    const bool is_unknown = status.code() == StatusCode::kUnknownOutcome;
    if (is_unknown) possible = after;
    if (status.ok()) certain = after;
    if (status.ok() || is_unknown || disk.is_off()) return;
    expect_state("after " + status.to_string());  // refused as a whole, at once visible
  }

  std::function<void(State&)> applying(const Loads& loads) {
    return [this, loads](State& state) {
      for (const auto& [table, loaded] : loads) {
        for (const LoadRow& row : loaded) state[table].apply(*find(table)->schema, row, nullptr);
      }
    };
  }
  std::vector<LoadRow> deletes(const std::string& table, int64_t first, int64_t end) {
    std::vector<LoadRow> result;
    const std::string round = std::to_string(++loads_);
    for (int64_t key = first; key < end; ++key) {
      result.push_back({std::to_string(key), {}, table == "seen" ? std::optional(round) : std::nullopt});
    }
    return result;
  }
  std::function<void(State&)> without_keys(const std::string& table, int64_t first, int64_t end) {
    return [this, table, gone = deletes(table, first, end)](State& state) {
      if (!has(table)) return;
      for (const LoadRow& row : gone) state[table].apply(*find(table)->schema, row, nullptr);
    };
  }

  void load_flexibly(int64_t first, int64_t end) {
    if (!has("flexible")) return;
    const TableSnapshotPtr target = find("flexible");
    const auto partial =
        std::make_shared<const PartialColumns>(PartialColumns{{0}, {}, false, target->schema->skip_bitmap_column()});
    std::vector<LoadRow> sent = rows("flexible", first, end);
    for (size_t i = 0; i < sent.size(); ++i) {
      const size_t brought = 1 + i % 2;
      sent[i].brings = {0, brought};
      sent[i].values[3 - brought] = std::nullopt;  // the default
    }
    change([&] { return test::load_rows(*engine, target, sent, 1, partial).status(); },
           [&](State& state) {
             for (const LoadRow& row : sent) state["flexible"].apply(*target->schema, row, partial.get());
           });
  }
  void load_together(const Loads& loads) {
    for (const auto& [table, loaded] : loads) {
      if (!has(table)) return;
    }
    change(
        [&]() -> Status {
          std::vector<LoadCommit> commits;
          for (const auto& [table, loaded] : loads) {
            FRESHET_ASSIGN_OR_RETURN(LoadCommit commit, test::make_load(*engine, find(table), loaded, 0));
            commits.push_back(std::move(commit));
          }
          return engine->commit_all(std::move(commits)).status();
        },
        applying(loads));
  }
  void load_in_group(const std::vector<LoadRow>& loaded) {
    if (!has("plain")) return;
    change(
        [&]() -> Status {
          FRESHET_ASSIGN_OR_RETURN(LoadCommit commit, test::make_load(*engine, find("plain"), loaded, 0));
          return engine->commit_in_group(std::move(commit)).status();
        },
        applying({{"plain", loaded}}));
  }
  void set_history(const std::string& table, const std::string& seconds) {
    change(
        [&] {
          return engine->alter_table(kDatabase, table, {{SetProperties{{{"history_retention_seconds", seconds}}}}, {}});
        },
        [](State&) {});
  }
  void rename(const std::string& from, const std::string& to) {
    change(
        [&] {
          return engine->alter_table(kDatabase, from, {{}, to});
        },
        [&](State& state) {
          auto node = state.extract(from);
          if (node.empty()) return;
          node.key() = to;
          state.insert(std::move(node));
        });
  }

  void swap(const std::string& one, const std::string& other) {
    change(
        [&] {
          return engine->rename_tables({{{kDatabase, one}, other}, {{kDatabase, other}, one}}, {});
        },
        [&](State& state) {
          if (state.contains(one) && state.contains(other)) std::swap(state[one], state[other]);
        });
  }
  void replace(const std::string& gone, const std::string& by) {
    change(
        [&] {
          return engine->rename_tables({{{kDatabase, by}, gone}}, {{kDatabase, gone}});
        },
        [&](State& state) {
          if (!state.contains(gone) || !state.contains(by)) return;
          state[gone] = state[by];
          state.erase(by);
        });
  }

  int64_t loads_ = 0;
};

class FaultSweepOfTables : public testing::TestWithParam<Fault> {};

TEST_P(FaultSweepOfTables, EveryPointInTurn) {
  const uint64_t seed = test::test_seed();
  Machine calm(seed);
  calm.run();
  EXPECT_EQ(calm.certain.size(), 1u) << "the workload came to its end";
  EXPECT_FALSE(calm.possible.has_value());
  const uint64_t points = calm.disk.points();
  ASSERT_GT(points, 60u) << "the workload passes writes and syncs of every kind";
  for (uint64_t point = 1; point <= points && !HasFailure(); ++point) {
    SCOPED_TRACE("fault at point " + std::to_string(point) + " of " + std::to_string(points));
    Machine machine(seed + point);
    machine.disk.fail_at(point, GetParam());
    machine.run();
    const bool is_power_cut = machine.disk.is_off() || point % 2 == 0;
    machine.engine.reset();
    is_power_cut ? machine.disk.power_cut() : machine.disk.restart();
    ASSERT_TRUE(machine.start().ok());
    machine.expect_state("after the restart");
    // It takes changes again, and they last.
    must(machine.engine->create_database(kDatabase, true));
    if (!machine.certain.contains("plain")) machine.create("plain");
    machine.load("plain", machine.rows("plain", 0, 3), 1);
    for (const auto& [table, model] : State(machine.certain)) machine.compact(table);
    machine.engine.reset();
    machine.disk.power_cut();
    ASSERT_TRUE(machine.start().ok());
    machine.expect_state("after a power cut");
    machine.engine.reset();
    EXPECT_EQ(test::problems_of(machine.disk), std::vector<std::string>());
  }
}

/// A disk that stays full would keep the commits waiting.
INSTANTIATE_TEST_SUITE_P(Faults, FaultSweepOfTables,
                         testing::Values(Fault::kError, Fault::kErrorAfter, Fault::kShortWrite, Fault::kShortOfSpace,
                                         Fault::kPowerCut, Fault::kPowerCutIn),
                         [](const auto& info) {
                           switch (info.param) {
                             case Fault::kError: return "Error";
                             case Fault::kErrorAfter: return "ErrorAfter";
                             case Fault::kShortWrite: return "ShortWrite";
                             case Fault::kShortOfSpace: return "ShortOfSpace";
                             case Fault::kPowerCut: return "PowerCut";
                             default: return "PowerCutIn";
                           }
                         });

}  // namespace
}  // namespace freshet::storage
