#include "fuzz/body_check.h"
#include "fuzz/fuzz_input.h"
#include "fuzz/targets.h"

void freshet::fuzz::arrow(std::string_view bytes) {
  FuzzInput input(bytes);
  const uint8_t flags = input.byte();
  ingest::LoadRequest request;
  request.format = ingest::LoadFormat::kArrow;
  request.strict_mode = (flags & 0x80) != 0;
  check_body(request, input.rest(), 1 + (flags & 0x7f));
}
