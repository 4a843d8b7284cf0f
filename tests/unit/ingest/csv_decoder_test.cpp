#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "support/seed.h"
#include "unit/ingest/decode_support.h"

namespace freshet::ingest {
namespace {

const storage::TableSnapshotPtr kTwo = make_table({"id int key not null", "v string"});

LoadRequest csv(const std::string& separator = ",") {
  LoadRequest request;
  request.column_separator = separator;
  return request;
}

TEST(CsvDecoder, ReadsEveryType) {
  const auto table = make_table({"id bigint key not null", "a boolean", "b tinyint", "c smallint", "d largeint", "e float",
                                 "f double", "g decimal", "h date", "i datetime", "j varchar", "k json"});
  const auto decoded = decode_any_split(table, csv("|"),
                                        "-5|true|-128|32767|170141183460469231731687303715884105727|1.5|2.25|12.345|2024-02-"
                                        "29|2024-12-31 23:59:59|abc|{\"x\":1}\n"
                                        "6|0| 7 |-1|-1|-0.5|1e10|-3|2024-02-28|2024-01-31T00:00:00||[]\n");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(
      decoded.rows,
      (Rows{"-5|1|-128|32767|170141183460469231731687303715884105727|1.5|2.25|12.35|2024-02-29|2024-12-31 23:59:59|abc|"
            "{\"x\":1}",
            "6|0|7|-1|-1|-0.5|10000000000|-3.00|2024-02-28|2024-01-31 00:00:00||[]"}));
}

struct DialectCase {
  std::string name;
  std::string body;
  LoadRequest request;
  Rows rows;
  std::string first_error = {};
};

class CsvDialects : public testing::TestWithParam<DialectCase> {};

TEST_P(CsvDialects, GiveTheseRowsAtAnySplit) {
  const DialectCase& test = GetParam();
  const auto decoded = decode_any_split(kTwo, test.request, test.body);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.rows, test.rows);
  EXPECT_EQ(decoded.first_error, test.first_error);
}

LoadRequest with(void (*change)(LoadRequest&)) {
  LoadRequest request = csv();
  change(request);
  return request;
}

INSTANTIATE_TEST_SUITE_P(
    All, CsvDialects,
    testing::Values(
        DialectCase{"plain", "1,a\n2,b\n", csv(), {"1|a", "2|b"}},
        DialectCase{"no_last_delimiter", "1,a\n2,b", csv(), {"1|a", "2|b"}},
        DialectCase{"carriage_returns", "1,a\r\n2,\r\n\r\n3,c\r\n", csv(), {"1|a", "2|", "3|c"}},
        DialectCase{"empty_lines", "\n\n1,a\n\n", csv(), {"1|a"}}, DialectCase{"nothing", "", csv(), {}},
        DialectCase{"byte_order_mark",
                    "\xEF\xBB\xBF"
                    "1,a\n",
                    csv(),
                    {"1|a"}},
        DialectCase{"null", "1,\\N\n2,\\Nx\n", csv(), {"1|NULL", "2|\\Nx"}},
        DialectCase{"tab", "1\ta\n", csv("\t"), {"1|a"}},
        DialectCase{"long_separator", "1||a|b\n2||c\n", csv("||"), {"1|a|b", "2|c"}},
        DialectCase{"long_delimiter", "1,a@@2,b@c@@", with([](auto& r) { r.line_delimiter = "@@"; }), {"1|a", "2|b@c"}},
        DialectCase{
            "part_of_a_delimiter_at_the_end", "1,a@@2,b@", with([](auto& r) { r.line_delimiter = "@@"; }), {"1|a", "2|b@"}},
        DialectCase{
            "enclosed_at_the_end", "1,\"a\"\n2,\"b\"\"\n\"", with([](auto& r) { r.enclose = '"'; }), {"1|a", "2|b\"\n"}},
        DialectCase{"enclosed_and_escaped_by_itself",
                    "1,\"a,\"\"b\"\n2,\"c\"",
                    with([](auto& r) { r.enclose = r.escape = '"'; }),
                    {"1|a,\"b", "2|c"}},
        DialectCase{"escape_at_the_end",
                    "1,'a'\n2,'b\\'",
                    with([](auto& r) {
                      r.enclose = '\'';
                      r.escape = '\\';
                    }),
                    {"1|a"},
                    "the enclosed field is not closed before the end"},
        DialectCase{
            "crlf_delimiter", "1,a\r\n2,b\n\r\n", with([](auto& r) { r.line_delimiter = "\r\n"; }), {"1|a", "2|b\n"}},
        DialectCase{"skip_lines", "head\nmore\n1,a\n", with([](auto& r) { r.skip_lines = 2; }), {"1|a"}},
        DialectCase{"skip_more_than_there_is", "1,a\n", with([](auto& r) { r.skip_lines = 5; }), {}},
        DialectCase{"names", "id,v\n1,a\n", with([](auto& r) { r.format = LoadFormat::kCsvWithNames; }), {"1|a"}},
        DialectCase{"names_and_types",
                    "id,v\nint,string\n1,a\n",
                    with([](auto& r) { r.format = LoadFormat::kCsvWithNamesAndTypes; }),
                    {"1|a"}},
        DialectCase{"empty_is_null", "1,\n2,b\n", with([](auto& r) { r.empty_field_as_null = true; }), {"1|NULL", "2|b"}},
        DialectCase{"trim_quotes",
                    "\"1\",\"a\"\n2,\"\n3,\"\"\n",
                    with([](auto& r) { r.trim_double_quotes = true; }),
                    {"1|a", "2|\"", "3|"}},
        DialectCase{"enclosed", "1,\"a,b\nc\"\n\"2\",d\n", with([](auto& r) { r.enclose = '"'; }), {"1|a,b\nc", "2|d"}},
        DialectCase{"enclosed_doubled", "1,\"a\"\"b\"\n2,\"\"\n", with([](auto& r) { r.enclose = '"'; }), {"1|a\"b", "2|"}},
        DialectCase{"enclosed_escape",
                    "1,'a\\'b\\\\'\n2,'\\n'\n",
                    with([](auto& r) {
                      r.enclose = '\'';
                      r.escape = '\\';
                    }),
                    {"1|a'b\\", "2|\\n"}},
        DialectCase{"enclosed_null_is_text", "1,\"\\N\"\n", with([](auto& r) { r.enclose = '"'; }), {"1|\\N"}},
        DialectCase{
            "quote_inside_plain_field", "1,a\"b\n2,c\"\n", with([](auto& r) { r.enclose = '"'; }), {"1|a\"b", "2|c\""}},
        DialectCase{"enclosed_crlf", "1,\"a\"\r\n2,\"b\"\r\n", with([](auto& r) { r.enclose = '"'; }), {"1|a", "2|b"}},
        DialectCase{"enclosed_long_separators",
                    "1::'a::b'##2::c##",
                    with([](auto& r) {
                      r.column_separator = "::";
                      r.line_delimiter = "##";
                      r.enclose = '\'';
                    }),
                    {"1|a::b", "2|c"}},
        DialectCase{"not_closed",
                    "1,a\n2,\"b\n",
                    with([](auto& r) { r.enclose = '"'; }),
                    {"1|a"},
                    "the enclosed field is not closed before the end"},
        DialectCase{"too_few_columns",
                    "1\n2,b\n",
                    csv(),
                    {"2|b"},
                    "actual column number in csv file is not equal to schema column number. actual number: 1, schema column "
                    "number: 2"},
        DialectCase{"too_many_columns",
                    "1,a,x,y\n2,b\n",
                    csv(),
                    {"2|b"},
                    "actual column number in csv file is not equal to schema column number. actual number: 4, schema column "
                    "number: 2"},
        DialectCase{"not_utf8", "1,\xff\n2,b\n", csv(), {"2|b"}, "only text in UTF-8 is taken, but field 2 is not"},
        DialectCase{"separator_not_utf8",
                    "1\xff"
                    "a\n2\xff\xfe\n",
                    csv("\xff"),
                    {"1|a"},
                    "only text in UTF-8 is taken, but field 2 is not"},
        DialectCase{"null_key", "\\N,a\n2,b\n", csv(), {"2|b"}, "column_name[id], null value for not null column, type=int"},
        DialectCase{"bad_key", "x,a\n2,b\n", csv(), {"2|b"}, "column_name[id], 'x' is not a valid int"}),
    [](const auto& info) { return info.param.name; });

TEST(CsvDecoder, LoadsWrongValuesAsNullUnlessStrict) {
  const auto table = make_table({"id int key not null", "v int", "n int not null"});
  const std::string body = "1,x,1\n2,3000000000,2\n3,3,y\n4,4,4\n";
  auto decoded = decode_any_split(table, csv(), body);
  EXPECT_EQ(decoded.rows, (Rows{"1|NULL|1", "2|NULL|2", "4|4|4"}));
  EXPECT_EQ(decoded.first_error, "column_name[n], 'y' is not a valid int");
  LoadRequest strict = csv();
  strict.strict_mode = true;
  decoded = decode_any_split(table, strict, body);
  EXPECT_EQ(decoded.rows, (Rows{"4|4|4"}));
  EXPECT_EQ(decoded.error_text,
            "Reason: column_name[v], 'x' is not a valid int. src line [1,x,1];\n"
            "Reason: column_name[v], '3000000000' is out of range for int. src line [2,3000000000,2];\n"
            "Reason: column_name[n], 'y' is not a valid int. src line [3,3,y];\n");
}

TEST(CsvDecoder, RejectsTooLongTextsAndKeys) {
  const auto table = make_table({"k string key not null", "v varchar"});
  const std::string long_key(4094, 'k');
  const auto decoded =
      decode(table, csv(), "a,0123456789\nb,01234567890\n" + long_key + ",x\n" + long_key.substr(1) + ",y\n");
  EXPECT_EQ(decoded.rows, (Rows{"a|0123456789", long_key.substr(1) + "|y"}));
  EXPECT_EQ(decoded.rejected, 2u);
  EXPECT_NE(decoded.error_text.find("has 11 bytes, but varchar(10) takes at most 10"), std::string::npos);
  EXPECT_NE(decoded.error_text.find("the key is 4097 bytes long when encoded, but at most 4096 are taken"),
            std::string::npos);
}

TEST(CsvDecoder, FillsColumnsThatAreNotSent) {
  const auto table = make_table({"id bigint key not null auto", "a int default 7", "b string", "c int not null default 9"});
  LoadRequest request = csv();
  request.columns = {"b", "unknown"};
  EXPECT_EQ(decode_any_split(table, request, "x,1\ny,2\n").rows, (Rows{"1|7|x|9", "2|7|y|9"}));
  request.columns = {"id", "b"};
  EXPECT_EQ(decode(table, request, "\\N,x\n50,y\n\\N,z\n").rows, (Rows{"1|7|x|9", "50|7|y|9", "2|7|z|9"}));
}

TEST(CsvDecoder, RejectedRowsTakeNoAutoIncrementValues) {
  const auto table = make_table({"id bigint key not null auto", "n int not null"});
  LoadRequest request = csv();
  request.columns = {"n"};
  EXPECT_EQ(decode(table, request, "1\nx\n3\n").rows, (Rows{"1|1", "2|3"}));
}

TEST(CsvDecoder, RefusesColumnsWithoutValue) {
  const auto table = make_table({"id int key not null", "n int not null"});
  LoadRequest request = csv();
  request.columns = {"id"};
  const Status status = decode(table, request, "1\n").status;
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("'n'"), std::string::npos);
}

