#include "connectors/load_client/chunk_cutter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "connectors/load_client/file_format.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace freshet::connectors::load_client {
namespace {

const std::atomic<bool> kNever{false};

std::string body_of(const Chunk& chunk) {
  ChunkBody body(chunk);
  std::string text;
  for (;;) {
    auto piece = body.next();
    EXPECT_TRUE(piece.ok()) << piece.status().message();
    if (!piece.ok() || piece->empty()) break;
    text += *piece;
  }
  EXPECT_EQ(text.size(), body.bytes());
  return text;
}

class ChunkCutterTest : public testing::Test {
 protected:
  ChunkCutterTest() {
    options_.database = "d";
    options_.table = "t";
    options_.chunk_bytes = 1;
  }

  Input write(const std::string& name, const std::string& text, const Headers& headers = {}) {
    std::ofstream(folder_.path(name)) << text;
    LoadOptions options = options_;
    options.paths = {folder_.path(name)};
    options.headers = headers;
    auto inputs = find_inputs(options);
    EXPECT_TRUE(inputs.ok()) << inputs.status().message();
    return inputs->at(0);
  }

  /// The bodies of all chunks; the error, if there is one, as the last.
  std::vector<std::string> bodies(const Input& input) {
    std::vector<std::string> all;
    chunks_.clear();
    auto cutter = ChunkCutter::open(options_, input, 0, kNever);
    if (!cutter.ok()) return {cutter.status().message()};
    for (;;) {
      auto chunk = (*cutter)->next();
      if (!chunk.ok()) all.push_back(chunk.status().message());
      if (!chunk.ok() || !chunk->has_value()) return all;
      all.push_back(body_of(**chunk));
      chunks_.push_back(std::move(**chunk));
    }
  }

  using Texts = std::vector<std::string>;
  test::TempDir folder_;
  LoadOptions options_;
  std::vector<Chunk> chunks_;
};

TEST_F(ChunkCutterTest, LinesAreCutBehindTheRowThatFillsTheChunk) {
  EXPECT_EQ(bodies(write("a.tsv", "1\n22\n333\n")), (Texts{"1\n", "22\n", "333\n"}));
  options_.chunk_bytes = 3;
  EXPECT_EQ(bodies(write("b.tsv", "1\n22\n333\n")), (Texts{"1\n22\n", "333\n"}));
  options_.chunk_bytes = 5;
  EXPECT_EQ(bodies(write("c.ndjson", "{}\n{ }\n{  }")), (Texts{"{}\n{ }\n", "{  }"}));
  EXPECT_EQ(chunks_[1].begin, 7u);
  EXPECT_EQ(chunks_[1].end, 11u);
}

TEST_F(ChunkCutterTest, ADelimiterInsideQuotesDoesNotEndARow) {
  EXPECT_EQ(bodies(write("a.csv", "1,\"a\nb\"\n2,\"c\"\"\n\"\n3,d")), (Texts{"1,\"a\nb\"\n", "2,\"c\"\"\n\"\n", "3,d"}));
  EXPECT_EQ(bodies(write("b.csv", "1,\"a\nb\"\n", {{"enclose", ""}})), (Texts{"1,\"a\n", "b\"\n"}));
}

TEST_F(ChunkCutterTest, DelimitersOfSeveralBytesAreFoundFromTheFront) {
  EXPECT_EQ(bodies(write("a.tsv", "1||||2||3", {{"line_delimiter", "||"}})), (Texts{"1||", "||", "2||", "3"}));
}

TEST_F(ChunkCutterTest, EachChunkGetsTheNamesOfTheColumns) {
  EXPECT_EQ(bodies(write("a.csv", "id,v\n1,a\n2,b\n", {{"format", "csv_with_names"}})),
            (Texts{"id,v\n1,a\n", "id,v\n2,b\n"}));
  EXPECT_EQ(bodies(write("b.tsv", "id\tv\n1\ta\n2\tb\n", {{"skip_lines", "1"}})), (Texts{"id\tv\n1\ta\n", "id\tv\n2\tb\n"}));
  EXPECT_EQ(bodies(write("c.csv", "id,v\n", {{"format", "csv_with_names"}})), Texts{});
}

TEST_F(ChunkCutterTest, AnArrayIsCutIntoArrays) {
  EXPECT_EQ(bodies(write("a.json", " [ {\"a\": \"]\"} ,\n{\"b\": [1, 2]},{}\n] \n")),
            (Texts{"[{\"a\": \"]\"} ]", "[{\"b\": [1, 2]}]", "[{}\n]"}));
  options_.chunk_bytes = 19;
  EXPECT_EQ(bodies(write("b.json", "[{\"a\": 1}, {\"b\": 22}, {}]")), (Texts{"[{\"a\": 1}, {\"b\": 22}]", "[{}]"}));
  EXPECT_EQ(bodies(write("c.json", "[]")), Texts{});
}

TEST_F(ChunkCutterTest, ObjectsOverManyLinesAreNotCutInTwo) {
  const Headers headers{{"read_json_by_line", "false"}};
  EXPECT_EQ(bodies(write("a.json", "{\n\"a\": \"}\\n{\"\n}{}\n {\n}\n\n", headers)),
            (Texts{"{\n\"a\": \"}\\n{\"\n}", "{}", "{\n}"}));
  EXPECT_EQ(bodies(write("b.json", "{}{\n", headers)), (Texts{"{}", "{\n"}));
}

TEST_F(ChunkCutterTest, AByteOrderMarkHidesNeitherAQuoteNorAnArray) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(bodies(write("a.csv", mark + "\"1\n\",a\n2,b\n")), (Texts{"\"1\n\",a\n", "2,b\n"}));
  EXPECT_EQ(bodies(write("b.csv", mark + "\"id\n\",v\n1,a\n2,b\n", {{"format", "csv_with_names"}})),
            (Texts{"\"id\n\",v\n1,a\n", "\"id\n\",v\n2,b\n"}));
  EXPECT_EQ(bodies(write("c.json", mark + "[{},{}]")), (Texts{"[{}]", "[{}]"}));
  EXPECT_EQ(bodies(write("d.tsv", mark + "1\n2\n")), (Texts{mark + "1\n", "2\n"})) << "the server skips it";
}

