#include "ingest/decode/arrow_decoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "support/seed.h"
#include "unit/ingest/decode_support.h"

namespace freshet::ingest {
namespace {

LoadRequest arrow() {
  LoadRequest request;
  request.format = LoadFormat::kArrow;
  return request;
}

/// A stream of tests/data/arrow, which make.py there has written.
std::string sample(const std::string& name) {
  std::ifstream file(FRESHET_TEST_DATA "/arrow/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Every column of types.arrows that can be read, into columns of a type.
storage::TableSnapshotPtr typed_table(const std::string& type) {
  std::vector<std::string> columns = {"id bigint key not null"};
  for (const char* name : {"u8", "u64", "i16", "f32",  "f64",   "flag", "dec",   "day",  "day64", "sec",
                           "ms", "ns",  "t",   "text", "large", "bin",  "fixed", "none", "cat",   "last"}) {
    columns.push_back(name + (" " + type));
  }
  return make_table(columns);
}

TEST(ArrowDecoder, ValuesOfAllTypesAreTexts) {
  const Rows expected = {
      "1|255|18446744073709551615|-32768|0.1|3|true|1.50|2026-01-02|2026-01-02|2026-01-02 03:04:05.000000|2026-01-02 "
      "03:04:05.678000|2026-01-02 03:04:05.678901|03:04:05.250000|é|a|ab|ab|NULL|x|l1",
      "2|NULL|0|NULL|NULL|-2.7|false|NULL|NULL|NULL|NULL|NULL|NULL|NULL||NULL|ok|cd|NULL|NULL|l2",
      "3|0|NULL|7|inf|1e+300|NULL|-12345678901234567890.99|1969-12-31|1969-12-31|1969-12-31 23:59:59.000000|1969-12-31 "
      "23:59:59.999000|1969-12-31 23:59:59.999999|00:00:00.000000|NULL|long text long text long text "
      "|NULL|NULL|NULL|y|l3"};
  const auto table = typed_table("string");
  for (const char* name : {"types.arrows", "types_lz4.arrows", "types_zstd.arrows"}) {
    const auto decoded = decode(table, arrow(), sample(name));
    ASSERT_TRUE(decoded.status.ok()) << name << ": " << decoded.status.to_string();
    // The first row has bytes that are no text.
    EXPECT_EQ(decoded.rejected, 1u) << name;
    EXPECT_EQ(decoded.first_error, "only text in UTF-8 is taken, but field 17 is not");
    EXPECT_EQ(decoded.rows, (Rows{expected[1], expected[2]})) << name;
  }
  LoadRequest request = arrow();
  request.columns = {"id",  "u8",    "u64", "i16", "f32", "f64", "flag", "dec",
                     "day", "day64", "sec", "ms",  "ns",  "t",   "text", "large"};
  const auto decoded = decode(table, request, sample("types.arrows"));
  ASSERT_EQ(decoded.rows.size(), 3u) << decoded.error_text << decoded.status.to_string();
  EXPECT_EQ(decoded.rows[0].substr(0, expected[0].size() - 17), expected[0].substr(0, expected[0].size() - 17));
}

TEST(ArrowDecoder, NumbersThatFillIntegersAreCut) {
  const auto table = make_table({"id bigint key not null", "f64 bigint", "dec largeint", "flag int", "u64 largeint"});
  const auto decoded = decode(table, arrow(), sample("types.arrows"));
  EXPECT_EQ(decoded.rows, (Rows{"1|3|1|1|18446744073709551615", "2|-2|NULL|0|0", "3|NULL|-12345678901234567890|NULL|NULL"}))
      << decoded.status.to_string();
  LoadRequest strict = arrow();
  strict.strict_mode = true;
  EXPECT_EQ(decode(table, strict, sample("types.arrows")).rejected, 1u);
}

TEST(ArrowDecoder, AnySplitGivesTheSameRows) {
  const auto table = make_table({"id int key not null", "text string"});
  for (const char* name : {"legacy.arrows", "dictionary_deltas.arrows", "dictionary_replaced.arrows", "empty.arrows"}) {
    const auto decoded = decode_any_split(table, arrow(), sample(name));
    EXPECT_TRUE(decoded.status.ok()) << name << ": " << decoded.status.to_string();
  }
  EXPECT_EQ(decode(table, arrow(), sample("legacy.arrows")).rows, (Rows{"0|text 0", "1|text 1", "2|text 2"}));
  EXPECT_EQ(decode(table, arrow(), sample("dictionary_deltas.arrows")).rows, (Rows{"0|a", "1|b", "10|a", "11|b", "12|c"}));
  EXPECT_EQ(decode(table, arrow(), sample("dictionary_replaced.arrows")).rows,
            (Rows{"0|a", "1|b", "10|a", "11|b", "12|c", "20|z"}));
  EXPECT_EQ(decode(table, arrow(), sample("empty.arrows")).rows, Rows());
  EXPECT_EQ(decode(table, arrow(), sample("batches.arrows")).rows.size(), 1200u);
}

TEST(ArrowDecoder, StreamsMayFollowEachOther) {
  const auto table = make_table({"id int key not null", "text string"});
  const std::string first = sample("dictionary_replaced.arrows"), second = sample("legacy.arrows");
  const std::string without_end_mark = second.substr(0, second.size() - 4);
  const Rows first_rows = {"0|a", "1|b", "10|a", "11|b", "12|c", "20|z"}, second_rows = {"0|text 0", "1|text 1", "2|text 2"};
  Rows all = first_rows;
  for (int i = 0; i < 2; ++i) all.insert(all.end(), second_rows.begin(), second_rows.end());
  all.insert(all.end(), first_rows.begin(), first_rows.end());
  const auto decoded = decode_any_split(table, arrow(), first + without_end_mark + second + first);
  EXPECT_EQ(decoded.rows, all) << decoded.status.to_string();
}

TEST(ArrowDecoder, ColumnsAreFoundByName) {
  const auto table = make_table({"ID int key not null", "missing string default x", "Text string"});
  EXPECT_EQ(decode(table, arrow(), sample("legacy.arrows")).rows, (Rows{"0|x|text 0", "1|x|text 1", "2|x|text 2"}));
  const auto none = decode(make_table({"a int key not null"}), arrow(), sample("legacy.arrows"));
  EXPECT_NE(none.status.message().find("its columns are: id, text"), std::string::npos) << none.status.to_string();
}

TEST(ArrowDecoder, WhatCannotBeReadIsRefused) {
  const auto table = make_table({"id int key not null", "text string", "list string"});
  const std::string good = sample("legacy.arrows");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it has no schema"},
      {"id,text\n1,a\n2,b\n", "is the body an Arrow stream?"},
      {sample("file.arrow"), "the body is an Arrow file"},
      {good.substr(0, good.size() - 20), "it ends within a message"},
      {good + "x", "it ends within a message"},
      {good + sample("types.arrows"), "a later schema has other columns than the first one"},
      {sample("types.arrows"), "column 'list' of the body is a list, which cannot be loaded as"},
  };
  for (const auto& [body, reason] : cases) {
    const auto decoded = decode(table, arrow(), body);
    EXPECT_FALSE(decoded.status.ok()) << reason;
    EXPECT_NE(decoded.status.message().find(reason), std::string::npos) << decoded.status.to_string();
  }
}

TEST(ArrowDecoder, DamagedStreamsAreRefusedOrRead) {
  const auto table = typed_table("string");
  std::mt19937_64 random(test::test_seed());
  for (const char* name : {"types.arrows", "types_lz4.arrows", "types_zstd.arrows", "dictionary_deltas.arrows"}) {
    const std::string good = sample(name);
    for (int i = 0; i < 500; ++i) {
      std::string bytes = good;
      for (int change = 0; change < 1 + i % 3; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
      const auto decoded = decode(table, arrow(), bytes);
      EXPECT_LE(decoded.rows.size(), 5u);
    }
  }
}

}  // namespace
}  // namespace freshet::ingest
