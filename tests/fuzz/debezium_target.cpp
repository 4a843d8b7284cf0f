#include "fuzz/body_check.h"
#include "fuzz/fuzz_input.h"
#include "fuzz/targets.h"

void freshet::fuzz::debezium(std::string_view bytes) {
  FuzzInput input(bytes);
  const uint8_t flags = input.byte();
  ingest::LoadRequest request;
  request.format = ingest::LoadFormat::kDebeziumJson;
  request.read_json_by_line = true;
  request.strict_mode = (flags & 0x80) != 0;
  if ((flags & 0x40) != 0) return check_record(request, input.rest());
  check_body(request, input.rest(), 1 + (flags & 0x3f));
}
