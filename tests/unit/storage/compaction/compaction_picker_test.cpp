#include "storage/compaction/compaction_picker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "support/seed.h"

namespace freshet::storage {
namespace {

/// A story of one tablet. Commands of tests/data/compaction_picker:
///   options NAME=NUMBER...                          replaces all options
///   add ID rows=N bytes=N [level=N]                 a segment
///   dead ID N                                       N of its rows are dead now
///   replace ID... with ID rows=N bytes=N [level=N]  a compaction
///   pick                                            answers with reason and inputs, or "nothing"
class Story {
 public:
  std::string run(const std::string& line) {
    std::istringstream words(line);
    std::string command, word;
    words >> command;
    if (command == "options") return set_options(words), "";
    if (command == "add") return add(words), "";
    if (command == "dead") {
      uint64_t id = 0, rows = 0;
      words >> id >> rows;
      segments_.at(id).dead_rows = rows;
      return "";
    }
    if (command == "replace") {
      while (words >> word && word != "with") segments_.erase(std::stoull(word));
      return add(words), "";
    }
    return command == "pick" ? pick() : "unknown command: " + line;
  }

 private:
  static std::map<std::string, double> read_numbers(std::istringstream& words) {
    std::map<std::string, double> numbers;
    std::string word;
    while (words >> word) numbers[word.substr(0, word.find('='))] = std::stod(word.substr(word.find('=') + 1));
    return numbers;
  }
  void set_options(std::istringstream& words) {
    options_ = {};
    for (const auto& [name, number] : read_numbers(words)) {
      const auto whole = static_cast<uint64_t>(number);
      if (name == "trigger") options_.trigger_segments = static_cast<uint32_t>(whole);
      if (name == "dead_fraction") options_.dead_fraction = number;
      if (name == "base_fraction") options_.base_fraction = number;
      if (name == "max_segments") options_.max_segments = static_cast<uint32_t>(whole);
      if (name == "max_inputs") options_.max_inputs = static_cast<uint32_t>(whole);
      if (name == "max_rows") options_.max_input_rows = whole;
      if (name == "max_bytes") options_.max_input_bytes = whole;
      if (name == "small_bytes") options_.small_bytes = whole;
      if (name == "rests") options_.rests = number != 0;
      if (name == "size_ratio") options_.size_ratio = static_cast<uint32_t>(whole);
    }
  }
  void add(std::istringstream& words) {
    SegmentStat segment;
    words >> segment.id.value;
    const auto numbers = read_numbers(words);
    segment.rows = static_cast<uint64_t>(numbers.at("rows"));
    segment.bytes = static_cast<uint64_t>(numbers.at("bytes"));
    segments_[segment.id.value] = segment;
  }
  std::string pick() const {
    std::vector<SegmentStat> stats;
    for (const auto& [id, segment] : segments_) stats.push_back(segment);
    const auto pick = pick_compaction(stats, options_);
    if (!pick) return "nothing\n";
    std::string text = fmt::format("{}:", pick_reason_name(pick->reason));
    for (RowsetId id : pick->inputs) text += fmt::format(" {}", id.value);
    return text + "\n";
  }

  PickOptions options_;
  std::map<uint64_t, SegmentStat> segments_;
};

TEST(CompactionPicker, Stories) {
  size_t stories = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FRESHET_TEST_DATA "/compaction_picker")) {
    std::ifstream file(entry.path());
    Story story;
    std::string line, answer, expected;
    bool expecting = false;
    int line_number = 0;
    const auto compare = [&] {
      EXPECT_EQ(answer, expected) << entry.path().filename() << ", before line " << line_number;
      answer.clear();
      expected.clear();
      expecting = false;
    };
    while (std::getline(file, line)) {
      ++line_number;
      if (expecting && line.empty()) compare();
      if (line.empty() || line[0] == '#') continue;
      if (line == "----") {
        expecting = true;
      } else if (expecting) {
        expected += line + "\n";
      } else {
        answer += story.run(line);
      }
    }
    compare();
    ++stories;
  }
  EXPECT_GE(stories, 5u);
}

