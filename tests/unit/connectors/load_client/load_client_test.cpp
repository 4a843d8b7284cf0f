#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "connectors/load_client/file_format.h"
#include "connectors/load_client/inputs.h"
#include "connectors/load_client/load_outcome.h"
#include "connectors/load_client/progress.h"
#include "support/temp_dir.h"

namespace freshet::connectors::load_client {
namespace {

using Kind = LoadOutcome::Kind;

TEST(FileFormat, TheSuffixTellsFormatAndCompression) {
  const Headers csv{{"format", "csv"}, {"column_separator", ","}, {"enclose", "\""}};
  EXPECT_EQ(*headers_of("a/b.csv", ""), csv);
  EXPECT_EQ(*headers_of("B.TSV", ""), (Headers{{"format", "csv"}}));
  EXPECT_EQ(*headers_of("b.jsonl.zst", ""), (Headers{{"format", "json"}, {"compress_type", "zstd"}}));
  EXPECT_EQ(*headers_of("b.parquet", ""), (Headers{{"format", "parquet"}}));
  EXPECT_EQ(*headers_of("part-0001.gz", "tsv"), (Headers{{"format", "csv"}, {"compress_type", "gz"}}));
  EXPECT_EQ(*headers_of("-", "csv"), csv);
  for (const char* name : {"a", "a.txt", "a.gz", "-", ".csv"}) {
    EXPECT_EQ(headers_of(name, "").status().code(), StatusCode::kNotFound) << name;
  }
}

TEST(FileFormat, GivenHeadersReplaceDefaultsAndTakeThemBack) {
  const Headers merged_headers =
      merged(*headers_of("a.csv", ""), {{"Column_Separator", ";"}, {"enclose", ""}, {"where", "x"}});
  EXPECT_EQ(merged_headers, (Headers{{"format", "csv"}, {"Column_Separator", ";"}, {"where", "x"}}));
}

TEST(FileFormat, ATextThatBeginsWithABracketIsAnArray) {
  Headers headers{{"format", "json"}};
  settle_json(headers, " \n{\"a\": [");
  EXPECT_EQ(header_value(headers, "strip_outer_array"), "");
  settle_json(headers, "\n [{");
  EXPECT_EQ(header_value(headers, "strip_outer_array"), "true");
  Headers lines{{"format", "json"}, {"read_json_by_line", "true"}};
  settle_json(lines, "[1]");
  EXPECT_EQ(header_value(lines, "strip_outer_array"), "");
}

class InputsTest : public testing::Test {
 protected:
  void touch(const std::string& name) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(name)).parent_path());
    std::ofstream(folder_.path(name)) << "1\n";
  }
  std::vector<std::string> names(const std::vector<std::string>& paths, const std::string& format = "") {
    LoadOptions options;
    for (const std::string& path : paths) options.paths.push_back(folder_.path(path));
    options.format = format;
    const auto inputs = find_inputs(options);
    if (!inputs.ok()) return {inputs.status().message()};
    std::vector<std::string> found;
    const std::string root = std::filesystem::canonical(folder_.path());
    for (const Input& input : *inputs) found.push_back(input.path.substr(root.size() + 1));
    return found;
  }
  test::TempDir folder_;
};

TEST_F(InputsTest, DirectoriesAndPatternsAreReadInTheOrderOfNames) {
  for (const char* name : {"in/b.csv", "in/a/z.csv", "in/a.json", "in/.hidden.csv", "in/.git/x.csv", "x1.csv", "x2.csv"})
    touch(name);
  EXPECT_EQ(names({"in"}), (std::vector<std::string>{"in/a.json", "in/a/z.csv", "in/b.csv"}));
  EXPECT_EQ(names({"x*.csv", "in/a.json"}), (std::vector<std::string>{"x1.csv", "x2.csv", "in/a.json"}));
}

TEST_F(InputsTest, NothingIsLeftOutSilently) {
  touch("in/a.csv");
  touch("in/_SUCCESS");
  EXPECT_NE(names({"in"}).at(0).find("_SUCCESS: its suffix tells no format"), std::string::npos);
  EXPECT_EQ(names({"in"}, "csv").size(), 2u);
  EXPECT_NE(names({"in/a.csv", "in/*.csv"}).at(0).find("is named twice"), std::string::npos);
  EXPECT_NE(names({"in/none.csv"}).at(0).find("No such file"), std::string::npos);
  EXPECT_NE(names({"in/*.json"}).at(0).find("there is no file like"), std::string::npos);
  std::filesystem::create_directory(folder_.path("empty"));
  EXPECT_NE(names({"empty"}).at(0).find("there is no file in"), std::string::npos);
}

