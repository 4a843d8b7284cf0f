#include "ingest/decode/csv_decoder.h"
#include "ingest/decode/json_decoder.h"

namespace freshet::ingest {

Result<std::unique_ptr<Decoder>> make_decoder(const LoadRequest& request, DecodeTarget target) {
  FRESHET_ASSIGN_OR_RETURN(BlockAssembler assembler, BlockAssembler::create(request, std::move(target)));
  if (request.format == LoadFormat::kJson) {
    FRESHET_ASSIGN_OR_RETURN(std::unique_ptr<JsonDecoder> json, JsonDecoder::create(request, std::move(assembler)));
    return std::unique_ptr<Decoder>(std::move(json));
  }
  return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(request, std::move(assembler)));
}

}  // namespace freshet::ingest
