#include "connectors/kafka/kafka_source.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <threads.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <optional>

namespace {

/// By how much the wall clock that librdkafka sees is wrong now.
std::atomic<int64_t> clock_error_seconds{0};
/// By how much it is set back during the waits of this thread.
thread_local int64_t set_back_seconds = 0;
std::atomic<int> timed_waits{0};

template <typename Function>
Function next_definition(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

/// librdkafka computes the ends of its waits from this clock ...
extern "C" int timespec_get(timespec* time, int base) {
  static const auto get = next_definition<int (*)(timespec*, int)>("timespec_get");
  const int result = get(time, base);
  time->tv_sec += clock_error_seconds;
  return result;
}

/// ... and waits here. A wait during which the clock is set back lasts longer.
extern "C" int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* end) {
  static const auto wait = next_definition<int (*)(cnd_t*, mtx_t*, const timespec*)>("cnd_timedwait");
  ++timed_waits;
  timespec right = *end;
  if (right.tv_sec != 0) right.tv_sec += set_back_seconds - clock_error_seconds;
  return wait(condition, mutex, &right);
}

namespace freshet::connectors {
namespace {

using Batch = ingest::StreamSource::Batch;
using Positions = std::vector<std::pair<int32_t, int64_t>>;

/// A producer with librdkafka's mock cluster of one broker inside, and topic "t" with two partitions.
class KafkaSourceTest : public testing::Test {
 protected:
  KafkaSourceTest() {
    rd_kafka_conf_t* settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "linger.ms", "0", nullptr, 0);
    rd_kafka_conf_set(settings, "test.mock.num.brokers", "1", nullptr, 0);
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, settings, nullptr, 0);
    cluster_ = rd_kafka_handle_mock_cluster(producer_);
    rd_kafka_mock_topic_create(cluster_, "t", 2, 1);
    properties_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    properties_.topic = "t";
  }
  ~KafkaSourceTest() override {
    source_.reset();
    rd_kafka_destroy(producer_);
  }

