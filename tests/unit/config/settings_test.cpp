#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/read_settings.h"
#include "config/settings_table.h"

namespace freshet::config {
namespace {

std::string only_problem(std::string_view yaml) {
  Settings settings;
  ConfigProblems problems = read_settings_yaml(yaml, settings);
  return problems.size() == 1 ? problems[0].to_string() : "problems: " + std::to_string(problems.size());
}

TEST(Settings, AnnotatedFileIsTheDefaultsAndNamesEverySetting) {
  std::string path = FRESHET_SOURCE_DIR "/config/freshet.yaml";
  Settings read;
  for (const Setting& setting : settings_table(read)) {
    if (auto* number = std::get_if<uint64_t*>(&setting.value)) **number = 77;
    if (auto* text = std::get_if<std::string*>(&setting.value)) **text = "not set by the file";
    if (auto* address = std::get_if<Address*>(&setting.value)) **address = {};
    if (auto* fraction = std::get_if<double*>(&setting.value)) **fraction = 77;
  }
  ConfigProblems problems = read_settings_file(path, read);
  ASSERT_TRUE(problems.empty()) << problems[0].to_string();
  Settings defaults;
  EXPECT_EQ(read, defaults);
  EXPECT_TRUE(check_settings(defaults).empty());
}

TEST(Settings, DefaultsAreWithinTheirOwnBounds) {
  Settings defaults;
  for (const Setting& setting : settings_table(defaults)) {
    std::string text = setting_text(setting);
    EXPECT_EQ(assign_setting(setting, text).value_or(""), "") << setting.name << " = " << text;
  }
}

TEST(Settings, ReadsNestedValuesAndSizes) {
  Settings settings;
  ConfigProblems problems = read_settings_yaml(
      "data_dir: /srv/data\nhttp:\n  address: '[::1]:0'\nstorage:\n  memtable_bytes: 64MiB\n  small_commit_bytes: 4096\n"
      "compaction:\n  dead_fraction: 0.5\nquery:\n",
      settings);
  ASSERT_TRUE(problems.empty()) << problems[0].to_string();
  EXPECT_EQ(settings.data_dir, "/srv/data");
  EXPECT_EQ(settings.http.address, (Address{"::1", 0}));
  EXPECT_EQ(settings.http.address.to_string(), "[::1]:0");
  EXPECT_EQ(settings.storage.memtable_bytes, 64 * kMiB);
  EXPECT_EQ(settings.storage.small_commit_bytes, 4096u);
  EXPECT_DOUBLE_EQ(settings.compaction.dead_fraction, 0.5);
}

TEST(Settings, EmptyFileLeavesDefaults) {
  Settings settings;
  EXPECT_TRUE(read_settings_yaml("# nothing\n", settings).empty());
  EXPECT_EQ(settings, Settings{});
}

TEST(Settings, UnknownNameIsRefusedWithLineAndNearestName) {
  EXPECT_EQ(only_problem("http:\n  max_body_bytes: 2GiB\n  max_conections: 5\n"),
            "line 3: http.max_conections: unknown setting; did you mean 'http.max_connections'?");
  EXPECT_EQ(only_problem("storag:\n  memtable_bytes: 1MiB\n"), "line 1: storag: unknown setting; did you mean 'storage'?");
  EXPECT_EQ(only_problem("zzzzzzzzzzzzzzzzzz: 1\n"),
            "line 1: zzzzzzzzzzzzzzzzzz: unknown setting; config/freshet.yaml lists all");
}

TEST(Settings, InvalidValuesAreRefusedWithLineAndReason) {
  EXPECT_EQ(only_problem("compaction:\n  threads: many\n"), "line 2: compaction.threads: 'many' is not a whole number");
  EXPECT_EQ(only_problem("compaction:\n  threads: -1\n"), "line 2: compaction.threads: '-1' is not a whole number");
  EXPECT_EQ(only_problem("compaction:\n  threads: 1000\n"),
            "line 2: compaction.threads: '1000' is out of bounds: it must be from 1 to 256");
  EXPECT_EQ(only_problem("storage:\n  memtable_bytes: 12MB\n"),
            "line 2: storage.memtable_bytes: '12MB' is not a size, as bytes or like 64MiB (KiB, MiB, GiB, TiB)");
  EXPECT_EQ(only_problem("storage:\n  memtable_bytes: 1KiB\n"),
            "line 2: storage.memtable_bytes: '1KiB' is out of bounds: it must be from 1MiB to 64GiB");
  EXPECT_EQ(only_problem("storage:\n  memtable_bytes: 99999999999999999999TiB\n").substr(0, 30),
            "line 2: storage.memtable_bytes");
  EXPECT_EQ(only_problem("mysql:\n  address: 9030\n"),
            "line 2: mysql.address: '9030' is not an address like 127.0.0.1:8030 (port 0 picks a free one)");
  EXPECT_EQ(only_problem("mysql:\n  address: localhost:70000\n").substr(0, 22), "line 2: mysql.address:");
  EXPECT_EQ(only_problem("log:\n  level: loud\n"), "line 2: log.level: 'loud' is not one of debug, info, warning, error");
  EXPECT_EQ(only_problem("data_dir:\n"), "line 1: data_dir: must not be empty");
  EXPECT_EQ(only_problem("data_dir: [a, b]\n"), "line 1: data_dir: must be a single value");
  EXPECT_EQ(only_problem("http: 8030\n"), "line 1: http: is a section: its settings belong below it, indented");
}

TEST(Settings, RepeatedNameIsRefused) {
  EXPECT_EQ(only_problem("log:\n  level: info\n  level: debug\n"), "line 3: log.level: is set twice: keep one");
}

TEST(Settings, BrokenYamlNamesItsLine) {
  EXPECT_EQ(only_problem("data_dir: a\nhttp: [1, 2\n").find("line "), 0u);
  EXPECT_EQ(only_problem("- a\n- b\n"), "line 1: the file must be a map of settings, like 'data_dir: ./freshet-data'");
}

TEST(Settings, EveryProblemIsReported) {
  Settings settings;
  EXPECT_EQ(read_settings_yaml("a1b2c3d4e5: 1\ncompaction:\n  threads: x\nlog:\n  level: y\n", settings).size(), 3u);
}

TEST(Settings, MissingFileIsAProblem) {
  Settings settings;
  ConfigProblems problems = read_settings_file("/nonexistent/freshet.yaml", settings);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].to_string(), "cannot read the configuration file '/nonexistent/freshet.yaml'");
}

