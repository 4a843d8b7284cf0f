#include <string>

#include "fuzz/fuzz_input.h"
#include "fuzz/targets.h"
#include "ingest/decode/decompressor.h"
#include "storage/base/assert.h"

namespace freshet::fuzz {
namespace {

constexpr ingest::ExpansionLimits kLimits{.max_bytes = 256 * 1024, .max_ratio = 50};

/// The text, cut after `kept_bytes`, and how it ended.
struct Outcome {
  Status status;
  std::string text;
  uint64_t bytes = 0;
};

Outcome decompress(ingest::Compression compression, std::string_view body, size_t piece_bytes) {
  Outcome outcome;
  const auto decompressor = ingest::make_decompressor(compression, kLimits);
  const auto take = [&](std::string_view text) {
    outcome.bytes += text.size();
    outcome.text += text;
    return Status::OK();
  };
  for_each_piece(body, piece_bytes, [&](std::string_view piece) {
    outcome.status = decompressor->feed(piece, take);
    return outcome.status.ok();
  });
  if (outcome.status.ok()) outcome.status = decompressor->finish();
  return outcome;
}

}  // namespace

void compression(std::string_view bytes) {
  FuzzInput input(bytes);
  static constexpr ingest::Compression kCompressions[] = {ingest::Compression::kGzip,  ingest::Compression::kDeflate,
                                                          ingest::Compression::kBzip2, ingest::Compression::kLz4Frame,
                                                          ingest::Compression::kZstd,  ingest::Compression::kSnappyFrame};
  const ingest::Compression compression = kCompressions[input.byte() % std::size(kCompressions)];
  const size_t piece_bytes = 1 + input.byte() % 37;
  const Outcome whole = decompress(compression, input.rest(), input.rest().size() + 1);
  const Outcome pieces = decompress(compression, input.rest(), piece_bytes);
  FRESHET_ASSERT(whole.bytes <= kLimits.max_bytes && pieces.bytes <= kLimits.max_bytes);
  FRESHET_ASSERT(whole.status.ok() == pieces.status.ok());
  FRESHET_ASSERT(!whole.status.ok() || whole.text == pieces.text);
}

}  // namespace freshet::fuzz
