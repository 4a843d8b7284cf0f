#include "ingest/decode/parquet_decoder.h"

namespace freshet::ingest {
namespace {

/// The storage is asked for room again after so much of a body.
constexpr uint64_t kAdmitBytes = 64ull << 20;

uint64_t bytes_of(const CellColumns& columns, size_t rows) {
  uint64_t bytes = 0;
  for (const auto& cells : columns) {
    for (size_t row = 0; row < rows; ++row) bytes += cells[row].kind == Cell::Kind::kText ? cells[row].size : 0;
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Decoder>> ParquetDecoder::create(const LoadRequest& request, DecodeTarget target) {
  FRESHET_ASSIGN_OR_RETURN(BlockAssembler assembler, BlockAssembler::create(request, target));
  FRESHET_ASSIGN_OR_RETURN(auto body, SpoolFile::create(target.spool.directory));
  return std::unique_ptr<Decoder>(new ParquetDecoder(std::move(target), std::move(assembler), std::move(body)));
}

Status ParquetDecoder::feed(std::string_view bytes) {
  if (body_->size() + bytes.size() > target_.spool.max_bytes) {
    return Status::ResourceExhausted("the Parquet body has more than {} bytes (ingest.max_spooled_bytes); split the file",
                                     target_.spool.max_bytes);
  }
  if (body_->size() >= admitted_bytes_ + kAdmitBytes) {
    FRESHET_RETURN_IF_ERROR(target_.storage.admit_load(target_.table->id));
    admitted_bytes_ = body_->size();
  }
  return body_->append(bytes);
}

Status ParquetDecoder::feed_record(std::string_view) {
  return Status::Unsupported("format: a message of a stream is no Parquet file");
}

Status ParquetDecoder::finish() {
  FRESHET_ASSIGN_OR_RETURN(const auto file, target_.files->open_parquet(body_->path()));
  FRESHET_RETURN_IF_ERROR(columns_.match(file->names()));
  FRESHET_RETURN_IF_ERROR(file->select(columns_.uses()));
  CellColumns columns;
  uint64_t text_bytes = 0;
  for (;;) {
    FRESHET_ASSIGN_OR_RETURN(const size_t rows, file->next(columns));
    if (rows == 0) return columns_.flush();
    text_bytes += bytes_of(columns, rows);
    if (text_bytes > target_.expansion.max_bytes) {
      return Status::ResourceExhausted("the values of the body have more than {} bytes (ingest.max_decompressed_bytes)",
                                       target_.expansion.max_bytes);
    }
    FRESHET_RETURN_IF_ERROR(columns_.add(columns, rows));
  }
}

}  // namespace freshet::ingest
