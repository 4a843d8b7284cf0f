#include "fuzz/body_check.h"
#include "fuzz/fuzz_input.h"
#include "fuzz/targets.h"

void freshet::fuzz::json(std::string_view bytes) {
  FuzzInput input(bytes);
  const uint8_t flags = input.byte();
  ingest::LoadRequest request;
  request.format = ingest::LoadFormat::kJson;
  request.strip_outer_array = (flags & 1) != 0;
  request.read_json_by_line = (flags & 2) != 0;
  request.num_as_string = (flags & 4) != 0;
  request.strict_mode = (flags & 8) != 0;
  if ((flags & 16) != 0) request.json_root = "$.data";
  if ((flags & 32) != 0) {
    request.columns = {"id", "name", "doc"};
    request.jsonpaths = {"$.id", "$.a[1].b", "$.doc"};
  }
  const bool is_record = (flags & 64) != 0;
  const size_t piece_bytes = 1 + input.byte() % 37;
  if (is_record) return check_record(request, input.rest());
  check_body(request, input.rest(), piece_bytes);
}
