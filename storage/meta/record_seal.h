#pragma once

#include <string>
#include <string_view>

#include "storage/base/coding.h"
#include "storage/base/result.h"

/// What all records of the metadata store have in common: a version byte first, the CRC32C of all before it last.
namespace freshet::storage {

std::string begin_record(uint8_t version);
/// Adds the checksum.
std::string seal(std::string bytes);
/// The reader stands behind the version, which is the first of `bytes`. Corruption for a version above `newest`, and for
/// what seal() did not make.
Result<ByteReader> unseal(std::string_view bytes, std::string_view what, uint8_t newest);
/// REQUIRES: every value was read.
Status check_end(const ByteReader& reader, std::string_view what);

}  // namespace freshet::storage
