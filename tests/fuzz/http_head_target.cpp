#include <sys/socket.h>
#include <unistd.h>

#include "connectors/http/host_header.h"
#include "connectors/http/request_reader.h"
#include "connectors/http/router.h"
#include "fuzz/targets.h"
#include "ingest/column_mapping.h"
#include "ingest/load_request.h"
#include "storage/base/assert.h"

namespace freshet::fuzz {
namespace {

const TableSchema& schema() {
  static const TableSchema made = [] {
    TableSchema schema;
    schema.columns = {{ColumnId(1), "id", {.kind = TypeKind::kBigInt}},
                      {ColumnId(2), "name", {.kind = TypeKind::kString}},
                      {ColumnId(3), "amount", {.kind = TypeKind::kDouble}}};
    schema.columns[0].is_key = true;
    schema.key_count = 1;
    return schema;
  }();
  return made;
}

void use(const connectors::http::RequestHead& head) {
  const auto authority = connectors::http::link_authority(head, {"127.0.0.1", 8030});
  FRESHET_ASSERT(authority.find_first_of("\r\n \"<>/@") == std::string::npos);
  const auto route = connectors::http::find_route(head.method, head.target);
  if (route.ok()) FRESHET_ASSERT(route->database.find('\0') == std::string::npos);
  ingest::LoadRequest request;
  if (!ingest::apply_load_properties(head.headers, request).ok()) return;
  FRESHET_ASSERT(!request.column_separator.empty() && !request.line_delimiter.empty());
  FRESHET_ASSERT(request.max_filter_ratio >= 0 && request.max_filter_ratio <= 1);
  FRESHET_ASSERT(request.label.size() <= 128);
  const auto mapping = ingest::map_columns(request, schema());
  if (!mapping.ok()) return;
  for (size_t position : mapping->given) FRESHET_ASSERT(position < schema().columns.size());
}

}  // namespace

void http_head(std::string_view input) {
  constexpr size_t kMostBytes = 64 * 1024;  // what a socket takes without a reader
  int ends[2];
  FRESHET_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  connectors::Socket socket(ends[0]);
  const std::string_view sent = input.substr(0, kMostBytes);
  FRESHET_ASSERT(send(ends[1], sent.data(), sent.size(), 0) == static_cast<ssize_t>(sent.size()));
  close(ends[1]);
  connectors::http::RequestReader reader(socket, {});
  for (;;) {
    connectors::http::RequestHead head;
    connectors::http::RequestRefusal refusal;
    if (reader.read_head(head, refusal) != connectors::http::RequestReader::HeadOutcome::kRequest) return;
    use(head);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string_view piece;
    auto outcome = connectors::http::RequestReader::BodyOutcome::kPiece;
    while (outcome == connectors::http::RequestReader::BodyOutcome::kPiece) outcome = reader.read_piece(piece, deadline);
    FRESHET_ASSERT(reader.body_bytes() <= sent.size());
    if (outcome != connectors::http::RequestReader::BodyOutcome::kEnd) return;
  }
}

}  // namespace freshet::fuzz
