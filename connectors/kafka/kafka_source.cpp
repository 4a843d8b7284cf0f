#include "connectors/kafka/kafka_source.h"

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "connectors/kafka/kafka_error.h"
#include "connectors/kafka/kafka_settings.h"

namespace freshet::connectors {

namespace {

/// Records taken from librdkafka at once: more only stretch how far a batch goes beyond its bytes.
constexpr size_t kTakenAtOnce = 1024;
constexpr size_t kRecordsBetweenWakes = 50'000;
constexpr int kWakeTimeoutMs = 10;

static_assert(ingest::kOffsetBeginning == RD_KAFKA_OFFSET_BEGINNING && ingest::kOffsetEnd == RD_KAFKA_OFFSET_END);

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>>;

/// A file descriptor that can be read when the queue has got something. Waiting on it keeps its time; librdkafka's own waits
/// end by the wall clock, and go on for as long as that is set back.
class ArrivalBell {
 public:
  ArrivalBell() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~ArrivalBell() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  ArrivalBell(const ArrivalBell&) = delete;
  ArrivalBell& operator=(const ArrivalBell&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  void ring_for(rd_kafka_queue_t* queue) const {
    constexpr uint64_t kOne = 1;
    rd_kafka_queue_io_event_enable(queue, descriptor_, &kOne, sizeof(kOne));
  }
  void wait(int timeout_ms) const {
    pollfd waited{descriptor_, POLLIN, 0};
    uint64_t rings = 0;
    if (::poll(&waited, 1, timeout_ms) == 1) std::ignore = read(descriptor_, &rings, sizeof(rings));
  }

 private:
  const int descriptor_;
};

/// The last error that the client told of beside its records.
class ErrorNote {
 public:
  void set(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  std::string get() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

void note_error(rd_kafka_t*, int error, const char* reason, void* note) {
  const char* name = rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error));
  static_cast<ErrorNote*>(note)->set(fmt::format("{}: {}", name, reason));
}

/// One topic through librdkafka's partition-wise consumer: all partitions feed one queue, which poll() empties.
class KafkaSource final : public ingest::StreamSource {
 public:
  static Result<std::unique_ptr<ingest::StreamSource>> open(const ingest::StreamProperties& properties,
                                                            int request_timeout_ms);
  ~KafkaSource() override;

  Result<std::vector<int32_t>> partitions() override;
  Result<std::map<int32_t, ingest::PartitionWatermarks>> watermarks(const std::vector<int32_t>& partitions) override;
  Result<int64_t> offset_for_time(int32_t partition, int64_t unix_ms) override;
  Status assign(const std::vector<std::pair<int32_t, int64_t>>& offsets) override;
  Status poll(uint64_t max_messages, uint64_t max_bytes, int timeout_ms, Batch& batch) override;
  std::string last_error() const override { return note_.get(); }

 private:
  struct Assigned {
    std::optional<int64_t> position;  ///< offset of the next record; none while a named offset is not resolved
    bool is_stopped = false;          ///< out of range: reads nothing until it is assigned anew
  };

  KafkaSource(std::string name, int request_timeout_ms) : name_(std::move(name)), request_timeout_ms_(request_timeout_ms) {}

  /// The first offset of each partition at or after a time in milliseconds, or kOffsetBeginning or kOffsetEnd; negative when
  /// there is none.
  Result<std::map<int32_t, int64_t>> list_offsets(const std::vector<int32_t>& partitions, int64_t time);
  std::string partition_name(int32_t partition) const { return fmt::format("partition {} of {}", partition, name_); }
  Status stop(int32_t partition);
  void release();
  void wake_fetcher(size_t new_records);
  /// Takes up to `count` events within `timeout_ms` into taken_; the new ones begin at the returned index.
  size_t take(size_t count, int timeout_ms);
  /// Sorts one event into the batch; the bytes of a record, 0 for other events.
  uint64_t add(const rd_kafka_message_t& event, Batch& batch);
  void add_error(const rd_kafka_message_t& event, Assigned& assigned, Batch& batch);

