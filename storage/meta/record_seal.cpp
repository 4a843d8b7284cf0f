#include "storage/meta/record_seal.h"

#include "storage/base/crc32c.h"

namespace freshet::storage {

std::string begin_record(uint8_t version) { return std::string(1, static_cast<char>(version)); }

std::string seal(std::string bytes) {
  put_fixed<uint32_t>(bytes, crc32c(bytes));
  return bytes;
}

/// Versions 1 to `newest` are read; the reader stands behind the version.
Result<ByteReader> unseal(std::string_view bytes, std::string_view what, uint8_t newest) {
  if (bytes.size() < 5) return Status::Corruption("{} record of {} bytes is cut off", what, bytes.size());
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (crc32c(body) != load_fixed<uint32_t>(bytes.data() + body.size())) {
    return Status::Corruption("{} record has a wrong checksum", what);
  }
  const auto version = static_cast<uint8_t>(body[0]);
  if (version < 1 || version > newest) {
    return Status::Corruption("{} record has version {}, this program reads version {}", what, unsigned{version},
                              unsigned{newest});
  }
  return ByteReader(body.substr(1));
}

Status check_end(const ByteReader& reader, std::string_view what) {
  if (!reader.ok() || !reader.at_end()) return Status::Corruption("{} record has a wrong length", what);
  return Status::OK();
}

}  // namespace freshet::storage