TEST_F(ChunkCutterTest, ABrokenArrayIsToldWithItsPlace) {
  const Texts cut = bodies(write("a.json", "[{\"a\": 1}, {\"b\": 2"));
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_NE(cut[1].find("a.json, behind byte 9: its array is not closed before its end"), std::string::npos) << cut[1];
  EXPECT_NE(bodies(write("b.json", "[{}] {}")).back().find("more text after the end of the array"), std::string::npos);
}

TEST_F(ChunkCutterTest, WhatCannotBeCutIsOneChunk) {
  EXPECT_EQ(bodies(write("a.csv.gz", "1\n2\n")), Texts{"1\n2\n"});
  EXPECT_EQ(bodies(write("b.json", "[1,2]", {{"json_root", "$.x"}})), Texts{"[1,2]"});
  EXPECT_EQ(bodies(write("c.csv.gz", "")), Texts{});
}

TEST_F(ChunkCutterTest, AnEmptyFileHasNoChunks) {
  EXPECT_EQ(bodies(write("a.csv", "")), Texts{});
  EXPECT_EQ(bodies(write("a.tsv", "")), Texts{});
  EXPECT_EQ(bodies(write("a.json", "")), Texts{});
}

TEST_F(ChunkCutterTest, AFileThatChangesMeanwhileIsNotSentToItsEnd) {
  const Input input = write("a.tsv", "1\n2\n");
  auto cutter = ChunkCutter::open(options_, input, 0, kNever);
  ASSERT_TRUE(cutter.ok());
  auto chunk = (*cutter)->next();
  ASSERT_TRUE(chunk.ok() && chunk->has_value());
  std::ofstream(folder_.path("a.tsv")) << "1\n2\n3\n";
  ChunkBody body(**chunk);
  auto piece = body.next();
  ASSERT_FALSE(piece.ok());
  EXPECT_NE(piece.status().message().find("was changed while it was loaded"), std::string::npos);
}

