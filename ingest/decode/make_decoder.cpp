#include "ingest/decode/arrow_decoder.h"
#include "ingest/decode/csv_decoder.h"
#include "ingest/decode/json_decoder.h"
#include "ingest/decode/parquet_decoder.h"
#include "ingest/decode/transform_stage.h"

namespace freshet::ingest {
namespace {

Result<std::unique_ptr<Decoder>> make_plain_decoder(const LoadRequest& request, DecodeTarget target) {
  if (request.format == LoadFormat::kParquet) {
    if (target.files == nullptr) return Status::Unsupported("format: Parquet files are not read here");
    return ParquetDecoder::create(request, std::move(target));
  }
  if (request.format == LoadFormat::kArrow) return ArrowDecoder::create(request, std::move(target));
  FRESHET_ASSIGN_OR_RETURN(BlockAssembler assembler, BlockAssembler::create(request, std::move(target)));
  if (request.format == LoadFormat::kJson || request.format == LoadFormat::kDebeziumJson) {
    FRESHET_ASSIGN_OR_RETURN(std::unique_ptr<JsonDecoder> json, JsonDecoder::create(request, std::move(assembler)));
    return std::unique_ptr<Decoder>(std::move(json));
  }
  return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(request, std::move(assembler)));
}

/// A decoder of source columns with the stage behind it.
class TransformingDecoder final : public Decoder {
 public:
  TransformingDecoder(std::unique_ptr<TransformStage> stage, std::unique_ptr<Decoder> sources)
      : stage_(std::move(stage)), sources_(std::move(sources)) {}

  Status feed(std::string_view bytes) override { return sources_->feed(bytes); }
  Status feed_record(std::string_view record) override { return sources_->feed_record(record); }
  Status flush() override {
    FRESHET_RETURN_IF_ERROR(sources_->flush());
    stage_->begin_batch();
    return Status::OK();
  }
  Status finish() override { return sources_->finish(); }

 private:
  std::unique_ptr<TransformStage> stage_;
  std::unique_ptr<Decoder> sources_;
};

/// A decoder with the decompressor before it. Records of a stream come as they are.
class DecompressingDecoder final : public Decoder {
 public:
  DecompressingDecoder(std::unique_ptr<Decompressor> decompressor, std::unique_ptr<Decoder> texts)
      : decompressor_(std::move(decompressor)), texts_(std::move(texts)) {}

  Status feed(std::string_view bytes) override {
    return decompressor_->feed(bytes, [this](std::string_view text) { return texts_->feed(text); });
  }
  Status feed_record(std::string_view record) override { return texts_->feed_record(record); }
  Status flush() override { return texts_->flush(); }
  Status finish() override {
    FRESHET_RETURN_IF_ERROR(decompressor_->finish());
    return texts_->finish();
  }

 private:
  std::unique_ptr<Decompressor> decompressor_;
  std::unique_ptr<Decoder> texts_;
};

Result<std::unique_ptr<Decoder>> make_text_decoder(const LoadRequest& request, DecodeTarget target) {
  if (!TransformStage::is_needed(request)) return make_plain_decoder(request, std::move(target));
  FRESHET_ASSIGN_OR_RETURN(auto stage, TransformStage::create(request, std::move(target)));
  FRESHET_ASSIGN_OR_RETURN(auto sources, make_plain_decoder(stage->source_request(), stage->source_target()));
  return std::unique_ptr<Decoder>(std::make_unique<TransformingDecoder>(std::move(stage), std::move(sources)));
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(const LoadRequest& request, DecodeTarget target) {
  const ExpansionLimits expansion = target.expansion;
  FRESHET_ASSIGN_OR_RETURN(auto texts, make_text_decoder(request, std::move(target)));
  if (request.compression == Compression::kNone) return texts;
  auto decompressor = make_decompressor(request.compression, expansion);
  return std::unique_ptr<Decoder>(std::make_unique<DecompressingDecoder>(std::move(decompressor), std::move(texts)));
}

}  // namespace freshet::ingest
