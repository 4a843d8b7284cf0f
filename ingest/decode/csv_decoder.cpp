#include "ingest/decode/csv_decoder.h"

#include <simdjson.h>

#include "ingest/decode/byte_order_mark.h"

namespace freshet::ingest {
namespace {

/// Pieces of input are this large at most, so that a partial row is cheap to carry over.
constexpr size_t kPieceBytes = 256 * 1024;

bool is_text(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

uint64_t header_rows(const LoadRequest& request) {
  switch (request.format) {
    case LoadFormat::kCsvWithNames: return 1;
    case LoadFormat::kCsvWithNamesAndTypes: return 2;
    default: return request.skip_lines;
  }
}

}  // namespace

CsvDecoder::CsvDecoder(const LoadRequest& request, BlockAssembler assembler)
    : assembler_(std::move(assembler)),
      splitter_(CsvDialect::of(request), assembler_.mapping().sources.size()),
      batch_(assembler_.mapping().sources.size()),
      rows_to_skip_(header_rows(request)),
      keeps_characters_(is_text(request.column_separator) && is_text(request.line_delimiter) &&
                        static_cast<uint8_t>(request.enclose) < 0x80 && static_cast<uint8_t>(request.escape) < 0x80) {}

Status CsvDecoder::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    FRESHET_RETURN_IF_ERROR(feed_piece(bytes.substr(0, kPieceBytes)));
    bytes.remove_prefix(std::min(bytes.size(), kPieceBytes));
  }
  return Status::OK();
}

/// No byte of `piece` can end the carried row.
bool CsvDecoder::is_still_incomplete(std::string_view piece) const {
  return is_started_ && !carry_.empty() && piece.find(splitter_.dialect().delimiter.back()) == std::string_view::npos;
}

Status CsvDecoder::feed_piece(std::string_view piece) {
  const bool is_incomplete = is_still_incomplete(piece);
  const bool is_carried = !carry_.empty() || !is_started_;
  if (is_carried) carry_.append(piece);
  if (!is_started_) {
    const std::optional<size_t> mark = byte_order_mark(carry_);
    if (!mark) return Status::OK();
    carry_.erase(0, *mark);
    is_started_ = true;
  }
  if (!is_incomplete) {
    size_t consumed = 0;
    FRESHET_RETURN_IF_ERROR(consume(is_carried ? std::string_view(carry_) : piece, consumed));
    if (is_carried) {
      carry_.erase(0, consumed);
    } else {
      carry_.assign(piece.substr(consumed));
    }
  }
  return carry_.size() < longest_row() ? Status::OK() : too_long();
}

/// Bytes of the longest row, with its delimiter.
size_t CsvDecoder::longest_row() const { return assembler_.max_row_bytes() + splitter_.dialect().delimiter.size(); }

Status CsvDecoder::too_long() const {
  return Status::InvalidArgument("line {} is longer than {} bytes; check line_delimiter and enclose, or raise max_row_bytes",
                                 splitter_.lines() + 1, assembler_.max_row_bytes());
}

Status CsvDecoder::skip_rows(std::string_view bytes, size_t& consumed) {
  while (rows_to_skip_ != 0) {
    const size_t length = splitter_.row_length(bytes.substr(consumed));
    if (length > longest_row()) return too_long();
    if (length == 0) break;
    consumed += length;
    --rows_to_skip_;
  }
  return Status::OK();
}

Status CsvDecoder::consume(std::string_view bytes, size_t& consumed) {
  FRESHET_RETURN_IF_ERROR(skip_rows(bytes, consumed));
  while (rows_to_skip_ == 0) {
    std::string_view rest = bytes.substr(consumed);
    if (rest.size() > longest_row()) {
      // Only here can a whole row be too long.
      const size_t length = splitter_.row_length(rest);
      if (length > longest_row()) return too_long();
      rest = rest.substr(0, length);
    }
    const size_t used = splitter_.split(rest, batch_);
    if (used == 0) break;
    consumed += used;
    const bool is_utf8 = keeps_characters_ && is_text(rest.substr(0, used));
    FRESHET_RETURN_IF_ERROR(assembler_.add(batch_, is_utf8));
    splitter_.release_texts();
  }
  return Status::OK();
}

/// What is carried behind the last delimiter is a row too.
Status CsvDecoder::take_last_row() {
  if (!carry_.empty() && rows_to_skip_ == 0) {
    if (!splitter_.split_last(carry_, batch_)) {
      batch_.reject_row(carry_, "the enclosed field is not closed before the end");
    }
    FRESHET_RETURN_IF_ERROR(assembler_.add(batch_, keeps_characters_ && is_text(carry_)));
    splitter_.release_texts();
  }
  carry_.clear();
  return Status::OK();
}

Status CsvDecoder::feed_record(std::string_view record) {
  is_started_ = true;
  rows_to_skip_ = 0;
  if (record.empty()) return Status::OK();
  if (record.size() > assembler_.max_row_bytes()) {
    batch_.reject_row(
        record, fmt::format("the record has {} bytes, but at most {} are taken", record.size(), assembler_.max_row_bytes()));
    return assembler_.add(batch_, true);
  }
  carry_.assign(record);
  return take_rest();
}

/// The carried bytes end here.
Status CsvDecoder::take_rest() {
  size_t consumed = 0;
  FRESHET_RETURN_IF_ERROR(consume(carry_, consumed));
  carry_.erase(0, consumed);
  return take_last_row();
}

Status CsvDecoder::flush() { return assembler_.end_batch(); }

Status CsvDecoder::finish() {
  is_started_ = true;
  FRESHET_RETURN_IF_ERROR(take_rest());
  return flush();
}

}  // namespace freshet::ingest
