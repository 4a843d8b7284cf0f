#include "connectors/load_client/file_format.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <filesystem>

#include "ingest/decode/byte_order_mark.h"

namespace freshet::connectors::load_client {

namespace {

struct Suffix {
  std::string_view suffix;
  std::string_view value;
};

constexpr Suffix kFormats[] = {{".csv", "csv"},    {".tsv", "tsv"},         {".json", "json"},   {".ndjson", "ndjson"},
                               {".jsonl", "json"}, {".parquet", "parquet"}, {".arrow", "arrow"}, {".orc", "orc"}};
constexpr Suffix kCompressions[] = {{".gz", "gz"},   {".gzip", "gz"}, {".zst", "zstd"},        {".zstd", "zstd"},
                                    {".lz4", "lz4"}, {".bz2", "bz2"}, {".deflate", "deflate"}, {".snappy", "snappy"}};

bool same_name(std::string_view left, std::string_view right) {
  return boost::beast::iequals({left.data(), left.size()}, {right.data(), right.size()});
}

template <size_t N>
std::string_view value_of(const Suffix (&table)[N], std::string_view suffix) {
  for (const Suffix& known : table) {
    if (same_name(known.suffix, suffix)) return known.value;
  }
  return {};
}

Headers headers_of_format(std::string_view format) {
  if (same_name(format, "tsv")) return {{"format", "csv"}};
  if (same_name(format, "ndjson")) return {{"format", "json"}, {"read_json_by_line", "true"}};
  Headers headers{{"format", std::string(format)}};
  if (format.size() >= 3 && same_name(format.substr(0, 3), "csv")) {
    headers.emplace_back("column_separator", ",");
    headers.emplace_back("enclose", "\"");
  }
  return headers;
}

auto find_header(Headers& headers, std::string_view name) {
  return std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return same_name(header.first, name); });
}

}  // namespace

Result<Headers> headers_of(std::string_view file_name, std::string_view format) {
  std::filesystem::path path(file_name);
  const std::string_view compression = value_of(kCompressions, path.extension().native());
  if (!compression.empty()) path.replace_extension();
  const std::string_view by_suffix = value_of(kFormats, path.extension().native());
  if (format.empty() && by_suffix.empty()) {
    return Status::NotFound(
        "{}: its suffix tells no format (.csv, .tsv, .json, .ndjson, .jsonl, .parquet, .arrow, .orc, each with .gz, .zst, "
        ".lz4, .bz2, .deflate or .snappy behind it): say --format",
        file_name);
  }
  Headers headers = headers_of_format(format.empty() ? by_suffix : format);
  if (!compression.empty()) headers.emplace_back("compress_type", std::string(compression));
  return headers;
}

Headers merged(Headers defaults, const Headers& given) {
  for (const auto& [name, value] : given) {
    const auto found = find_header(defaults, name);
    if (found != defaults.end()) defaults.erase(found);
    if (!value.empty()) defaults.emplace_back(name, value);
  }
  return defaults;
}

std::string_view header_value(const Headers& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (same_name(header.first, name)) return header.second;
  }
  return {};
}

void settle_json(Headers& headers, std::string_view first_bytes) {
  if (!same_name(header_value(headers, "format"), "json") || !header_value(headers, "compress_type").empty()) return;
  if (!header_value(headers, "strip_outer_array").empty() || !header_value(headers, "read_json_by_line").empty()) return;
  first_bytes.remove_prefix(ingest::byte_order_mark(first_bytes).value_or(0));
  const size_t first = first_bytes.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && first_bytes[first] == '[') headers.emplace_back("strip_outer_array", "true");
}

}  // namespace freshet::connectors::load_client
