#include "storage/encoding/scaled_frame.h"

namespace freshet::storage {

void encode_scaled_frame(Int128 smallest, uint64_t scale, std::span<const uint64_t> quotients, unsigned bits,
                         std::string& out) {
  put_fixed(out, smallest);
  put_fixed<uint32_t>(out, bits);
  put_fixed<uint32_t>(out, 0);
  put_fixed<uint64_t>(out, scale);
  pack_deltas<uint64_t>(quotients.data(), quotients.size(), 0, bits, out);
}

}  // namespace freshet::storage