TEST(Settings, CommandLineOverridesOneValue) {
  Settings settings;
  EXPECT_TRUE(set_setting(settings, "http.address", "0.0.0.0:0").empty());
  EXPECT_EQ(settings.http.address, (Address{"0.0.0.0", 0}));
  EXPECT_EQ(set_setting(settings, "http.address", "nowhere").size(), 1u);
  EXPECT_EQ(set_setting(settings, "http.adress", "127.0.0.1:1").size(), 1u);
}

TEST(Settings, RelationsBetweenLimitsAreChecked) {
  Settings settings;
  settings.compaction.trigger_segments = settings.compaction.max_segments;
  settings.storage.small_commit_bytes = settings.storage.delta_flush_bytes + 1;
  settings.mysql.address = settings.http.address;
  ConfigProblems problems = check_settings(settings);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].key, "storage.small_commit_bytes");
  EXPECT_EQ(problems[1].key, "compaction.trigger_segments");
  EXPECT_EQ(problems[2].key, "mysql.address");
}

TEST(Settings, ZeroMeansFromTheMachine) {
  Settings settings;
  settings.query.duckdb_threads = 3;
  size_for_machine(settings, 16, 10 * kGiB);
  EXPECT_EQ(settings.query.duckdb_threads, 3u);
  EXPECT_EQ(settings.query.small_concurrency, 128u);
  EXPECT_EQ(settings.query.yielding_concurrency, 17u);
  EXPECT_EQ(settings.memory.limit_bytes, 8 * kGiB);
  EXPECT_EQ(settings.memory.page_cache_bytes, 8 * kGiB / 10 * 3);
  EXPECT_EQ(settings.memory.query_bytes, 8 * kGiB / 10 * 4);
  EXPECT_TRUE(check_memory(settings).empty());
}

TEST(Settings, ThePartsOfTheMemoryMustFit) {
  Settings settings;
  settings.memory.limit_bytes = 4 * kGiB;
  settings.memory.query_bytes = 3 * kGiB;
  size_for_machine(settings, 2, 64 * kGiB);
  ASSERT_EQ(check_memory(settings).size(), 1u);
  EXPECT_EQ(check_memory(settings)[0].key, "memory.limit_bytes");
  settings.memory.page_cache_bytes = 64 * kMiB;
  settings.memory.load_bytes = kMiB;
  ASSERT_EQ(check_memory(settings).size(), 1u);
  EXPECT_EQ(check_memory(settings)[0].key, "memory.load_bytes");
  settings.memory.load_bytes = 64 * kMiB;
  EXPECT_TRUE(check_memory(settings).empty());
}

TEST(Settings, PasswordsAreNotPrinted) {
  Settings settings;
  settings.users.root_password = "tiger";
  for (const Setting& setting : settings_table(settings)) EXPECT_EQ(setting_text(setting).find("tiger"), std::string::npos);
  EXPECT_NE(describe_settings().find("storage.memtable_bytes\n"), std::string::npos);
}

}  // namespace
}  // namespace freshet::config