  const std::string name_;  ///< "topic t at host:port", for messages
  const int request_timeout_ms_;
  ErrorNote note_;
  ArrivalBell bell_;  // ends behind the client, whose threads ring it
  Client client_;
  Topic topic_;
  Queue queue_;
  std::map<int32_t, Assigned> assigned_;
  size_t records_since_wake_ = 0;
  std::vector<rd_kafka_message_t*> taken_;  ///< events of the last poll, which its batch points into
  Status pending_;                          ///< an error that came behind records, for the next poll
};

Result<std::unique_ptr<ingest::StreamSource>> KafkaSource::open(const ingest::StreamProperties& properties,
                                                                int request_timeout_ms) {
  std::unique_ptr<KafkaSource> source(
      new KafkaSource(fmt::format("topic {} at {}", properties.topic, properties.brokers), request_timeout_ms));
  FRESHET_ASSIGN_OR_RETURN(KafkaSettings settings, kafka_settings(properties));
  rd_kafka_conf_set_opaque(settings.get(), &source->note_);
  rd_kafka_conf_set_error_cb(settings.get(), &note_error);

  char reason[512];
  source->client_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, settings.get(), reason, sizeof(reason)));
  if (source->client_ == nullptr) {
    // The other reason is that its threads did not start in time, by the wall clock.
    const bool is_wrong = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG;
    return Status(is_wrong ? StatusCode::kInvalidArgument : StatusCode::kUnavailable,
                  fmt::format("cannot read {}: {}", source->name_, reason));
  }
  std::ignore = settings.release();  // the client's now
  source->topic_.reset(rd_kafka_topic_new(source->client_.get(), properties.topic.c_str(), nullptr));
  if (source->topic_ == nullptr) {
    return Status::InvalidArgument("cannot read {}: {}", source->name_, rd_kafka_err2str(rd_kafka_last_error()));
  }
  if (!source->bell_.is_open())
    return Status::ResourceExhausted("cannot read {}: no file descriptor is free", source->name_);
  source->queue_.reset(rd_kafka_queue_new(source->client_.get()));
  source->bell_.ring_for(source->queue_.get());
  return std::unique_ptr<ingest::StreamSource>(std::move(source));
}

KafkaSource::~KafkaSource() {
  release();
  for (const auto& [partition, assigned] : assigned_) rd_kafka_consume_stop(topic_.get(), partition);
}

Result<std::vector<int32_t>> KafkaSource::partitions() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client_.get(), 0, topic_.get(), &metadata, request_timeout_ms_);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(error, "cannot list the partitions of " + name_);
  const std::unique_ptr<const rd_kafka_metadata_t, Destroy<rd_kafka_metadata_destroy>> owner(metadata);
  if (metadata->topic_cnt != 1) return Status::NotFound("{} does not exist", name_);
  const rd_kafka_metadata_topic_t& topic = metadata->topics[0];
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(topic.err, "cannot list the partitions of " + name_);

  std::vector<int32_t> partitions;
  for (int i = 0; i < topic.partition_cnt; ++i) partitions.push_back(topic.partitions[i].id);
  std::ranges::sort(partitions);
  return partitions;
}

Result<std::map<int32_t, ingest::PartitionWatermarks>> KafkaSource::watermarks(const std::vector<int32_t>& partitions) {
  FRESHET_ASSIGN_OR_RETURN(const auto low, list_offsets(partitions, ingest::kOffsetBeginning));
  FRESHET_ASSIGN_OR_RETURN(const auto high, list_offsets(partitions, ingest::kOffsetEnd));
  std::map<int32_t, ingest::PartitionWatermarks> marks;
  for (const int32_t partition : partitions) marks[partition] = {low.at(partition), high.at(partition)};
  return marks;
}

