#include "ingest/decode/json_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "support/seed.h"
#include "unit/ingest/decode_support.h"

namespace freshet::ingest {
namespace {

const storage::TableSnapshotPtr kTable =
    make_table({"id bigint key not null", "amount decimal", "name string", "flag boolean"});

LoadRequest json_lines() {
  LoadRequest request;
  request.format = LoadFormat::kJson;
  request.read_json_by_line = true;
  return request;
}

LoadRequest json_array() {
  LoadRequest request;
  request.format = LoadFormat::kJson;
  request.strip_outer_array = true;
  return request;
}

TEST(JsonDecoder, ReadsObjectsOfALineAtAnySplit) {
  const auto decoded = decode_any_split(kTable, json_lines(),
                                        "{\"id\":1,\"amount\":1.25,\"name\":\"a\\u00e9\\n\\\"\",\"flag\":true}\n"
                                        "\n  {\"flag\":false,\"id\":\"2\",\"name\":null,\"unknown\":[1,{\"x\":2}]}\r\n"
                                        "{\"ID\":3,\"name\":{\"k\": [1, 2]},\"amount\":\"7\"}");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows, (Rows{"1|1.25|a\u00e9\n\"|1", "2|NULL|NULL|0", "3|7.00|{\"k\": [1, 2]}|NULL"}));
}

TEST(JsonDecoder, ObjectsMayHaveManyLinesWhenNeitherLinesNorAnArrayAreAskedFor) {
  LoadRequest request = json_lines();
  request.read_json_by_line = false;
  const auto decoded =
      decode_any_split(kTable, request,
                       "{\n  \"id\": 1,\n  \"name\": \"a}{\\\"\n\"\n}{\"id\":2}\n \n{\"id\":3,\"name\":{\"k\":[\n1]}}"
                       "\njunk {\"id\":4}\n} 5\n[{\"id\":6}]{\"id\":7}{\"id\":");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.rows, (Rows{"2|NULL|NULL|NULL", "3|NULL|{\"k\":[\n1]}|NULL", "4|NULL|NULL|NULL", "7|NULL|NULL|NULL"}));
  EXPECT_EQ(decoded.rejected, 5u) << decoded.error_text;
  EXPECT_NE(decoded.error_text.find("`strip_outer_array` must be TRUE"), std::string::npos) << decoded.error_text;

  const std::string one = "{\n  \"id\": 1,\n  \"name\": \"a}{[\\\"\"\n}\n";
  EXPECT_EQ(decode_any_split(kTable, request, one).rows, (Rows{"1|NULL|a}{[\"|NULL"}));
  request.json_root = "$.row";
  EXPECT_EQ(decode_any_split(kTable, request, "{\"row\":\n" + one + "}").rows, (Rows{"1|NULL|a}{[\"|NULL"}));
}

TEST(JsonDecoder, AByteOrderMarkIsSkippedInEveryForm) {
  const std::string mark = "\xEF\xBB\xBF";
  LoadRequest objects = json_lines(), below_root = json_array();
  objects.read_json_by_line = false;
  below_root.json_root = "$.d";
  const Rows row = {"1|NULL|NULL|NULL"};
  EXPECT_EQ(decode_any_split(kTable, json_lines(), mark + "{\"id\":1}\n").rows, row);
  EXPECT_EQ(decode_any_split(kTable, objects, mark + "{\"id\":\n1}").rows, row);
  EXPECT_EQ(decode_any_split(kTable, json_array(), mark + "[{\"id\":1}]").rows, row);
  EXPECT_EQ(decode_any_split(kTable, below_root, mark + "{\"d\":[{\"id\":1}]}").rows, row);
  EXPECT_EQ(decode(kTable, json_lines(), mark).rejected, 0u);
  EXPECT_EQ(decode_any_split(kTable, json_lines(), mark.substr(0, 2)).rejected, 1u) << "half of one is not text";
  EXPECT_NE(decode_any_split(kTable, json_array(), mark + "x").status.message().find("at byte 3"), std::string::npos);
}

TEST(JsonDecoder, NumbersKeepEveryDigit) {
  const auto table = make_table({"id largeint key not null", "v string"});
  const auto decoded = decode_any_split(
      table, json_lines(), "{\"id\":170141183460469231731687303715884105727,\"v\":0.10000000000000000000001}\n");
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows, (Rows{"170141183460469231731687303715884105727|0.10000000000000000000001"}));
}

TEST(JsonDecoder, BrokenLinesAreRejectedRows) {
  for (const std::string broken :
       {"{\"id\":1", "{\"id\":}", "{\"id\":1}}", "{\"id\":1} x", "[1]", "5", "nul", "{\"id\":1,}"}) {
    const auto decoded = decode_any_split(kTable, json_lines(), "{\"id\":7}\n" + broken + "\n{\"id\":8}\n");
    ASSERT_TRUE(decoded.status.ok()) << broken;
    EXPECT_EQ(decoded.rejected, 1u) << broken;
    EXPECT_EQ(decoded.rows, (Rows{"7|NULL|NULL|NULL", "8|NULL|NULL|NULL"})) << broken;
  }
  EXPECT_EQ(decode(kTable, json_lines(), "\"just a text\"\n").first_error, "broken JSON: a row must be a JSON object");
}

TEST(JsonDecoder, TheFirstStringMayBeEmpty) {
  const auto decoded = decode(kTable, json_lines(), "{\"id\":1,\"name\":\"\"}\n");
  EXPECT_EQ(decoded.rows, (Rows{"1|NULL||NULL"}));
}

