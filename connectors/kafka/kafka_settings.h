#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

#include "ingest/stream_source.h"
#include "storage/base/result.h"

namespace freshet::connectors {

struct KafkaSettingsDeleter {
  void operator()(rd_kafka_conf_t* settings) const { rd_kafka_conf_destroy(settings); }
};
using KafkaSettings = std::unique_ptr<rd_kafka_conf_t, KafkaSettingsDeleter>;

/// The client settings of a stream: Freshet's defaults, then the user's properties, then what exactly-once needs and nobody
/// may change (offsets live in Freshet's commits alone, an offset out of range is reported and not jumped over). A user's
/// property that loses to the last kind is named in the log. `group.id` is accepted and not used: no group is joined.
///
/// InvalidArgument names a property that librdkafka does not know, whose value it refuses, or that could run a program or
/// load a library in the server.
Result<KafkaSettings> kafka_settings(const ingest::StreamProperties& properties);

}  // namespace freshet::connectors
