#pragma once

#include <string_view>

#include "ingest/load_request.h"

namespace freshet::fuzz {

/// Decodes `body` whole and in pieces of `piece_bytes` into a table with columns of many types, and asserts that the
/// outcome is the same, and the rows and rejected rows of a body that is taken. Rows are at most kBodyRowBytes long.
void check_body(const ingest::LoadRequest& request, std::string_view body, size_t piece_bytes);
/// Decodes `body` as one message of a stream, which never fails.
void check_record(const ingest::LoadRequest& request, std::string_view body);

inline constexpr size_t kBodyRowBytes = 128;
inline constexpr size_t kBodyBatchBytes = 64 * 1024;  ///< of an Arrow stream

}  // namespace freshet::fuzz