TEST(JsonDecoder, TheLongestLineOrElementIsTheSameAtAnySplit) {
  for (const size_t bytes : {99, 100, 101, 150}) {
    const std::string row = "{\"id\":2,\"name\":\"" + std::string(bytes - 18, 'x') + "\"}";
    for (const bool is_array : {false, true}) {
      const std::string body = is_array ? "[{\"id\":1}, " + row + ",{\"id\":3}]" : "{\"id\":1}\n" + row + "\n{\"id\":3}\n";
      for (size_t cut = 0; cut < body.size(); ++cut) {
        const auto decoded =
            decode_pieces(kTable, is_array ? json_array() : json_lines(), {body.substr(0, cut), body.substr(cut)}, 100);
        EXPECT_EQ(decoded.status.ok(), bytes <= 100) << bytes << " bytes, cut at " << cut;
        if (decoded.status.ok()) {
          EXPECT_EQ(decoded.rows.size(), 3u);
        }
      }
    }
  }
}

TEST(JsonDecoder, MissingKeyIsARejectedRow) {
  const auto decoded = decode_any_split(kTable, json_lines(), "{\"amount\":1}\n{\"id\":8}\n");
  EXPECT_EQ(decoded.rejected, 1u);
  EXPECT_EQ(decoded.rows, (Rows{"8|NULL|NULL|NULL"}));
}

TEST(JsonDecoder, ReadsOneArrayAtAnySplit) {
  const auto decoded =
      decode_any_split(kTable, json_array(), " [ {\"id\":1,\"name\":\"],[\\\"\"} ,\n{\"id\":2,\"name\":\"[{\"}\n] \n");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.rows, (Rows{"1|NULL|],[\"|NULL", "2|NULL|[{|NULL"}));
  EXPECT_TRUE(decode_any_split(kTable, json_array(), "[]").status.ok());
}

TEST(JsonDecoder, BrokenArrayEndsTheLoadAndNamesThePlace) {
  const auto expect_fault = [](const std::string& body, const std::string& place) {
    const auto decoded = decode(kTable, json_array(), body);
    EXPECT_EQ(decoded.status.code(), StatusCode::kInvalidArgument) << body;
    EXPECT_NE(decoded.status.message().find(place), std::string::npos) << decoded.status.message();
  };
  expect_fault("[{\"id\":1},{\"id\":}]", "at byte 10 ");
  expect_fault("[{\"id\":1}", "at byte 9");
  expect_fault("{\"id\":1}", "at byte 0 ");
  expect_fault("[{\"id\":1},,{\"id\":2}]", "at byte 10 ");
  expect_fault("[{\"id\":1}] x", "at byte 11 ");
  expect_fault("[{\"id\":1},]", "at byte 10 ");
}

TEST(JsonDecoder, FollowsRootAndPaths) {
  LoadRequest request = json_lines();
  request.json_root = "$.row";
  request.columns = {"id", "name"};
  request.jsonpaths = {"$.key.k", "$.tags[1]"};
  const auto decoded = decode_any_split(
      kTable, request,
      "{\"row\":{\"tags\":[\"x\",\"y\\t\"],\"key\":{\"k\":5}}}\n{\"row\":{\"key\":{\"k\":6}}}\n{\"other\":1}\n");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.rows, (Rows{"5|NULL|y\t|NULL", "6|NULL|NULL|NULL"}));
  EXPECT_EQ(decoded.rejected, 1u);
}

TEST(JsonDecoder, ArrayBelowARoot) {
  LoadRequest request = json_array();
  request.json_root = "$.rows";
  const auto decoded = decode_any_split(kTable, request, "{\"n\":2,\"rows\":[{\"id\":1},{\"id\":2}]}");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.rows, (Rows{"1|NULL|NULL|NULL", "2|NULL|NULL|NULL"}));
}

TEST(JsonDecoder, ArrayOfALine) {
  LoadRequest request = json_lines();
  request.strip_outer_array = true;
  const auto decoded = decode_any_split(kTable, request, "[{\"id\":1},{\"id\":2}]\n{\"id\":3}\n");
  EXPECT_EQ(decoded.rows, (Rows{"1|NULL|NULL|NULL", "2|NULL|NULL|NULL", "3|NULL|NULL|NULL"}));
}

TEST(JsonDecoder, DeleteSignsComeFromTheirField) {
  LoadRequest request = json_lines();
  request.hidden_columns = {"__DORIS_DELETE_SIGN__"};
  const auto decoded =
      decode_any_split(kTable, request, "{\"id\":1,\"__DORIS_DELETE_SIGN__\":1}\n{\"id\":2,\"__DORIS_DELETE_SIGN__\":0}\n");
  EXPECT_EQ(decoded.error_text, "");
  ASSERT_EQ(decoded.rows.size(), 2u);
  EXPECT_TRUE(decoded.rows[0].starts_with("-1")) << decoded.rows[0];
  EXPECT_TRUE(decoded.rows[1].starts_with("2")) << decoded.rows[1];
}

TEST(JsonDecoder, LongLineIsNamed) {
  const auto decoded =
      decode_pieces(kTable, json_lines(), {"{\"id\":1,\"name\":\"", std::string(3000, 'x'), "\"}\n{\"id\":2}\n"}, 1000);
  EXPECT_EQ(decoded.status.code(), StatusCode::kInvalidArgument);
}

TEST(JsonDecoder, RandomBytesNeverCrash) {
  std::mt19937_64 random(test::test_seed());
  const std::string letters = "{}[]\":,\\ntrue0123 x\n";
  for (int round = 0; round < 3000; ++round) {
    std::string body;
    for (uint64_t i = random() % 60; i > 0; --i) body += letters[random() % letters.size()];
    static_cast<void>(decode(kTable, json_lines(), body));
    static_cast<void>(decode(kTable, json_array(), body));
  }
}

}  // namespace
}  // namespace freshet::ingest
