#include "ingest/routine_load_record.h"

#include <gtest/gtest.h>

namespace freshet::ingest {
namespace {

/// A record as builds wrote it before version 2.
constexpr std::string_view kVersion1Hex =
    "012a000000000000000300000000000000030000006a6f620400000073686f70060000006f726465727303010000002c010000000a0000"
    "0001020000000200000069640100000076000000000101000100000000000200000004000000242e696403000000242e760e0000003132"
    "372e302e302e313a3930393205000000746f7069630500000067726f75700100000009000000636c69656e742e6964020000006d650100"
    "0000020000000a0000004f46465345545f454e44100000004f46465345545f424547494e4e494e470700000000000000000000000000e0"
    "3f0b00000000000000e09304000000000015cd5b07000000000100000006000000666f726d6174040000006a736f6e010000000b000000"
    "6b61666b615f746f70696305000000746f706963090000006120636f6d6d656e74026400000000000000c8000000000000000000000000"
    "00000006000000706175736564e80300000000000014000000000000000f00000000000000040000000000000006000000000000000100"
    "00000000000009000000000000007b68e5cf8b0100004cecf73d";

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

TEST(RoutineLoadRecord, ReadsVersion1) {
  const Result<RoutineLoadRecord> record = RoutineLoadRecord::decode(from_hex(kVersion1Hex), {});
  ASSERT_TRUE(record.ok()) << record.status().to_string();
  const RoutineLoadStatus& status = record.value().status;
  EXPECT_EQ(status.id, 42u);
  EXPECT_EQ(record.value().epoch, 3u);
  EXPECT_EQ(status.spec.name, "job");
  EXPECT_EQ(status.spec.load.table, "orders");
  EXPECT_EQ(status.spec.load.format, LoadFormat::kJson);
  EXPECT_EQ(status.spec.load.columns, (std::vector<std::string>{"id", "v"}));
  EXPECT_EQ(status.spec.load.merge_type, MergeType::kDelete);
  EXPECT_TRUE(status.spec.load.strict_mode);
  EXPECT_FALSE(status.spec.load.partial_columns);
  EXPECT_EQ(status.spec.stream.client_properties.at(0).second, "me");
  EXPECT_EQ(status.spec.partition_offsets.at(0), (std::pair<int32_t, std::string>{2, "OFFSET_END"}));
  EXPECT_EQ(status.spec.max_error_number, 7u);
  EXPECT_EQ(status.spec.comment, "a comment");
  EXPECT_EQ(status.state, RoutineLoadState::kPaused);
  EXPECT_EQ(status.loaded_rows, 15u);
  EXPECT_EQ(status.unselected_rows, 1u);
  EXPECT_EQ(status.last_commit_unix_ms, 1700000000123);
}

TEST(RoutineLoadRecord, KeepsAllThatClausesSay) {
  RoutineLoadRecord record;
  RoutineLoadSpec& spec = record.status.spec;
  spec.load.expressions = {{"v", "tmp * 2"}, {"s", "concat(a, '\"')"}};
  spec.load.preceding_filter = "a > 1";
  spec.load.where = "v < 3";
  spec.load.merge_type = MergeType::kMerge;
  spec.load.delete_condition = "op = 'd'";
  spec.load.partial_columns = spec.load.flexible_columns = true;
  spec.load.partial_new_keys = NewKeys::kRejected;
  spec.load.sequence_column = "seq";
  spec.load.partitions = {"p1", "p2"};
  spec.load.format = LoadFormat::kDebeziumJson;
  spec.user = "ann";
  spec.new_offsets = {{3, "17"}};
  record.tables = {"t", "u"};
  record.status.unselected_rows = 5;
  record.status.execute_ms = 9;
  const Result<RoutineLoadRecord> read = RoutineLoadRecord::decode(*record.encode({}), {});
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  const LoadRequest& load = read.value().status.spec.load;
  ASSERT_EQ(load.expressions.size(), 2u);
  EXPECT_EQ(load.expressions[1].expression, "concat(a, '\"')");
  EXPECT_EQ(load.preceding_filter, "a > 1");
  EXPECT_EQ(load.where, "v < 3");
  EXPECT_EQ(load.delete_condition, "op = 'd'");
  EXPECT_TRUE(load.partial_columns && load.flexible_columns && load.partial_new_keys == NewKeys::kRejected);
  EXPECT_EQ(load.sequence_column, "seq");
  EXPECT_EQ(load.partitions, spec.load.partitions);
  EXPECT_EQ(load.format, LoadFormat::kDebeziumJson);
  EXPECT_EQ(read.value().status.spec.user, "ann");
  EXPECT_EQ(read.value().status.spec.new_offsets, spec.new_offsets);
  EXPECT_EQ(read.value().tables, record.tables);
  EXPECT_EQ(read.value().status.unselected_rows, 5u);
  EXPECT_EQ(*read.value().encode({}), *record.encode({}));
}

/// A seal that turns every bit.
SecretSeal turned_bits(bool opens) {
  const auto turn = [](std::string_view text) -> Result<std::string> {
    std::string turned(text);
    for (char& c : turned) c = static_cast<char>(~c);
    return turned;
  };
  SecretSeal seal{turn, turn};
  if (!opens) seal.open = [](std::string_view) -> Result<std::string> { return Status::Corruption("another key"); };
  return seal;
}

TEST(RoutineLoadRecord, PropertiesOfTheStreamAreSealed) {
  RoutineLoadRecord record;
  record.status.spec.name = "job";
  record.status.spec.stream.client_properties = {{"sasl.password", "hunter2"}};
  const std::string bytes = *record.encode(turned_bits(true));
  EXPECT_EQ(bytes.find("hunter2"), std::string::npos);
  EXPECT_NE(bytes.find("job"), std::string::npos);
  const auto read = RoutineLoadRecord::decode(bytes, turned_bits(true));
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_FALSE(read->lost_secrets);
  EXPECT_EQ(read->status.spec.stream.client_properties, record.status.spec.stream.client_properties);
  const auto lost = RoutineLoadRecord::decode(bytes, turned_bits(false));
  ASSERT_TRUE(lost.ok());
  EXPECT_TRUE(lost->lost_secrets);
  EXPECT_EQ(lost->status.spec.name, "job");
  EXPECT_TRUE(lost->status.spec.stream.client_properties.empty());
}

TEST(RoutineLoadRecord, DamageIsCorruption) {
  const std::string whole = *RoutineLoadRecord().encode({});
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(RoutineLoadRecord::decode(whole.substr(0, cut), {}).status().code(), StatusCode::kCorruption) << cut;
    std::string damaged = whole;
    damaged[cut] = static_cast<char>(damaged[cut] ^ 0x10);
    EXPECT_EQ(RoutineLoadRecord::decode(damaged, {}).status().code(), StatusCode::kCorruption) << cut;
  }
}

TEST(RoutineLoadRecord, StatisticsComeBack) {
  RoutineLoadStatistics statistics;
  statistics.received_bytes = 1;
  statistics.total_rows = 2;
  statistics.loaded_rows = 3;
  statistics.error_rows = 4;
  statistics.unselected_rows = 5;
  statistics.committed_tasks = 6;
  statistics.aborted_tasks = 7;
  statistics.execute_ms = 8;
  statistics.last_commit_unix_ms = 9;
  RoutineLoadStatistics read;
  ASSERT_TRUE(decode_statistics(encode_statistics(statistics), read).ok());
  EXPECT_EQ(encode_statistics(read), encode_statistics(statistics));
  EXPECT_EQ(read.total_rows, 2u);
  EXPECT_EQ(read.last_commit_unix_ms, 9);
}

}  // namespace
}  // namespace freshet::ingest
