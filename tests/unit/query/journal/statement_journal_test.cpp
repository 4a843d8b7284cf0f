#include "query/journal/statement_journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::query {
namespace {

using namespace std::chrono_literals;
using test::must;

class StatementJournalTest : public testing::Test {
 protected:
  std::unique_ptr<StatementJournal> open(bool audits, std::chrono::milliseconds slow) {
    StatementJournal::Options options;
    options.folder = folder_.path("logs");
    options.audits = audits;
    options.slow = slow;
    options.max_statement_bytes = 100;
    options.max_file_bytes = 4096;
    options.old_files = 2;
    return must(StatementJournal::open(options));
  }
  void record(StatementJournal& journal, std::string_view text, std::chrono::nanoseconds duration,
              const Status& status = Status::OK(), StatementClass kind = StatementClass::kSmall) {
    journal.record({kind, duration, identity_, "shop", text, 3, status});
  }
  std::vector<std::string> lines(const std::string& name) {
    std::ifstream file(folder_.path("logs/" + name));
    std::vector<std::string> result;
    for (std::string line; std::getline(file, line);) result.push_back(line);
    return result;
  }

  const test::TempDir folder_;
  const SessionIdentity identity_{7, "ann", "127.0.0.1:5"};
};

TEST_F(StatementJournalTest, SlowStatementsAndOnlyThoseAreWritten) {
  const auto journal = open(false, 10ms);
  record(*journal, "SELECT \"fast\"", 9ms);
  record(*journal, "SELECT \"slow\"", 10ms);
  ASSERT_EQ(lines("slow.jsonl").size(), 1u);
  const std::string line = lines("slow.jsonl")[0];
  EXPECT_EQ(line.find("{\"time\":\"20"), 0u) << line;
  EXPECT_NE(line.find(R"(Z","connection":7,"user":"ann","client":"127.0.0.1:5","database":"shop","class":"small",)"
                      R"("micros":10000,"rows":3,"error":null,"statement":"SELECT \"slow\""})"),
            std::string::npos)
      << line;
  EXPECT_EQ(journal->slow_statements(), 1u);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("logs/audit.jsonl")));
}

TEST_F(StatementJournalTest, TheAuditHasEveryStatementWithErrorsAndWithoutSecrets) {
  const auto journal = open(true, 0ms);
  record(*journal, "SELECT 1", 1us);
  record(*journal, "SELECT nothing", 1us, Status::NotFound("Unknown column 'nothing'"));
  record(*journal, "SET PASSWORD = 'hunter2' x", 1us, Status::InvalidArgument("syntax error near 'hunter2'"));
  record(*journal, std::string(90, ' ') + "SET PASSWORD = 'hunter2'", 1h);
  const std::vector<std::string> found = lines("audit.jsonl");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_NE(found[1].find("Unknown column 'nothing'"), std::string::npos);
  EXPECT_NE(found[2].find(R"("error":"INVALID_ARGUMENT","statement":"SET PASSWORD = '***' x")"), std::string::npos)
      << found[2];
  EXPECT_EQ(found[3].find("hunter2"), std::string::npos);
  EXPECT_NE(found[3].find("...\"}"), std::string::npos) << found[3];
  EXPECT_FALSE(std::filesystem::exists(folder_.path("logs/slow.jsonl")));
}

TEST_F(StatementJournalTest, FilesAreBounded) {
  const auto journal = open(true, 0ms);
  for (int i = 0; i < 200; ++i) record(*journal, "SELECT " + std::to_string(i), 1us);
  uint64_t bytes = 0;
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path("logs"))) {
    bytes += entry.file_size();
    ++files;
  }
  EXPECT_EQ(files, 3u);
  EXPECT_LE(bytes, 3u * 4096);
  EXPECT_NE(lines("audit.jsonl").back().find("SELECT 199"), std::string::npos);
  EXPECT_EQ(journal->dropped_lines(), 0u);
}

TEST_F(StatementJournalTest, CountsByClass) {
  const auto journal = open(false, 0ms);
  record(*journal, "SELECT 1", 60us, Status::OK(), StatementClass::kPoint);
  record(*journal, "SELECT 1", 2h, Status::Internal("x"), StatementClass::kPoint);
  const auto reading = journal->latencies(StatementClass::kPoint);
  EXPECT_EQ(reading.counts[0], 0u);
  EXPECT_EQ(reading.counts[1], 1u);
  EXPECT_EQ(reading.counts.back(), 1u);
  EXPECT_EQ(reading.sum_micros, 7'200'000'060u);
  EXPECT_EQ(journal->errors(StatementClass::kPoint), 1u);
  EXPECT_EQ(journal->errors(StatementClass::kWrite), 0u);
}

TEST_F(StatementJournalTest, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(folder_.path("logs")) << "in the way";
  StatementJournal::Options options;
  options.folder = folder_.path("logs");
  const auto opened = StatementJournal::open(options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kIoError);
  EXPECT_NE(opened.status().message().find("slow.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace freshet::query
