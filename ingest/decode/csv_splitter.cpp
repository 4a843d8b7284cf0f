#include "ingest/decode/csv_splitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace freshet::ingest {
namespace {

constexpr size_t kScanBytes = 64;

/// A bit for each of the 64 bytes at `bytes` that is `a` or `b`.
inline uint64_t find_either(const char* bytes, char a, char b) {
#ifdef __AVX2__
  const __m256i any_a = _mm256_set1_epi8(a), any_b = _mm256_set1_epi8(b);
  const auto half = [&](const char* at) {
    const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i hits = _mm256_or_si256(_mm256_cmpeq_epi8(text, any_a), _mm256_cmpeq_epi8(text, any_b));
    return static_cast<uint32_t>(_mm256_movemask_epi8(hits));
  };
  return half(bytes) | static_cast<uint64_t>(half(bytes + 32)) << 32;
#else
  uint64_t hits = 0;
  for (size_t i = 0; i < kScanBytes; ++i) hits |= static_cast<uint64_t>(bytes[i] == a || bytes[i] == b) << i;
  return hits;
#endif
}

/// Position of the first `a` or `b` from `at` on, or the end of `bytes`.
size_t find_from(std::string_view bytes, size_t at, char a, char b) {
  for (; bytes.size() - at >= kScanBytes; at += kScanBytes) {
    if (const uint64_t hits = find_either(bytes.data() + at, a, b)) return at + static_cast<size_t>(std::countr_zero(hits));
  }
  while (at < bytes.size() && bytes[at] != a && bytes[at] != b) ++at;
  return at;
}

inline void set_cell(Cell& cell, const char* begin, const char* end) {
  cell.data = begin;
  cell.size = static_cast<uint32_t>(end - begin);
  const bool is_null = cell.size == 2 && begin[0] == '\\' && begin[1] == 'N';
  cell.kind = is_null ? Cell::Kind::kNull : Cell::Kind::kText;
}

}  // namespace

CsvDialect CsvDialect::of(const LoadRequest& request) {
  // With '"' as the enclose character its pair is taken off anyway, and only once.
  const bool trims = request.trim_double_quotes && request.enclose != '"';
  // An enclose character that escapes itself is doubled, as it may be anyway.
  const char escape = request.escape == request.enclose ? '\0' : request.escape;
  return {request.column_separator,    request.line_delimiter,   request.enclose, escape, trims,
          request.empty_field_as_null, request.takes_more_fields};
}

CsvSplitter::CsvSplitter(CsvDialect dialect, size_t width)
    : dialect_(std::move(dialect)),
      width_(width),
      is_plain_(dialect_.separator.size() == 1 && dialect_.delimiter.size() == 1 && dialect_.enclose == 0),
      strips_return_(dialect_.delimiter == "\n") {}

size_t CsvSplitter::split(std::string_view bytes, RowBatch& batch) {
  const size_t first_row = batch.size();
  const size_t used = is_plain_ ? split_plain(bytes, batch) : split_any(bytes, batch);
  normalize(batch, first_row);
  return used;
}

bool CsvSplitter::split_last(std::string_view row, RowBatch& batch) {
  // The search for the end stops at a closing character too, as long as the next byte may make a pair of it.
  const bool is_closed = !resume_.is_enclosed || (resume_.at + 1 == row.size() && row.back() == dialect_.enclose);
  resume_ = {};
  if (!is_closed) return false;
  const size_t first_row = batch.size();
  split_row(without_return(row), batch);
  normalize(batch, first_row);
  return true;
}

