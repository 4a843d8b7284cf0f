#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ingest/block_builder.h"
#include "ingest/column_mapping.h"
#include "ingest/decode/decoder.h"

namespace freshet::ingest {

/// Stands between a decoder and the sink when a load has expressions or conditions: the decoder fills source columns, and
/// this makes the table's columns of them.
///
/// Source columns that are columns of the table have its types, and strict mode, defaults and NOT NULL as without
/// expressions; the others are texts, and those that no expression names are not read. A row whose expression fails, gives
/// NULL for a NOT NULL column, or a text that is too long, is rejected. One thread.
class TransformStage {
 public:
  /// Whether the request needs one.
  static bool is_needed(const LoadRequest& request);
  /// Fails as RowTransforms::make and map_columns do; Unsupported when the target has no RowTransforms.
  static Result<std::unique_ptr<TransformStage>> create(const LoadRequest& request, DecodeTarget target);

  /// What the decoder is told to read: the source columns alone.
  const LoadRequest& source_request() const { return source_request_; }
  /// What comes from here on is another batch.
  void begin_batch() {
    transform_->begin_batch();
    builder_.begin_batch();
  }
  /// Where the decoder's rows go: here. The stage must outlive the decoder.
  DecodeTarget source_target();

 private:
  /// A source column that is a column of the table as it is.
  struct PassThrough {
    size_t source;  ///< position in the source schema
    size_t column;  ///< position in the table's schema
  };

  TransformStage(const LoadRequest& request, ColumnMapping mapping, BlockBuilder builder, DecodeTarget target);
  void prepare_sources();
  Status bind(const LoadRequest& request);
  Status take(const Block& sources);
  void read_delete_signs(const Block& sources);
  void reject(const Block& sources, size_t row, const std::string& reason);
  std::string problem_of(const Column& values, size_t row, const ColumnSchema& column) const;
  void check_rows(const Block& sources);
  void check_keys(const Block& sources, Block& out);
  void fill(const Column& values, size_t column, Block& out);
  const TableSchema& schema() const { return *target_.table->schema; }

  ColumnMapping mapping_;
  BlockBuilder builder_;
  DecodeTarget target_;
  LoadRequest source_request_;
  TableSchema source_schema_;
  std::vector<PassThrough> passed_;
  std::optional<size_t> sign_source_;  ///< position of the delete signs in the source schema
  std::unique_ptr<RowTransform> transform_;
  TransformedRows rows_;        ///< of the block at hand
  std::vector<uint32_t> kept_;  ///< its rows that go on
};

}  // namespace freshet::ingest