class Loading : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(BaseFractions, Loading, testing::Values(0, 0.25, 1));

/// Each round brings a segment of about one size and kills random rows; compactions run until nothing is picked.
TEST_P(Loading, SegmentsStayFewAndRewritesBounded) {
  std::mt19937_64 random(test::test_seed());
  const PickOptions options{.trigger_segments = 8, .base_fraction = GetParam(), .small_bytes = 1000};
  std::vector<SegmentStat> segments;
  uint64_t next_id = 1, rows_loaded = 0, rows_rewritten = 0;
  size_t most = 0;
  for (int round = 0; round < 5000; ++round) {
    const uint64_t rows = 500 + random() % 1000;
    segments.push_back({RowsetId(next_id++), rows, 0, rows * 100, 0});
    rows_loaded += rows;
    for (int i = 0; i < 3; ++i) {
      SegmentStat& hit = segments[random() % segments.size()];
      hit.dead_rows = std::min(hit.rows, hit.dead_rows + random() % 100);
    }
    while (const auto pick = pick_compaction(segments, options)) {
      SegmentStat output{RowsetId(next_id++), 0, 0, 0, 1};
      for (RowsetId id : pick->inputs) {
        const auto input = std::find_if(segments.begin(), segments.end(), [&](const SegmentStat& s) { return s.id == id; });
        ASSERT_NE(input, segments.end());
        output.rows += input->live_rows();
        output.bytes += input->live_bytes();
        segments.erase(input);
      }
      rows_rewritten += output.rows;
      if (output.rows != 0) segments.push_back(output);
    }
    most = std::max(most, segments.size());
    if (options.base_fraction == 0) continue;
    uint64_t all = 0, largest = 0;
    for (const SegmentStat& segment : segments) {
      all += segment.live_bytes();
      largest = std::max(largest, segment.live_bytes());
    }
    ASSERT_GE(largest * (1 + options.base_fraction) + 1, all) << "the largest has most keys";
  }
  EXPECT_LT(most, 48u);
  EXPECT_LT(rows_rewritten, rows_loaded * 10);
}

TEST(CompactionPicker, AllSegmentsBecomeAsFewAsTheLimitsAllow) {
  const std::vector<SegmentStat> segments = {
      {RowsetId(1), 100, 0, 1000, 0}, {RowsetId(2), 100, 50, 1000, 0}, {RowsetId(3), 100, 0, 1000, 0}};
  const auto one = pick_all(segments, PickOptions{});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].inputs, (std::vector<RowsetId>{RowsetId(1), RowsetId(2), RowsetId(3)}));
  const auto bounded = pick_all(segments, PickOptions{.max_input_rows = 160});
  ASSERT_EQ(bounded.size(), 1u) << "the last segment goes alone and has nothing to gain";
  EXPECT_EQ(bounded[0].inputs, (std::vector<RowsetId>{RowsetId(1), RowsetId(2)}));
  EXPECT_TRUE(pick_all(std::span(segments).first(1), PickOptions{}).empty());
  EXPECT_EQ(pick_all(std::span(segments).subspan(1, 1), PickOptions{}).size(), 1u);
  EXPECT_EQ(pick_all(std::span(segments).subspan(1, 1), PickOptions{.max_input_rows = 1}).size(), 1u)
      << "a segment above the limit is rewritten alone";
}

TEST(CompactionDebt, IsWhatTheNextCompactionReads) {
  PickOptions options;
  options.trigger_segments = 3;
  std::vector<SegmentStat> segments = {{RowsetId(1), 100, 0, 1000, 0}, {RowsetId(2), 100, 10, 1000, 0}};
  EXPECT_EQ(compaction_debt(segments, options).rowsets, 0u);
  EXPECT_EQ(compaction_debt(segments, options).live_bytes, 0u);
  segments.push_back({RowsetId(3), 100, 0, 2000, 0});
  const CompactionDebt debt = compaction_debt(segments, options);
  EXPECT_EQ(debt.rowsets, 3u);
  EXPECT_EQ(debt.live_bytes, 1000u + 900u + 2000u);
}

}  // namespace
}  // namespace freshet::storage