TEST(CsvDecoder, MarksDeletes) {
  const auto table = make_table({"id int key not null", "n int not null"});
  LoadRequest request = csv();
  request.hidden_columns = {"__DORIS_DELETE_SIGN__"};
  auto decoded = decode_any_split(table, request, "1,5,0\n2,x,1\n3,\\N,true\n4,7,2\n5,5,\\N\n");
  EXPECT_EQ(decoded.rows, (Rows{"1|5", "-2|0", "-3|0", "5|5"}));
  EXPECT_EQ(decoded.first_error, "__DORIS_DELETE_SIGN__ must be 0 or 1");
  request = csv();
  request.merge_type = MergeType::kDelete;
  request.columns = {"id"};
  EXPECT_EQ(decode(table, request, "1\n2\n").rows, (Rows{"-1|0", "-2|0"}));
}

TEST(CsvDecoder, NamesTheLineOfARowWithoutEnd) {
  const auto decoded = decode_pieces(kTwo, csv(), {"1,a\n2,b\n", "3," + std::string(500, 'x'), std::string(600, 'x')}, 1000);
  EXPECT_EQ(decoded.status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(decoded.status.message().find("line 3 is longer than 1000 bytes"), std::string::npos);
}

TEST(CsvDecoder, TheLongestRowIsTheSameAtAnySplit) {
  for (const std::string delimiter : {"\n", "\r\n"}) {
    LoadRequest request = csv();
    request.line_delimiter = delimiter;
    for (const size_t bytes : {99, 100, 101, 102, 103, 150}) {
      const std::string body = "1,a" + delimiter + "2," + std::string(bytes - 2, 'x') + delimiter + "3,c" + delimiter;
      for (size_t cut = 1; cut < body.size(); ++cut) {
        const auto decoded = decode_pieces(kTwo, request, {body.substr(0, cut), body.substr(cut)}, 100);
        EXPECT_EQ(decoded.status.ok(), bytes <= 100) << bytes << " bytes, cut at " << cut;
      }
      EXPECT_EQ(decode_pieces(kTwo, request, {body}, 100).status.ok(), bytes <= 100) << bytes;
    }
  }
}

TEST(CsvDecoder, HandsOnManyRowsInOrder) {
  std::string body;
  Rows expected;
  for (int i = 0; i < 50000; ++i) {
    body += fmt::format("{},row {}\n", i, i);
    expected.push_back(fmt::format("{}|row {}", i, i));
  }
  EXPECT_EQ(decode(kTwo, csv(), body).rows, expected);
}

/// Splits as slowly and plainly as can be.
Rows reference_rows(const std::string& body) {
  Rows rows;
  std::istringstream lines(body);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.empty()) continue;
    const size_t comma = line.find(',');
    if (comma == std::string::npos || line.find(',', comma + 1) != std::string::npos) continue;
    const std::string id = line.substr(0, comma), text = line.substr(comma + 1);
    if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string digits = id.substr(std::min(id.find_first_not_of('0'), id.size() - 1));
    if (digits.size() > 10 || std::stoll(digits) > std::numeric_limits<int32_t>::max()) continue;
    rows.push_back(digits + "|" + (text == "\\N" ? "NULL" : text));
  }
  return rows;
}

