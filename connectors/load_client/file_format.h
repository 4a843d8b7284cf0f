#pragma once

#include <string>
#include <string_view>

#include "connectors/load_client/load_options.h"
#include "storage/base/result.h"

namespace freshet::connectors::load_client {

/// The headers that say what a file of this name holds: its format, and its compression when it has one. `format` is that of
/// --format; empty: the suffix decides (".csv", ".tsv", ".json", ".ndjson", ".jsonl", ".parquet", ".arrow", ".orc", each
/// with
/// ".gz", ".zst", ".lz4", ".bz2", ".deflate" or ".snappy" behind it). NotFound when neither tells.
///
/// CSV means commas and double quotes around fields here, TSV the server's defaults: tabs, and no quotes.
Result<Headers> headers_of(std::string_view file_name, std::string_view format);

/// `defaults` with `given` over them, by name in any case; an empty value takes a default away.
Headers merged(Headers defaults, const Headers& given);

/// The value of the header, empty when it is not there.
std::string_view header_value(const Headers& headers, std::string_view name);

/// Adds strip_outer_array to the headers of JSON whose text begins with an array, unless they say how rows are separated.
void settle_json(Headers& headers, std::string_view first_bytes);

}  // namespace freshet::connectors::load_client
