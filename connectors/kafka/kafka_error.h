#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "storage/base/status.h"

namespace freshet::connectors {

/// The Status of a failed call or of an error event: NotFound (topic, partition), NotAuthorized, Corruption, Internal (the
/// client is broken), Unavailable for all that librdkafka mends by itself. `what` says what was tried, `detail` may be
/// empty.
Status kafka_status(rd_kafka_resp_err_t error, std::string_view what, std::string_view detail = {});

/// The position asked for is not, or no longer, in the partition.
bool is_out_of_range(rd_kafka_resp_err_t error);

}  // namespace freshet::connectors