  void produce(int32_t partition, std::string_view key, std::optional<std::string_view> value) {
    void* payload = value ? const_cast<char*>(value->data()) : nullptr;
    const size_t payload_size = value ? value->size() : 0;
    rd_kafka_producev(producer_, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(partition),
                      RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(payload, payload_size),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    ASSERT_EQ(rd_kafka_flush(producer_, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void produce_numbers(int32_t partition, int count) {
    for (int i = 0; i < count; ++i) produce(partition, "", std::to_string(i));
  }

  void open() {
    auto source = KafkaSourceFactory().open(properties_);
    ASSERT_TRUE(source.ok()) << source.status().message();
    source_ = std::move(*source);
  }

  struct Read {
    std::vector<std::pair<int32_t, int64_t>> records;
    std::vector<std::string> values;
    Positions positions;
    std::vector<int32_t> out_of_range;
  };
  /// Polls until `count` records or a partition out of range came, or ten seconds passed.
  Read read(size_t count) {
    Read read;
    Batch batch;
    for (int i = 0; i < 100 && read.records.size() < count && read.out_of_range.empty(); ++i) {
      std::ignore = source_->poll(1000, 1 << 20, 100, batch);
      for (const auto& message : batch.messages) {
        read.records.emplace_back(message.partition, message.offset);
        read.values.emplace_back(message.value);
      }
      read.positions = batch.positions;
      read.out_of_range = batch.out_of_range;
    }
    return read;
  }

  rd_kafka_t* producer_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  ingest::StreamProperties properties_;
  std::unique_ptr<ingest::StreamSource> source_;
};

TEST_F(KafkaSourceTest, ListsPartitionsAndBounds) {
  produce_numbers(1, 3);
  open();
  EXPECT_EQ(source_->partitions().value(), (std::vector<int32_t>{0, 1}));
  const auto marks = source_->watermarks({0, 1});
  ASSERT_TRUE(marks.ok()) << marks.status().message();
  EXPECT_EQ(marks->at(0).high, 0);
  EXPECT_EQ(marks->at(1).low, 0);
  EXPECT_EQ(marks->at(1).high, 3);
}

TEST_F(KafkaSourceTest, ReadsAssignedPartitionsFromTheirOffsets) {
  produce_numbers(0, 5);
  produce_numbers(1, 5);
  open();
  ASSERT_TRUE(source_->assign({{1, 3}}).ok());
  const Read some = read(2);
  EXPECT_EQ(some.records, (Positions{{1, 3}, {1, 4}}));
  EXPECT_EQ(some.values, (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(some.positions, (Positions{{1, 5}}));

  ASSERT_TRUE(source_->assign({{0, ingest::kOffsetBeginning}, {1, 5}}).ok());
  produce_numbers(1, 1);
  const Read both = read(6);
  EXPECT_EQ(both.records.size(), 6u);
  EXPECT_EQ(both.positions, (Positions{{0, 5}, {1, 6}}));
}

TEST_F(KafkaSourceTest, BackwardsReadsAgain) {
  produce_numbers(0, 4);
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  EXPECT_EQ(read(4).records.size(), 4u);
  ASSERT_TRUE(source_->assign({{0, 2}}).ok());
  EXPECT_EQ(read(2).records, (Positions{{0, 2}, {0, 3}}));
}

TEST_F(KafkaSourceTest, KeysTombstonesAndEmptyValues) {
  produce(0, "k1", "v1");
  produce(0, "k2", std::nullopt);
  produce(0, "k3", "");
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  Batch batch;
  std::vector<std::string> seen;
  for (int i = 0; i < 100 && seen.size() < 3; ++i) {
    ASSERT_TRUE(source_->poll(10, 1 << 20, 100, batch).ok());
    for (const auto& message : batch.messages) {
      seen.push_back(fmt::format("{}={}{}", message.key, message.value, message.is_tombstone ? "(gone)" : ""));
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"k1=v1", "k2=(gone)", "k3="}));
}

TEST_F(KafkaSourceTest, BatchesAreBounded) {
  produce_numbers(0, 20);
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  Batch batch;
  size_t total = 0;
  for (int i = 0; i < 100 && total < 20; ++i) {
    ASSERT_TRUE(source_->poll(3, 1 << 20, 100, batch).ok());
    ASSERT_LE(batch.messages.size(), 3u);
    total += batch.messages.size();
  }
  EXPECT_EQ(total, 20u);
}

TEST_F(KafkaSourceTest, OutOfRangeIsReportedAndMended) {
  produce_numbers(0, 3);
  open();
  ASSERT_TRUE(source_->assign({{0, 100}}).ok());
  const Read lost = read(1);
  EXPECT_EQ(lost.out_of_range, (std::vector<int32_t>{0}));
  EXPECT_TRUE(lost.records.empty());
  EXPECT_NE(source_->last_error().find("partition 0 of topic t"), std::string::npos);
  ASSERT_TRUE(source_->assign({{0, 1}}).ok());
  EXPECT_EQ(read(2).records, (Positions{{0, 1}, {0, 2}}));
}

TEST_F(KafkaSourceTest, AnIdleTopicIsNoErrorAndKeepsTheTimeLimit) {
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  Batch batch;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(source_->poll(10, 1 << 20, 50, batch).ok());
  EXPECT_TRUE(batch.messages.empty());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(KafkaSourceTest, AnIdleTopicKeepsTheTimeLimitWhenTheClockIsSetBack) {
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  Batch batch;
  const auto start = std::chrono::steady_clock::now();
  set_back_seconds = 20;
  EXPECT_TRUE(source_->poll(10, 1 << 20, 50, batch).ok());
  set_back_seconds = 0;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_GT(timed_waits, 0) << "librdkafka waits elsewhere: this test shows nothing";
}

TEST_F(KafkaSourceTest, ReadingGoesOnWhenTheClockJumps) {
  constexpr int64_t kDay = 86'400;
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  int64_t next = 0;
  for (const int64_t error : {int64_t{0}, -3 * kDay, 400 * kDay, -kDay, int64_t{0}}) {
    clock_error_seconds = error;
    produce_numbers(0, 3);
    EXPECT_EQ(read(3).records, (Positions{{0, next}, {0, next + 1}, {0, next + 2}})) << error;
    next += 3;
    // A call that is being waited for when the clock is set forward ends early: it may fail, and is made again.
    auto marks = source_->watermarks({0});
    for (int i = 0; i < 3 && !marks.ok(); ++i) marks = source_->watermarks({0});
    EXPECT_TRUE(marks.ok() && marks->at(0).high == next) << marks.status().message();
  }
  clock_error_seconds = 0;
}

TEST_F(KafkaSourceTest, BrokerAwayIsNotedAndReadingGoesOn) {
  produce_numbers(0, 1);
  open();
  ASSERT_TRUE(source_->assign({{0, 0}}).ok());
  EXPECT_EQ(read(1).records.size(), 1u);
  rd_kafka_mock_broker_set_down(cluster_, 1);
  Batch batch;
  for (int i = 0; i < 100 && source_->last_error().empty(); ++i) std::ignore = source_->poll(10, 1 << 20, 50, batch);
  EXPECT_NE(source_->last_error(), "");
  EXPECT_EQ(source_->watermarks({0}).status().code(), StatusCode::kUnavailable);
  rd_kafka_mock_broker_set_up(cluster_, 1);
  produce_numbers(0, 1);
  EXPECT_EQ(read(1).records, (Positions{{0, 1}}));
}

TEST_F(KafkaSourceTest, UnknownAndDangerousPropertiesAreRefusedByName) {
  const auto refusal = [this](const std::string& name, const std::string& value) {
    properties_.client_properties = {{name, value}};
    const auto source = KafkaSourceFactory().open(properties_);
    EXPECT_EQ(source.status().code(), StatusCode::kInvalidArgument) << name;
    EXPECT_NE(source.status().message().find(name), std::string::npos) << source.status().message();
  };
  refusal("fetch.wait.mx.ms", "10");
  refusal("fetch.wait.max.ms", "soon");
  refusal("plugin.library.paths", "/tmp/evil.so");
  refusal("sasl.kerberos.kinit.cmd", "rm -rf .");
  refusal("sasl.kerberos.principal", "x; rm -rf .");
}

TEST_F(KafkaSourceTest, PropertiesOfOtherSystemsScriptsAreAccepted) {
  properties_.client_properties = {
      {"group.id", "g"}, {"client.id", "c"}, {"enable.auto.commit", "true"}, {"auto.offset.reset", "latest"}};
  produce_numbers(0, 1);
  open();
  ASSERT_TRUE(source_->assign({{0, 7}}).ok());
  EXPECT_EQ(read(1).out_of_range, (std::vector<int32_t>{0})) << "no jump to the end";
}

TEST_F(KafkaSourceTest, BrokersAndTopicMustBeGiven) {
  properties_.topic = "";
  EXPECT_EQ(KafkaSourceFactory().open(properties_).status().code(), StatusCode::kInvalidArgument);
  properties_.topic = "t";
  properties_.brokers = "";
  EXPECT_EQ(KafkaSourceFactory().open(properties_).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace freshet::connectors
