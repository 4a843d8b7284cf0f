#include "ingest/decode/csv_decoder.h"

namespace freshet::ingest {

Result<std::unique_ptr<Decoder>> make_decoder(const LoadRequest& request, DecodeTarget target) {
  FRESHET_ASSIGN_OR_RETURN(BlockAssembler assembler, BlockAssembler::create(request, std::move(target)));
  return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(request, std::move(assembler)));
}

}  // namespace freshet::ingest
