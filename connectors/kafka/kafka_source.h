#pragma once

#include <memory>

#include "ingest/stream_source.h"
#include "storage/base/result.h"

namespace freshet::connectors {

/// Opens Kafka topics as streams, with librdkafka. Any thread.
///
/// Each stream is a client of its own that reads given partitions from given offsets: it joins no consumer group and stores
/// no offset at the broker. Its calls to the broker end after the request timeout; opening one makes none.
class KafkaSourceFactory final : public ingest::StreamSourceFactory {
 public:
  static constexpr int kRequestTimeoutMs = 5000;

  explicit KafkaSourceFactory(int request_timeout_ms = kRequestTimeoutMs) : request_timeout_ms_(request_timeout_ms) {}
  Result<std::unique_ptr<ingest::StreamSource>> open(const ingest::StreamProperties& properties) override;

 private:
  const int request_timeout_ms_;
};

}  // namespace freshet::connectors