Result<int64_t> KafkaSource::offset_for_time(int32_t partition, int64_t unix_ms) {
  FRESHET_ASSIGN_OR_RETURN(auto offsets, list_offsets({partition}, unix_ms));
  if (offsets[partition] >= 0) return offsets[partition];
  // When no record is so late, the first one will be the next to be written.
  FRESHET_ASSIGN_OR_RETURN(auto ends, list_offsets({partition}, ingest::kOffsetEnd));
  return ends[partition];
}

Result<std::map<int32_t, int64_t>> KafkaSource::list_offsets(const std::vector<int32_t>& partitions, int64_t time) {
  std::map<int32_t, int64_t> offsets;
  if (partitions.empty()) return offsets;
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const int32_t partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), rd_kafka_topic_name(topic_.get()), partition)->offset = time;
  }
  // Not rd_kafka_query_watermark_offsets: it waits for minutes beyond its timeout while the broker is away.
  const auto error = rd_kafka_offsets_for_times(client_.get(), list.get(), request_timeout_ms_);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(error, "cannot ask for offsets of " + name_);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& answer = list->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_status(answer.err, "cannot ask for offsets of " + partition_name(answer.partition));
    }
    offsets[answer.partition] = answer.offset;
  }
  note_.set({});  // all leaders answer
  return offsets;
}

Status KafkaSource::assign(const std::vector<std::pair<int32_t, int64_t>>& offsets) {
  release();
  pending_ = Status::OK();
  const std::map<int32_t, int64_t> wanted(offsets.begin(), offsets.end());
  for (auto assigned = assigned_.begin(); assigned != assigned_.end();) {
    const auto keep = wanted.find(assigned->first);
    const bool reads_on = keep != wanted.end() && !assigned->second.is_stopped && assigned->second.position == keep->second;
    if (reads_on) {
      ++assigned;
      continue;
    }
    FRESHET_RETURN_IF_ERROR(stop(assigned->first));
    assigned = assigned_.erase(assigned);
  }

  for (const auto& [partition, offset] : wanted) {
    if (assigned_.contains(partition)) continue;
    if (rd_kafka_consume_start_queue(topic_.get(), partition, offset, queue_.get()) != 0) {
      return kafka_status(rd_kafka_last_error(), "cannot read " + partition_name(partition));
    }
    assigned_[partition].position = offset >= 0 ? std::optional(offset) : std::nullopt;
  }
  return Status::OK();
}

Status KafkaSource::stop(int32_t partition) {
  if (rd_kafka_consume_stop(topic_.get(), partition) == 0) return Status::OK();
  return kafka_status(rd_kafka_last_error(), "cannot stop reading " + partition_name(partition));
}

void KafkaSource::release() {
  for (rd_kafka_message_t* event : taken_) rd_kafka_message_destroy(event);
  taken_.clear();
}

Status KafkaSource::poll(uint64_t max_messages, uint64_t max_bytes, int timeout_ms, Batch& batch) {
  batch.messages.clear();
  batch.out_of_range.clear();
  batch.positions.clear();
  release();
  rd_kafka_poll(client_.get(), 0);  // calls note_error
  if (!pending_.ok()) return std::exchange(pending_, Status::OK());

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  uint64_t bytes = 0;
  while (batch.messages.size() < max_messages && bytes < max_bytes) {
    // Waits for the first record alone: librdkafka would wait until the batch is full.
    const bool waits = batch.messages.empty();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const size_t count = waits ? 1 : std::min<uint64_t>(kTakenAtOnce, max_messages - batch.messages.size());
    const size_t first = take(count, waits ? std::max(0, static_cast<int>(left.count())) : 0);
    // The bell may have rung for what was taken before.
    if (first == taken_.size() && waits && std::chrono::steady_clock::now() < deadline) continue;
    if (first == taken_.size()) break;
    for (size_t i = first; i < taken_.size(); ++i) bytes += add(*taken_[i], batch);
    if (waits && (!batch.out_of_range.empty() || !pending_.ok())) break;
  }

  if (!batch.messages.empty() && pending_.ok() && batch.out_of_range.empty()) note_.set({});
  wake_fetcher(batch.messages.size());
  for (const auto& [partition, assigned] : assigned_) {
    if (assigned.position.has_value()) batch.positions.emplace_back(partition, *assigned.position);
  }
  const bool is_empty = batch.messages.empty() && batch.out_of_range.empty();
  return is_empty ? std::exchange(pending_, Status::OK()) : Status::OK();
}

