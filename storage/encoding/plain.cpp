#include "storage/encoding/plain.h"

namespace freshet::storage {

void encode_plain_bytes(std::span<const std::string_view> values, std::string& out) {
  uint32_t offset = 0;
  put_fixed(out, offset);
  for (std::string_view value : values) {
    offset += static_cast<uint32_t>(value.size());
    put_fixed(out, offset);
  }
  out.reserve(out.size() + offset);
  for (std::string_view value : values) out.append(value);
}

size_t BytesView::valid_size(std::string_view body, size_t count) {
  const size_t offsets_bytes = (count + 1) * sizeof(uint32_t);
  if (body.size() < offsets_bytes || load_fixed<uint32_t>(body.data()) != 0) return 0;
  bool ascending = true;
  uint32_t previous = 0;
  for (size_t i = 1; i <= count; ++i) {
    const uint32_t offset = load_fixed<uint32_t>(body.data() + i * sizeof(uint32_t));
    ascending &= offset >= previous;
    previous = offset;
  }
  return ascending && previous <= body.size() - offsets_bytes ? offsets_bytes + previous : 0;
}

}  // namespace freshet::storage
