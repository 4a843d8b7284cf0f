#include "storage/commit/labels.h"

#include <gtest/gtest.h>

#include "storage/meta/meta_keys.h"
#include "support/simulated_disk.h"
#include "support/storage_server.h"

namespace freshet::storage {
namespace {

using test::must;

constexpr DatabaseId kDatabase{3};
constexpr uint64_t kKeepSeconds = 1000;

/// Counts the records that are read.
class CountingStore : public MetaStore {
 public:
  explicit CountingStore(MetaStore& store) : store_(store) {}
  Status commit(const MetaBatch& batch) override { return store_.commit(batch); }
  Status resume() override { return store_.resume(); }
  Result<std::optional<std::string>> get(std::string_view key) override {
    ++reads;
    return store_.get(key);
  }
  Status scan(std::string_view begin, std::string_view end,
              const std::function<Status(std::string_view, std::string_view)>& visit) override {
    return store_.scan(begin, end, [&](std::string_view key, std::string_view value) {
      ++reads;
      return visit(key, value);
    });
  }
  uint64_t reads = 0;

 private:
  MetaStore& store_;
};

class LabelRetention : public testing::Test {
 protected:
  LabelRetention() : store_(disk_.meta()), counting_(*store_) {}

  /// A label as a build stored it that had no order of their ends.
  void plant(const std::string& label, int64_t seconds_ago, LabelState state = LabelState::kVisible) {
    LabelRecord record;
    record.label = label;
    record.database = kDatabase;
    record.transaction = TransactionId(++transactions_);
    record.state = state;
    record.finished_unix_seconds = clock_.unix_seconds() - seconds_ago;
    MetaBatch batch;
    batch.put(meta_keys::label(kDatabase, label), record.serialize());
    must(store_->commit(batch));
  }
  std::unique_ptr<Labels> open() { return must(Labels::open(counting_, clock_, {kKeepSeconds, 1'000'000})); }
  bool is_there(Labels& labels, const std::string& label) { return must(labels.find(kDatabase, label)).has_value(); }
  size_t ends() {
    size_t count = 0;
    must(store_->scan(meta_keys::kLabelEnds, prefix_end(meta_keys::kLabelEnds), [&](auto, auto) {
      ++count;
      return Status::OK();
    }));
    return count;
  }

  test::SimulatedDisk disk_{1};
  const std::unique_ptr<MetaStore> store_;
  CountingStore counting_;
  const WallClock clock_;
  uint64_t transactions_ = 0;
};

TEST_F(LabelRetention, ReadsWhatItRemovesAndNotWhatStays) {
  for (int i = 0; i < 2000; ++i) plant("new" + std::to_string(i), 10);
  for (int i = 0; i < 3; ++i) plant("old" + std::to_string(i), 5000);
  plant("waiting", 5000, LabelState::kPrecommitted);
  const auto labels = open();
  EXPECT_EQ(labels->count(), 2004u);
  counting_.reads = 0;
  must(labels->expire());
  EXPECT_LE(counting_.reads, 10u);
  EXPECT_EQ(labels->count(), 2001u);
  EXPECT_FALSE(is_there(*labels, "old1"));
  EXPECT_TRUE(is_there(*labels, "new7"));
  EXPECT_TRUE(is_there(*labels, "waiting"));
  EXPECT_EQ(ends(), 2000u);
  counting_.reads = 0;
  must(labels->expire());
  EXPECT_LE(counting_.reads, 1u);
}

TEST_F(LabelRetention, MoreThanOneBatchGoesInOneCall) {
  for (size_t i = 0; i < Labels::kExpiredAtOnce + 5; ++i) plant(std::to_string(i), 5000);
  const auto labels = open();
  must(labels->expire());
  EXPECT_EQ(labels->count(), 0u);
  EXPECT_EQ(ends(), 0u);
}

TEST_F(LabelRetention, ALabelThatIsUsedAgainEndsWithItsNewLoad) {
  plant("again", 990, LabelState::kAborted);
  plant("gone", 5000);
  auto labels = open();
  must(labels->reserve(kDatabase, "again", TransactionId(50), nullptr));
  LabelRecord record;
  record.label = "again";
  record.database = kDatabase;
  record.transaction = TransactionId(50);
  MetaBatch batch;
  labels->add_to(batch, record);
  must(store_->commit(batch));
  labels->committed(record);
  EXPECT_EQ(ends(), 2u);
  // What went with its database.
  MetaBatch dropped;
  dropped.erase(meta_keys::label(kDatabase, "gone"));
  must(store_->commit(dropped));
  labels = open();
  must(labels->expire());
  EXPECT_EQ(ends(), 1u);
  EXPECT_EQ(labels->count(), 1u);
  EXPECT_TRUE(is_there(*labels, "again"));
}

}  // namespace
}  // namespace freshet::storage
