#pragma once

#include <string>
#include <string_view>

#include "ingest/stream_load.h"

namespace freshet::connectors::http {

/// "Success", "Label Already Exists" or "Fail".
std::string_view load_status_text(const Status& status);

/// The answer of a Stream Load as its clients parse it: Doris's fields in Doris's order, indented by four, with a newline at
/// the end. A load that was refused before it had a transaction has TxnId -1. `error_url` is written when it is not empty.
std::string load_answer(const ingest::LoadReport& report, std::string_view error_url);

}  // namespace freshet::connectors::http
