#include "fuzz/body_check.h"
#include "fuzz/fuzz_input.h"
#include "fuzz/targets.h"

/// The choices before a body: flags, separators, enclose, escape, lines to skip, bytes of a piece.
void freshet::fuzz::csv(std::string_view bytes) {
  FuzzInput input(bytes);
  static constexpr std::string_view kSeparators[] = {",", "\t", "||", "\x01", "ab", ",,"};
  static constexpr std::string_view kDelimiters[] = {"\n", "\r\n", ";", "\n\n"};
  static constexpr char kEnclosing[] = {0, '"', '\'', ','};
  static constexpr char kEscapes[] = {0, '\\', '"', 'a'};
  static constexpr ingest::LoadFormat kFormats[] = {ingest::LoadFormat::kCsv, ingest::LoadFormat::kCsvWithNames,
                                                    ingest::LoadFormat::kCsvWithNamesAndTypes, ingest::LoadFormat::kCsv};
  const uint8_t flags = input.byte(), marks = input.byte(), shape = input.byte();
  ingest::LoadRequest request;
  request.trim_double_quotes = (flags & 1) != 0;
  request.empty_field_as_null = (flags & 2) != 0;
  request.strict_mode = (flags & 4) != 0;
  request.format = kFormats[flags >> 3 & 3];
  request.merge_type = (flags & 32) != 0 ? ingest::MergeType::kDelete : ingest::MergeType::kAppend;
  request.column_separator = kSeparators[marks % std::size(kSeparators)];
  request.line_delimiter = kDelimiters[marks / std::size(kSeparators) % std::size(kDelimiters)];
  request.enclose = kEnclosing[shape & 3];
  request.escape = kEscapes[shape >> 2 & 3];
  request.skip_lines = shape >> 4 & 3;
  if ((shape & 64) != 0) request.columns = {"name", "ignored", "id", "__DORIS_DELETE_SIGN__"};
  const size_t piece_bytes = 1 + input.byte() % 37;
  check_body(request, input.rest(), piece_bytes);
}
