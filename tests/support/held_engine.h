#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>

#include "storage/base/failpoint.h"
#include "support/history_table.h"
#include "support/small_schema.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::test {

/// A storage engine in a folder of its own whose background work failpoints hold up, and tables d.NAME of one tablet.
class HeldEngine : public testing::Test {
 protected:
  ~HeldEngine() override {
    server_.reset();
    EXPECT_TRUE(arm_failpoints("").ok());
  }
  /// Opens it, again too. `failpoints` are armed before the engine starts its threads.
  void open(const std::string& failpoints, const storage::StorageOptions& options,
            std::initializer_list<const char*> tables) {
    server_.reset();
    must(arm_failpoints(failpoints));
    server_.emplace(folder_.path(), options);
    must((*server_)->create_database("d", true));
    TableSchema schema = small_schema();
    schema.bucket_count = 1;
    for (const char* name : tables) must((*server_)->create_table("d", name, schema, {}, true));
  }
  storage::StorageEngine& engine() { return **server_; }
  storage::TableSnapshotPtr table(const std::string& name) { return engine().snapshot()->find_table("d", name); }
  static LoadRow row_of(int64_t key, const std::string& text) {
    return {std::to_string(key), {std::to_string(key), "1", text}};
  }
  template <typename Condition>
  static bool comes_true(Condition condition, std::chrono::milliseconds within = std::chrono::milliseconds(20'000)) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  const TempDir folder_;
  std::optional<StorageServer> server_;
};

}  // namespace freshet::test