TEST_F(ChunkCutterTest, AStreamIsCutLikeAFile) {
  const std::string text = "1,\"a\nb\"\n2,c\n3,d";
  const Texts of_file = bodies(write("a.csv", text));
  Input stream = write("b.csv", text);
  stream.is_stream = true;
  EXPECT_EQ(bodies(stream), of_file);
}

/// Whatever the text and the size of chunks: the chunks are the text, and no row is cut in two.
TEST_F(ChunkCutterTest, ChunksOfRandomTextsAreTheText) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::set<size_t> borders{0};
    const bool has_quotes = random() % 2 == 0;
    for (size_t row = 0; row < random() % 40; ++row) {
      for (size_t field = 0; field < 3; ++field) {
        if (field != 0) text += ',';
        const bool is_quoted = has_quotes && random() % 3 == 0;
        if (is_quoted) text += '"';
        for (size_t i = 0; i < random() % 9; ++i) text += is_quoted ? "a\n,\\x"[random() % 5] : "ab-'x"[random() % 5];
        if (is_quoted) text += '"';
      }
      text += '\n';
      borders.insert(text.size());
    }
    options_.chunk_bytes = 1 + random() % 60;
    Headers headers;
    if (!has_quotes) headers.emplace_back("enclose", "");
    Input input = write("r.csv", text, headers);
    input.is_stream = random() % 2 == 0;
    std::string together;
    for (const std::string& body : bodies(input)) together += body;
    ASSERT_EQ(together, text);
    for (const Chunk& chunk : chunks_) {
      ASSERT_TRUE(borders.contains(chunk.begin) && borders.contains(chunk.end)) << chunk.begin << " to " << chunk.end;
      ASSERT_TRUE(&chunk == &chunks_.back() || chunk.end - chunk.begin >= options_.chunk_bytes);
    }
  }
}

TEST_F(ChunkCutterTest, LabelsAreThoseOfTheSameFileInEveryRun) {
  const Input input = write("a b.tsv", "1\n2\n");
  const auto labels_of = [&](const Input& what) {
    std::set<std::string> labels;
    auto cutter = ChunkCutter::open(options_, what, 0, kNever);
    for (;;) {
      auto chunk = (*cutter)->next();
      if (!chunk.ok() || !chunk->has_value()) return labels;
      labels.insert((*chunk)->label);
    }
  };
  const std::set<std::string> first = labels_of(input);
  EXPECT_EQ(first.size(), 2u);
  EXPECT_EQ(first.begin()->rfind("a_b.tsv_", 0), 0u);
  EXPECT_EQ(labels_of(input), first);
  const auto differs = [&](const Input& what) {
    for (const std::string& label : labels_of(what)) EXPECT_FALSE(first.contains(label)) << label;
  };
  Input other = input;
  other.headers.emplace_back("where", "id > 1");
  differs(other);
  Input changed = input;
  ++changed.changed_ns;
  differs(changed);
  LoadOptions old = options_;
  options_.table = "u";
  differs(input);
  options_ = old;
  options_.chunk_bytes = 2;
  differs(input);
  options_ = old;
  options_.label = "again";
  const std::set<std::string> named = labels_of(input);
  EXPECT_EQ(named.begin()->rfind("again_", 0), 0u);
  EXPECT_EQ(labels_of(changed), named);
  options_.table = "u";
  EXPECT_NE(labels_of(input), named);
  options_ = old;
  Input stream = input;
  stream.is_stream = true;
  EXPECT_NE(labels_of(stream), labels_of(stream));
}

TEST_F(ChunkCutterTest, HeadersTheServerWouldRefuseAreRefusedBefore) {
  const Texts refused = bodies(write("a.csv", "1\n", {{"max_filter_ratio", "7"}}));
  EXPECT_NE(refused.at(0).find("max_filter_ratio must be a number from 0 to 1"), std::string::npos);
}

}  // namespace
}  // namespace freshet::connectors::load_client
