#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "ingest/load_request.h"

namespace freshet::ingest {

/// How much text a compressed body may become, so that a few bytes cannot fill the server with rows.
struct ExpansionLimits {
  uint64_t max_bytes = 40ull << 30;  ///< decompressed
  /// Decompressed for each compressed byte; looked at beyond kFreeExpansionBytes, below which any ratio is harmless.
  uint64_t max_ratio = 250;
};
inline constexpr uint64_t kFreeExpansionBytes = 64ull << 20;

/// Decompresses a body while it arrives. Several compressed members one behind the other are read as one text. Memory is
/// bounded by the window of the format (at most 128 MiB, ZSTD's largest) and one piece of output. One thread.
class Decompressor {
 public:
  using Sink = std::function<Status(std::string_view)>;

  virtual ~Decompressor() = default;
  /// Takes the next compressed bytes, cut anywhere. InvalidArgument for damaged data, ResourceExhausted beyond the limits,
  /// or what the sink answered.
  virtual Status feed(std::string_view bytes, const Sink& sink) = 0;
  /// The body is complete. InvalidArgument when its compressed data is not; a body of no bytes is a text of none.
  virtual Status finish() = 0;
};

/// kSnappyFrame is Snappy's framing format (a stream of checksummed chunks); kDeflate is zlib's format or raw deflate,
/// whichever it is. REQUIRES: compression != kNone.
std::unique_ptr<Decompressor> make_decompressor(Compression compression, const ExpansionLimits& limits);

/// "gz", "zstd" ... as compress_type names it.
std::string_view compression_name(Compression compression);

}  // namespace freshet::ingest
