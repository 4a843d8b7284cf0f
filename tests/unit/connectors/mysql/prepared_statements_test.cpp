#include "connectors/mysql/prepared_statements.h"

#include <gtest/gtest.h>

#include <random>

#include "connectors/mysql/error_map.h"

namespace freshet::connectors::mysql {
namespace {

using namespace std::string_literals;

constexpr uint32_t kId = 3;

/// COM_STMT_EXECUTE after its command byte; `types` empty: not sent again.
std::string body(const std::string& nulls, const std::string& types, const std::string& values) {
  return "\x03\0\0\0\0\x01\0\0\0"s + nulls + (types.empty() ? "\0"s : "\x01"s) + types + values;
}

TEST(PreparedStatements, EveryTypeOfParameter) {
  PreparedStatements prepared(1000);
  prepared.add(kId, 11, "text");
  const std::string types =
      "\x01\0"
      "\x01\x80"
      "\x02\0"
      "\x03\0"
      "\x08\x80"
      "\x05\0"
      "\xfd\0"
      "\x0a\0"
      "\x0c\0"
      "\x0b\0"
      "\x06\0"s;
  const std::string values =
      "\xff"
      "\xff"
      "\xfe\xff"
      "\x05\0\0\0"
      "\xff\xff\xff\xff\xff\xff\xff\xff"
      "\0\0\0\0\0\0\xe0\x3f"
      "\x03"
      "abc"
      "\x04\xea\x07\x01\x02"
      "\x0b\xea\x07\x01\x02\x03\x04\x05\xa0\x86\x01\0"
      "\x08\x01\x01\0\0\0\x02\x03\x04"s;
  const auto result = prepared.parameters(kId, body("\0\0"s, types, values));
  ASSERT_TRUE(result.ok()) << result.status().message();
  const auto parameters = *result;
  EXPECT_EQ(std::get<int64_t>(parameters[0]), -1);
  EXPECT_EQ(std::get<uint64_t>(parameters[1]), 255u);
  EXPECT_EQ(std::get<int64_t>(parameters[2]), -2);
  EXPECT_EQ(std::get<int64_t>(parameters[3]), 5);
  EXPECT_EQ(std::get<uint64_t>(parameters[4]), UINT64_MAX);
  EXPECT_EQ(std::get<double>(parameters[5]), 0.5);
  EXPECT_EQ(std::get<std::string>(parameters[6]), "abc");
  EXPECT_EQ(std::get<query::ParameterDateTime>(parameters[7]).text, "2026-01-02");
  EXPECT_EQ(std::get<query::ParameterDateTime>(parameters[8]).text, "2026-01-02 03:04:05.100000");
  EXPECT_EQ(std::get<std::string>(parameters[9]), "-26:03:04");
  EXPECT_TRUE(std::holds_alternative<query::ParameterNull>(parameters[10]));
}

TEST(PreparedStatements, TypesAreRememberedAndNullsHaveNoBytes) {
  PreparedStatements prepared(1000);
  prepared.add(kId, 2, "text");
  ASSERT_TRUE(prepared.parameters(kId, body("\0"s, "\x03\0\x03\0"s, "\x01\0\0\0\x02\0\0\0"s)).ok());
  const auto again = prepared.parameters(kId, body("\x01"s, "", "\x07\0\0\0"s));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(std::holds_alternative<query::ParameterNull>((*again)[0]));
  EXPECT_EQ(std::get<int64_t>((*again)[1]), 7);
}

TEST(PreparedStatements, TypesMustComeOnce) {
  PreparedStatements prepared(1000);
  prepared.add(kId, 1, "text");
  EXPECT_FALSE(prepared.parameters(kId, body("\0"s, "", "\x01\0\0\0"s)).ok());
}

TEST(PreparedStatements, LongDataComesAheadAndServesOnce) {
  PreparedStatements prepared(10);
  prepared.add(kId, 2, "text");
  prepared.add_long_data(kId, 1, "hello ");
  prepared.add_long_data(kId, 1, "you");
  const auto result = prepared.parameters(kId, body("\0"s, "\x03\0\xfc\0"s, "\x01\0\0\0"s));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::get<std::string>((*result)[1]), "hello you");
  EXPECT_FALSE(prepared.parameters(kId, body("\0"s, "", "\x01\0\0\0"s)).ok()) << "the long data is used up";
}

TEST(PreparedStatements, TooMuchLongDataIsToldAtExecution) {
  PreparedStatements prepared(10);
  prepared.add(kId, 1, "text");
  prepared.add_long_data(kId, 0, "hello world");
  EXPECT_FALSE(prepared.parameters(kId, body("\0"s, "\xfc\0"s, "")).ok());
  EXPECT_TRUE(prepared.parameters(kId, body("\0"s, "\xfc\0"s, "\x01x")).ok()) << "the statement stays usable";
  prepared.add_long_data(kId, 1, "x");
  EXPECT_FALSE(prepared.parameters(kId, body("\0"s, "", "\x01x")).ok()) << "no such parameter";
  prepared.add_long_data(99, 0, "x");
}

TEST(PreparedStatements, GarbageIsAnErrorNotACrash) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  PreparedStatements prepared(100);
  prepared.add(kId, 9, "text");
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 80, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 14);
    if (bytes.size() > 11) bytes[11] = 1;
    std::ignore = prepared.parameters(kId, bytes);
  }
}

TEST(ErrorMap, PhrasesChooseTheNumber) {
  const auto number = [](const Status& status) { return map_error(status).number; };
  EXPECT_EQ(number(Status::InvalidArgument("You have an error in your SQL syntax near 'x'")), 1064);
  EXPECT_EQ(number(Status::NotFound("Unknown database 'x'")), 1049);
  EXPECT_EQ(number(Status::NotFound("Table 'a.b' doesn't exist")), 1146);
  EXPECT_EQ(number(Status::NotFound("Unknown table 'b'")), 1146);
  EXPECT_EQ(number(Status::NotFound("Unknown column 'x' in table a.b")), 1054);
  EXPECT_EQ(number(Status::AlreadyExists("Table 'b' already exists")), 1050);
  EXPECT_EQ(number(Status::AlreadyExists("Can't create database 'a'; database exists")), 1007);
  EXPECT_EQ(number(Status::Conflict("run again")), 1213);
  EXPECT_EQ(number(Status::Cancelled("Query execution was interrupted")), 1317);
  EXPECT_EQ(number(Status::Timeout("too long")), 3024);
  EXPECT_EQ(number(Status::Corruption("bad page")), 1105);
  EXPECT_EQ(number(Status::InvalidArgument("something")), 1105);
  EXPECT_EQ(map_error(Status::NotFound("Unknown table 'b'")).sqlstate, "42S02");
}

TEST(ErrorMap, EveryCodeHasANumberAndAState) {
  for (uint8_t code = 1; code <= static_cast<uint8_t>(StatusCode::kInternal); ++code) {
    const MySqlError error = map_error(Status(static_cast<StatusCode>(code), "x"));
    EXPECT_GE(error.number, 1000);
    EXPECT_EQ(error.sqlstate.size(), 5u);
  }
}

}  // namespace
}  // namespace freshet::connectors::mysql