size_t CsvSplitter::split_plain(std::string_view bytes, RowBatch& batch) {
  const char separator = dialect_.separator[0], delimiter = dialect_.delimiter[0];
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* row = begin;
  const char* field = begin;
  Cell* cells = batch.next_row();
  size_t fields = 0;
  // True when the batch is full.
  const auto take = [&](const char* at) {
    if (*at == delimiter) {
      end_plain_row(row, field, at, fields, batch);
      row = field = at + 1;
      fields = 0;
      if (batch.is_full()) return true;
      cells = batch.next_row();
      return false;
    }
    if (fields < width_) set_cell(cells[fields], field, at);
    ++fields;
    field = at + 1;
    return false;
  };
  const char* at = begin;
  for (; end - at >= static_cast<ptrdiff_t>(kScanBytes); at += kScanBytes) {
    for (uint64_t hits = find_either(at, separator, delimiter); hits != 0; hits &= hits - 1) {
      if (take(at + std::countr_zero(hits))) return static_cast<size_t>(row - begin);
    }
  }
  for (; at < end; ++at) {
    if ((*at == separator || *at == delimiter) && take(at)) break;
  }
  return static_cast<size_t>(row - begin);
}

void CsvSplitter::end_plain_row(const char* row, const char* field, const char* end, size_t fields, RowBatch& batch) {
  if (strips_return_ && end > field && end[-1] == '\r') --end;
  if (fields < width_) set_cell(batch.next_row()[fields], field, end);
  finish_row({row, static_cast<size_t>(end - row)}, fields + 1, batch);
}

void CsvSplitter::finish_row(std::string_view row, size_t fields, RowBatch& batch) {
  ++lines_;
  if (row.empty()) return;
  if (fields == width_ || (dialect_.takes_more_fields && fields > width_)) return batch.add_row(row);
  batch.reject_row(row,
                   fmt::format("actual column number in csv file is not equal to schema column number. actual number: {}, "
                               "schema column number: {}",
                               fields, width_));
}

size_t CsvSplitter::row_length(std::string_view bytes) {
  if (dialect_.enclose != 0) return find_enclosed_end(bytes);
  const std::string& delimiter = dialect_.delimiter;
  const size_t end = bytes.find(delimiter, resume_.at);
  if (end == std::string_view::npos) {
    // The end of `bytes` may be the beginning of a delimiter.
    resume_.at = bytes.size() < delimiter.size() ? 0 : bytes.size() - delimiter.size() + 1;
    return 0;
  }
  resume_ = {};
  return end + delimiter.size();
}

size_t CsvSplitter::find_enclosed_end(std::string_view bytes) {
  const std::string &separator = dialect_.separator, &delimiter = dialect_.delimiter;
  const size_t longest = std::max(separator.size(), delimiter.size());
  const char escape = dialect_.escape != 0 ? dialect_.escape : dialect_.enclose;
  while (resume_.at < bytes.size()) {
    if (resume_.is_enclosed) {
      resume_.at = find_from(bytes, resume_.at, dialect_.enclose, escape);
    } else if (!resume_.is_field_start) {
      resume_.at = find_from(bytes, resume_.at, separator[0], delimiter[0]);
    }
    if (resume_.at == bytes.size()) return 0;
    const std::string_view rest = bytes.substr(resume_.at);
    const char c = rest[0];
    if (resume_.is_enclosed) {
      const bool is_pair = (dialect_.escape != 0 && c == dialect_.escape) || c == dialect_.enclose;
      if (is_pair && rest.size() < 2) return 0;
      if (dialect_.escape != 0 && c == dialect_.escape) {
        resume_.at += 2;
      } else if (c == dialect_.enclose && rest[1] == dialect_.enclose) {
        resume_.at += 2;
      } else {
        resume_.is_enclosed = c != dialect_.enclose;
        ++resume_.at;
      }
      continue;
    }
    if (resume_.is_field_start && c == dialect_.enclose) {
      resume_ = {resume_.at + 1, true, false};
    } else if (rest.starts_with(delimiter)) {
      const size_t length = resume_.at + delimiter.size();
      resume_ = {};
      return length;
    } else if (rest.starts_with(separator)) {
      resume_ = {resume_.at + separator.size(), false, true};
    } else if (rest.size() < longest && (separator.starts_with(rest) || delimiter.starts_with(rest))) {
      return 0;
    } else {
      resume_.is_field_start = false;
      ++resume_.at;
    }
  }
  return 0;
}

