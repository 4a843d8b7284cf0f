#include "storage/commit/commit_pipeline.h"

#include <gtest/gtest.h>

#include "storage/meta/meta_records.h"
#include "support/storage_server.h"

namespace freshet::storage {
namespace {

using test::must;

/// A store whose first commit of a change finds no room, and for which everything after it goes as the test says.
class ShortStore final : public MetaStore {
 public:
  Status commit(const MetaBatch&) override {
    if (!is_short) return Status::OK();
    return ++commits == 1 ? Status::OutOfSpace("no room") : later_commit;
  }
  Status resume() override { return Status::OK(); }
  Result<std::optional<std::string>> get(std::string_view) override {
    if (is_short && !read.ok()) return read;
    return std::optional<std::string>();
  }
  Status scan(std::string_view, std::string_view,
              const std::function<Status(std::string_view, std::string_view)>&) override {
    return Status::OK();
  }

  bool is_short = false;
  int commits = 0;
  Status read;
  Status later_commit;
};

/// Outcome of a change whose first write found no room.
Status outcome(ShortStore& store) {
  const auto numbers = must(IdAllocator::open(store, "m/reserved_commits"));
  CommitPipeline pipeline(store, *numbers, std::make_shared<ServerSnapshot>(), std::chrono::seconds(10));
  auto change = std::make_shared<CommitPipeline::Change>();
  change->install = [](ServerSnapshot&) {};
  must(pipeline.prepare());
  must(pipeline.enqueue(change));
  store.is_short = true;
  const Status status = pipeline.wait(change);
  EXPECT_EQ(pipeline.health().ok(), status.ok()) << pipeline.health().to_string();
  return status;
}

TEST(CommitPipeline, AWriteThatFoundNoRoomIsRepeated) {
  ShortStore store;
  EXPECT_TRUE(outcome(store).ok());
  EXPECT_EQ(store.commits, 2);
}

TEST(CommitPipeline, AfterAWriteOfUnknownOutcomeEveryErrorIsOne) {
  for (const Status& failed : {Status::IoError("input/output error"), Status::Corruption("damaged"),
                               Status::Unavailable("stopped"), Status::UnknownOutcome("in doubt")}) {
    ShortStore cannot_read;
    cannot_read.read = failed;
    EXPECT_EQ(outcome(cannot_read).code(), StatusCode::kUnknownOutcome) << "read: " << failed.to_string();
    ShortStore cannot_write;
    cannot_write.later_commit = failed;
    EXPECT_EQ(outcome(cannot_write).code(), StatusCode::kUnknownOutcome) << "write: " << failed.to_string();
  }
}

}  // namespace
}  // namespace freshet::storage
