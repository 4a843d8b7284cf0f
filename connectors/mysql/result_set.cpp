#include "connectors/mysql/result_set.h"

#include <charconv>

#include "connectors/mysql/answers.h"
#include "connectors/mysql/column_definition.h"
#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"
#include "storage/base/assert.h"
#include "storage/types/value_text.h"

namespace freshet::connectors::mysql {

namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;
constexpr size_t kBinaryNullBitOffset = 2;
constexpr size_t kMaxIntegerCharacters = 20;

void put_binary_date(std::string& out, int32_t days) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  civil_from_days(days, year, month, day);
  put_fixed<uint16_t>(out, static_cast<uint16_t>(year));
  out.push_back(static_cast<char>(month));
  out.push_back(static_cast<char>(day));
}

/// Length, date, and the time only as far as it is not zero.
void put_binary_datetime(std::string& out, int64_t micros) {
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  const auto fraction = static_cast<uint32_t>(rest % kMicrosPerSecond);
  const auto seconds = static_cast<uint32_t>(rest / kMicrosPerSecond);

  out.push_back(fraction != 0 ? 11 : seconds != 0 ? 7 : 4);
  put_binary_date(out, static_cast<int32_t>(days));
  if (rest == 0) return;
  out.push_back(static_cast<char>(seconds / 3600));
  out.push_back(static_cast<char>(seconds / 60 % 60));
  out.push_back(static_cast<char>(seconds % 60));
  if (fraction != 0) put_fixed<uint32_t>(out, fraction);
}

}  // namespace

void ResultSet::start(RowFormat format, uint32_t capabilities, bool more_follow) {
  format_ = format;
  capabilities_ = capabilities;
  more_follow_ = more_follow;
  is_complete_ = false;
  row_count_ = 0;
  told_changes_ = -1;
  types_.clear();
}

uint16_t ResultSet::status() const {
  return status_of(session_) | static_cast<uint16_t>(more_follow_ ? kStatusMoreResults : 0);
}

Status ResultSet::ok(const query::OkResult& result) {
  is_complete_ = true;
  query::OkResult answer = result;
  if ((capabilities_ & kClientFoundRows) != 0 && result.found_rows) answer.affected_rows = *result.found_rows;
  told_changes_ = static_cast<int64_t>(answer.affected_rows);
  return write_ok(out_, answer, status(), capabilities_);
}

Status ResultSet::columns(std::span<const query::ResultColumn> columns) {
  FRESHET_RETURN_IF_ERROR(put_definitions(columns));
  return write_end_of_columns(out_, capabilities_, status());
}

Status ResultSet::cursor_opened(std::span<const query::ResultColumn> columns) {
  is_complete_ = true;
  FRESHET_RETURN_IF_ERROR(put_definitions(columns));
  // Also for clients with CLIENT_DEPRECATE_EOF: here they learn of the cursor.
  return write_end_of_rows(out_, capabilities_, 0, status() | kStatusCursorExists);
}

void ResultSet::start_fetch(uint32_t capabilities, std::span<const CellType> types) {
  start(RowFormat::kBinary, capabilities, false);
  types_.assign(types.begin(), types.end());
}

Status ResultSet::fetch_end(bool is_over) {
  is_complete_ = true;
  return write_end_of_rows(out_, capabilities_, 0, status() | (is_over ? kStatusLastRowSent : kStatusCursorExists));
}

Status ResultSet::put_definitions(std::span<const query::ResultColumn> columns) {
  out_.begin();
  put_lenenc_int(buffer_, columns.size());
  FRESHET_RETURN_IF_ERROR(out_.end());
  for (const query::ResultColumn& column : columns) {
    types_.emplace_back(column);
    FRESHET_RETURN_IF_ERROR(write_column_definition(out_, column));
  }
  return Status::OK();
}

void ResultSet::begin_row() {
  out_.begin();
  column_ = 0;
  is_row_too_large_ = false;
  if (!is_binary()) return;
  buffer_.push_back('\0');
  null_bitmap_ = buffer_.size();
  buffer_.append((types_.size() + kBinaryNullBitOffset + 7) / 8, '\0');
}

const CellType& ResultSet::next_type() {
  FRESHET_DCHECK(column_ < types_.size());
  return types_[column_++];
}

template <typename Format>
void ResultSet::put_short_text(Format format) {
  const size_t length_at = buffer_.size();
  buffer_.push_back('\0');
  format(buffer_);
  buffer_[length_at] = static_cast<char>(buffer_.size() - length_at - 1);
}

void ResultSet::cell_null() {
  const size_t bit = column_ + kBinaryNullBitOffset;
  next_type();
  if (is_binary()) {
    buffer_[null_bitmap_ + bit / 8] |= static_cast<char>(1 << bit % 8);
  } else {
    buffer_.push_back(static_cast<char>(kNullCell));
  }
}

void ResultSet::cell_int64(int64_t value) {
  const DataType& type = next_type().type;
  if (is_binary()) return put_binary_int(type, value);
  char text[1 + kMaxIntegerCharacters];
  const char* end = std::to_chars(text + 1, text + sizeof(text), value).ptr;
  text[0] = static_cast<char>(end - text - 1);
  buffer_.append(text, static_cast<size_t>(end - text));
}

void ResultSet::put_binary_int(const DataType& type, int64_t value) {
  switch (wire_type(type).type) {
    case ColumnType::kTiny: buffer_.push_back(static_cast<char>(value)); return;
    case ColumnType::kShort: put_fixed<int16_t>(buffer_, static_cast<int16_t>(value)); return;
    case ColumnType::kLong: put_fixed<int32_t>(buffer_, static_cast<int32_t>(value)); return;
    default: put_fixed<int64_t>(buffer_, value); return;
  }
}

void ResultSet::cell_float(float value) {
  next_type();
  if (is_binary()) return put_fixed<float>(buffer_, value);
  put_short_text([&](std::string& out) { format_float(value, out); });
}

void ResultSet::cell_double(double value) {
  next_type();
  if (is_binary()) return put_fixed<double>(buffer_, value);
  put_short_text([&](std::string& out) { format_double(value, out); });
}

void ResultSet::cell_date(int32_t days) {
  next_type();
  if (!is_binary()) return put_short_text([&](std::string& out) { format_date(days, out); });
  buffer_.push_back(4);
  put_binary_date(buffer_, days);
}

void ResultSet::cell_datetime(int64_t micros) {
  const DataType& type = next_type().type;
  if (is_binary()) return put_binary_datetime(buffer_, micros);
  put_short_text([&](std::string& out) { format_datetime(micros, type.scale, out); });
}

void ResultSet::cell_text(std::string_view text) {
  if (next_type().is_unsigned && is_binary()) {
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    put_fixed<uint64_t>(buffer_, value);
  } else if (out_.payload_bytes() + text.size() > max_row_bytes_) {
    is_row_too_large_ = true;
  } else {
    put_lenenc_string(buffer_, text);
  }
}

Status ResultSet::end_row() {
  FRESHET_DCHECK(column_ == types_.size());
  ++row_count_;
  if (!is_row_too_large_) return out_.end();
  out_.abandon();
  return Status::ResourceExhausted("a row of the result is larger than max_packet_bytes ({})", max_row_bytes_);
}

Status ResultSet::rows_end(uint16_t warnings) {
  is_complete_ = true;
  return write_end_of_rows(out_, capabilities_, warnings, status());
}

}  // namespace freshet::connectors::mysql
