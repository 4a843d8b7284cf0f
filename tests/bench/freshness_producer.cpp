/// Writes rows into a Kafka topic at an even rate, each with the time at which it was handed to the client:
///
///   freshness_producer BROKERS TOPIC ROWS_PER_SECOND SECONDS KEYS PROBES PROBES_PER_SECOND
///
/// Keys 0 to PROBES - 1 are written in turn, evenly in time; the other rows have random keys from PROBES to KEYS - 1. A row
/// is
/// {"id": key, "n": number of the row, "stamp": microseconds since 1970, "name": ..., "amount": ...}. At the end it prints
/// the rows it sent, the seconds it took, and the microseconds by which its worst row was late.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(1);
constexpr int kFlushTimeoutMs = 30'000;

int64_t unix_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int64_t failures = 0;

void count_failure(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) ++failures;
}

rd_kafka_t* make_producer(const char* brokers) {
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  char reason[512];
  for (const auto& [name, value] : {std::pair("bootstrap.servers", brokers), std::pair("enable.idempotence", "true"),
                                    std::pair("linger.ms", "5"), std::pair("queue.buffering.max.messages", "1000000")}) {
    if (rd_kafka_conf_set(settings, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s\n", reason);
      std::exit(1);
    }
  }
  rd_kafka_conf_set_dr_msg_cb(settings, &count_failure);
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, settings, reason, sizeof(reason));
  if (producer == nullptr) {
    std::fprintf(stderr, "%s\n", reason);
    std::exit(1);
  }
  return producer;
}

void produce(rd_kafka_t* producer, const char* topic, int64_t key, int64_t number) {
  char value[256];
  const int size =
      std::snprintf(value, sizeof(value), R"({"id":%ld,"n":%ld,"stamp":%ld,"name":"customer %ld","amount":%ld.%02ld})", key,
                    number, unix_micros(), key % 9973, number % 10'000, number % 100);
  const std::string key_text = std::to_string(key);
  while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key_text.data(), key_text.size()),
                           RD_KAFKA_V_VALUE(value, static_cast<size_t>(size)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                           RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    rd_kafka_poll(producer, 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "freshness_producer BROKERS TOPIC ROWS_PER_SECOND SECONDS KEYS PROBES PROBES_PER_SECOND\n");
    return 2;
  }
  const char* topic = argv[2];
  const int64_t rate = std::atoll(argv[3]);
  const int64_t rows = rate * std::atoll(argv[4]);
  const int64_t keys = std::atoll(argv[5]);
  const int64_t probes = std::atoll(argv[6]);
  const int64_t rows_for_each_probe = std::max<int64_t>(1, rate / std::atoll(argv[7]));
  rd_kafka_t* producer = make_producer(argv[1]);
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> other_key(probes, keys - 1);

  const Clock::time_point begin = Clock::now();
  int64_t latest_micros = 0;
  for (int64_t sent = 0; sent < rows;) {
    const int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    const int64_t due = std::min(rows, micros * rate / 1'000'000);
    if (sent < due) latest_micros = std::max(latest_micros, micros - sent * 1'000'000 / rate);
    for (; sent < due; ++sent) {
      const bool is_probe = sent % rows_for_each_probe == 0;
      produce(producer, topic, is_probe ? sent / rows_for_each_probe % probes : other_key(random), sent);
    }
    rd_kafka_poll(producer, 0);
    std::this_thread::sleep_for(kTick);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  rd_kafka_flush(producer, kFlushTimeoutMs);
  const bool is_sent = failures == 0 && rd_kafka_outq_len(producer) == 0;
  rd_kafka_destroy(producer);
  std::printf("%ld %.3f %ld\n", rows, seconds, latest_micros);
  return is_sent ? 0 : 1;
}