/// When its queue is full, librdkafka 2.0 fetches again only after a second, however soon the queue is emptied, unless its
/// broker threads have something else to do. So while much is read they are asked for something small.
void KafkaSource::wake_fetcher(size_t new_records) {
  records_since_wake_ += new_records;
  if (records_since_wake_ < kRecordsBetweenWakes || rd_kafka_queue_length(queue_.get()) > kRecordsBetweenWakes) return;
  records_since_wake_ = 0;
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(assigned_.size())));
  for (const auto& [partition, assigned] : assigned_) {
    rd_kafka_topic_partition_list_add(list.get(), rd_kafka_topic_name(topic_.get()), partition)->offset = ingest::kOffsetEnd;
  }
  rd_kafka_offsets_for_times(client_.get(), list.get(), kWakeTimeoutMs);
}

size_t KafkaSource::take(size_t count, int timeout_ms) {
  const size_t first = taken_.size();
  taken_.resize(first + count);
  ssize_t taken = rd_kafka_consume_batch_queue(queue_.get(), 0, taken_.data() + first, count);
  if (taken == 0 && timeout_ms > 0) {
    bell_.wait(timeout_ms);
    taken = rd_kafka_consume_batch_queue(queue_.get(), 0, taken_.data() + first, count);
  }
  taken_.resize(first + static_cast<size_t>(std::max<ssize_t>(taken, 0)));
  return first;
}

uint64_t KafkaSource::add(const rd_kafka_message_t& event, Batch& batch) {
  const auto found = assigned_.find(event.partition);
  if (found == assigned_.end()) return 0;
  Assigned& assigned = found->second;
  if (event.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    add_error(event, assigned, batch);
    return 0;
  }
  if (assigned.position.has_value() && event.offset < *assigned.position) return 0;
  assigned.position = event.offset + 1;

  ingest::StreamMessage& message = batch.messages.emplace_back();
  message.partition = event.partition;
  message.offset = event.offset;
  message.timestamp_ms = rd_kafka_message_timestamp(&event, nullptr);
  message.is_tombstone = event.payload == nullptr;
  if (event.key != nullptr) message.key = {static_cast<const char*>(event.key), event.key_len};
  if (event.payload != nullptr) message.value = {static_cast<const char*>(event.payload), event.len};
  return message.key.size() + message.value.size();
}

void KafkaSource::add_error(const rd_kafka_message_t& event, Assigned& assigned, Batch& batch) {
  if (event.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // Everything below is read or is a mark or an aborted record, which librdkafka leaves out.
    assigned.position = std::max(assigned.position.value_or(0), event.offset);
    note_.set({});
    return;
  }
  const char* detail = rd_kafka_message_errstr(&event);
  pending_ = kafka_status(event.err, "reading " + partition_name(event.partition), detail != nullptr ? detail : "");
  note_.set(pending_.message());
  if (!is_out_of_range(event.err)) return;
  pending_ = Status::OK();
  assigned.is_stopped = true;
  batch.out_of_range.push_back(event.partition);
}

}  // namespace

Result<std::unique_ptr<ingest::StreamSource>> KafkaSourceFactory::open(const ingest::StreamProperties& properties) {
  return KafkaSource::open(properties, request_timeout_ms_);
}

}  // namespace freshet::connectors