Kind kind(const std::string& body, bool is_early = false, unsigned status = 200) {
  return outcome_of(HttpResponse{status, "", body, is_early}).kind;
}

TEST(LoadOutcome, EveryAnswerSaysWhetherTheChunkIsInTheTable) {
  const LoadOutcome good = outcome_of(
      HttpResponse{200, "", R"({"Status": "Success", "Message": "OK", "NumberLoadedRows": 5, "NumberFilteredRows": 2,
                   "NumberUnselectedRows": 1, "ErrorURL": "http://h/x", "FirstErrorMsg": "why"})",
                   false});
  EXPECT_EQ(good.kind, Kind::kLoaded);
  EXPECT_EQ(good.loaded_rows, 5u);
  EXPECT_EQ(good.filtered_rows, 2u);
  EXPECT_EQ(good.unselected_rows, 1u);
  EXPECT_EQ(good.error_url, "http://h/x");
  EXPECT_EQ(kind(R"({"Status": "Publish Timeout", "Message": ""})"), Kind::kLoaded);
  const auto exists = [](const std::string& job) {
    return kind(R"({"Status": "Label Already Exists", "ExistingJobStatus": ")" + job + R"(", "Message": ""})");
  };
  EXPECT_EQ(exists("FINISHED"), Kind::kLoadedBefore);
  EXPECT_EQ(exists("RUNNING"), Kind::kTryAgain);
  EXPECT_EQ(exists("PRECOMMITTED"), Kind::kFailed);
  const auto failed = [](const std::string& message, bool is_early) {
    return kind(R"({"Status": "Fail", "Message": ")" + message + R"("})", is_early);
  };
  EXPECT_EQ(failed("[DATA_QUALITY_ERROR]too many filtered rows", false), Kind::kFailed);
  EXPECT_EQ(failed("[UNAVAILABLE]the server is stopping", true), Kind::kTryAgain);
  EXPECT_EQ(failed("[UNKNOWN_OUTCOME]ask", false), Kind::kTryAgain);
  EXPECT_EQ(failed("[RESOURCE_EXHAUSTED]256 loads are running", true), Kind::kTryAgain);
  EXPECT_EQ(failed("[RESOURCE_EXHAUSTED]the body expands", false), Kind::kFailed);
  EXPECT_EQ(kind("busy", true, 503), Kind::kTryAgain);
  EXPECT_EQ(kind("not found", true, 404), Kind::kFailed);
  EXPECT_EQ(kind("{}"), Kind::kFailed);
  EXPECT_EQ(outcome_of(Status::Unavailable("gone")).kind, Kind::kTryAgain);
  EXPECT_EQ(outcome_of(Status::Conflict("the file changed")).kind, Kind::kFailed);
  EXPECT_EQ(outcome_of(Status::Cancelled("interrupted")).kind, Kind::kCancelled);
}

TEST(HttpAddress, CredentialsOfARedirectAreDropped) {
  const auto address = parse_http_address("http://root:a%40b@127.0.0.1:8040/api/d/t/_stream_load?");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->server, (HostPort{"127.0.0.1", 8040}));
  EXPECT_EQ(address->target, "/api/d/t/_stream_load?");
  EXPECT_EQ(parse_http_address("http://host")->server, (HostPort{"host", 80}));
  EXPECT_EQ(parse_http_address("http://[::1]")->server, (HostPort{"::1", 80}));
  EXPECT_FALSE(parse_http_address("https://host:1").ok());
}

TEST(Progress, ALineTellsWhatIsDoneAndWhatIsLeft) {
  LoadCounts counts;
  counts.bytes = 500'000;
  counts.loaded_rows = 12'345;
  counts.filtered_rows = 2;
  EXPECT_EQ(Progress::line(counts, 1'000'000, 5, 200),
            "[############............]  50%  500.0 kB of 1.0 MB  12,345 rows  2,469 rows/s  2 rejected  0:05 left");
  EXPECT_EQ(Progress::line(counts, 0, 5, 200), "500.0 kB  12,345 rows  2,469 rows/s  2 rejected");
  EXPECT_EQ(Progress::line(counts, 0, 5, 8), "500.0 kB");
}

}  // namespace
}  // namespace freshet::connectors::load_client
