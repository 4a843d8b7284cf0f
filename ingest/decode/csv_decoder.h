#pragma once

#include <memory>
#include <string>

#include "ingest/decode/block_assembler.h"
#include "ingest/decode/csv_splitter.h"
#include "ingest/decode/decoder.h"

namespace freshet::ingest {

/// CSV with or without header lines, which are skipped. A UTF-8 byte order mark at the front is skipped too.
class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(const LoadRequest& request, BlockAssembler assembler);

  Status feed(std::string_view bytes) override;
  Status feed_record(std::string_view record) override;
  Status flush() override;
  Status finish() override;

 private:
  Status feed_piece(std::string_view piece);
  Status consume(std::string_view bytes, size_t& consumed);
  Status skip_rows(std::string_view bytes, size_t& consumed);
  size_t longest_row() const;
  Status too_long() const;
  Status take_rest();
  Status take_last_row();
  bool is_still_incomplete(std::string_view piece) const;

  BlockAssembler assembler_;
  CsvSplitter splitter_;
  RowBatch batch_;
  std::string carry_;  ///< the row that is not complete yet
  uint64_t rows_to_skip_;
  bool is_started_ = false;  ///< past the byte order mark
  bool keeps_characters_;    ///< splitting never cuts a UTF-8 character
};

}  // namespace freshet::ingest