TEST(CsvDecoder, AgreesWithAPlainParserOnRandomText) {
  std::mt19937_64 random(test::test_seed());
  // No blanks: the reference does not skip them around numbers.
  const std::string alphabet = "0123456789,,,\n\n\\Nab\"";
  for (int round = 0; round < 200; ++round) {
    std::string body;
    const size_t length = random() % 400;
    for (size_t i = 0; i < length; ++i) body.push_back(alphabet[random() % alphabet.size()]);
    std::vector<std::string> pieces;
    for (size_t at = 0; at < body.size();) {
      const size_t size = 1 + random() % 90;
      pieces.push_back(body.substr(at, size));
      at += size;
    }
    LoadRequest request = csv();
    request.strict_mode = true;
    EXPECT_EQ(decode_pieces(kTwo, request, pieces).rows, reference_rows(body)) << body;
  }
}

TEST(CsvDecoder, TakesRecordsOfAStream) {
  FakeStorage storage(kTwo);
  RowErrors errors(10);
  Rows rows;
  DecodeTarget target{storage, kTwo, errors, [&](const Block& block) {
                        for (std::string& row : rows_of(block)) rows.push_back(std::move(row));
                        return Status::OK();
                      }};
  LoadRequest request = csv();
  request.enclose = '"';
  auto decoder = make_decoder(request, std::move(target));
  ASSERT_TRUE(decoder.ok());
  for (const char* record : {"1,a", "2,b\n3,c\n", "", "4,\"open", "5,e"})
    ASSERT_TRUE(decoder.value()->feed_record(record).ok());
  ASSERT_TRUE(decoder.value()->flush().ok());
  EXPECT_EQ(rows, (Rows{"1|a", "2|b", "3|c", "5|e"}));
  EXPECT_EQ(errors.count(), 1u);
}

}  // namespace
}  // namespace freshet::ingest