size_t CsvSplitter::split_any(std::string_view bytes, RowBatch& batch) {
  size_t used = 0;
  while (!batch.is_full()) {
    const std::string_view rest = bytes.substr(used);
    const size_t length = row_length(rest);
    if (length == 0) break;
    split_row(without_return(rest.substr(0, length - dialect_.delimiter.size())), batch);
    used += length;
  }
  return used;
}

std::string_view CsvSplitter::without_return(std::string_view row) const {
  if (strips_return_ && row.ends_with('\r')) row.remove_suffix(1);
  return row;
}

void CsvSplitter::split_row(std::string_view row, RowBatch& batch) {
  const std::string& separator = dialect_.separator;
  Cell* cells = batch.next_row();
  size_t fields = 0, begin = 0;
  while (true) {
    const bool is_enclosed = dialect_.enclose != 0 && begin < row.size() && row[begin] == dialect_.enclose;
    const size_t from = is_enclosed ? begin + enclosed_length(row.substr(begin)) : begin;
    const size_t end = std::min(row.find(separator, from), row.size());
    if (fields < width_) {
      const std::string_view field = row.substr(begin, end - begin);
      if (is_enclosed) {
        set_enclosed(cells[fields], field);
      } else {
        set_cell(cells[fields], field.data(), field.data() + field.size());
      }
    }
    ++fields;
    if (end == row.size()) break;
    begin = end + separator.size();
  }
  finish_row(row, fields, batch);
}

/// Length of the enclosed part at the front of `field`, its two enclose characters included.
size_t CsvSplitter::enclosed_length(std::string_view field) const {
  const char escape = dialect_.escape != 0 ? dialect_.escape : dialect_.enclose;
  size_t at = 1;
  while ((at = find_from(field, std::min(at, field.size()), dialect_.enclose, escape)) < field.size()) {
    if (dialect_.escape != 0 && field[at] == dialect_.escape) {
      at += 2;
    } else if (at + 1 < field.size() && field[at + 1] == dialect_.enclose) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return field.size();
}

/// Undoes doubled enclose characters, and the escape before an enclose or escape character. Enclosed text is never NULL.
void CsvSplitter::set_enclosed(Cell& cell, std::string_view field) {
  if (enclosed_length(field) != field.size() || field.size() < 2) {
    // Text behind the closing character: the field is taken as it is written.
    return set_cell(cell, field.data(), field.data() + field.size());
  }
  const std::string_view text = field.substr(1, field.size() - 2);
  cell = {text.data(), static_cast<uint32_t>(text.size()), Cell::Kind::kText};
  const auto is_special = [&](char c) { return c == dialect_.enclose || (dialect_.escape != 0 && c == dialect_.escape); };
  if (std::none_of(text.begin(), text.end(), is_special)) return;
  char* const out = arena_.allocate(text.size());
  char* end = out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at + 1 < text.size() && is_special(text[at]) && is_special(text[at + 1])) ++at;
    *end++ = text[at];
  }
  arena_.shrink(text.size() - static_cast<size_t>(end - out));
  cell = {out, static_cast<uint32_t>(end - out), Cell::Kind::kText};
}

void CsvSplitter::normalize(RowBatch& batch, size_t first_row) const {
  if (!dialect_.trim_double_quotes && !dialect_.empty_field_as_null) return;
  for (size_t row = first_row; row < batch.size(); ++row) {
    for (size_t i = 0; i < width_; ++i) {
      Cell& cell = batch.cell(row, i);
      if (cell.kind != Cell::Kind::kText) continue;
      if (dialect_.trim_double_quotes && cell.size >= 2 && cell.data[0] == '"' && cell.data[cell.size - 1] == '"') {
        ++cell.data;
        cell.size -= 2;
      }
      if (dialect_.empty_field_as_null && cell.size == 0) cell.kind = Cell::Kind::kNull;
    }
  }
}

}  // namespace freshet::ingest
