#include "fuzz/body_check.h"

#include <string>

#include "fuzz/fuzz_input.h"
#include "ingest/decode/decoder.h"
#include "unit/ingest/fake_storage.h"

namespace freshet::fuzz {
namespace {

/// All that came out of a body.
struct Outcome {
  Status status;
  std::string rows;
  std::string errors;
  uint64_t rejected = 0;
};

const storage::TableSnapshotPtr& table() {
  static const storage::TableSnapshotPtr made =
      ingest::make_table({"id bigint key not null", "number int", "amount decimal", "ratio double", "at datetime",
                          "name varchar", "doc json", "flag boolean default 1"});
  return made;
}

template <typename Feed>
Outcome decode(const ingest::LoadRequest& request, const Feed& feed) {
  static ingest::FakeStorage storage(table());
  Outcome outcome;
  ingest::RowErrors errors(100);
  ingest::DecodeTarget target{storage, table(), errors,
                              [&](const Block& block) {
                                for (const std::string& row : ingest::rows_of(block)) outcome.rows += row + "\n";
                                return Status::OK();
                              },
                              kBodyRowBytes};
  target.arrow_batch_bytes = kBodyBatchBytes;
  auto decoder = ingest::make_decoder(request, std::move(target));
  outcome.status = decoder.status();
  if (outcome.status.ok()) outcome.status = feed(**decoder);
  if (outcome.status.ok()) outcome.status = (*decoder)->finish();
  outcome.rejected = errors.count();
  outcome.errors = errors.text();
  return outcome;
}

Outcome decode_pieces(const ingest::LoadRequest& request, std::string_view body, size_t piece_bytes) {
  return decode(request, [&](ingest::Decoder& decoder) {
    Status status;
    for_each_piece(body, piece_bytes, [&](std::string_view piece) {
      status = decoder.feed(piece);
      return status.ok();
    });
    return status;
  });
}

}  // namespace

void check_body(const ingest::LoadRequest& request, std::string_view body, size_t piece_bytes) {
  const Outcome whole = decode_pieces(request, body, body.size() + 1);
  const Outcome pieces = decode_pieces(request, body, piece_bytes);
  FRESHET_ASSERT(whole.status.code() == pieces.status.code());
  if (!whole.status.ok()) return;  // nothing of the load stays
  FRESHET_ASSERT(whole.rows == pieces.rows);
  FRESHET_ASSERT(whole.errors == pieces.errors);
  FRESHET_ASSERT(whole.rejected == pieces.rejected);
}

void check_record(const ingest::LoadRequest& request, std::string_view body) {
  const Outcome outcome = decode(request, [&](ingest::Decoder& decoder) { return decoder.feed_record(body); });
  FRESHET_ASSERT(outcome.status.ok());
}

}  // namespace freshet::fuzz
