#include "connectors/http/json_rows.h"

#include <fmt/format.h>

#include <cmath>

#include "connectors/http/json_text.h"
#include "storage/types/value_text.h"

namespace freshet::connectors::http {

Status JsonRows::ok(const query::OkResult&) { return Status::OK(); }

Status JsonRows::columns(std::span<const query::ResultColumn> columns) {
  columns_.assign(columns.begin(), columns.end());
  has_rows_ = true;
  return Status::OK();
}

void JsonRows::begin_row() {
  rows_ += row_count_ == 0 ? "[" : ",[";
  column_ = 0;
}

std::string& JsonRows::begin_cell() {
  if (column_++ != 0) rows_ += ',';
  return rows_;
}

void JsonRows::cell_float(float value) {
  std::string& out = begin_cell();
  std::isfinite(value) ? format_float(value, out) : void(out += "null");
}

void JsonRows::cell_double(double value) {
  std::string& out = begin_cell();
  std::isfinite(value) ? format_double(value, out) : void(out += "null");
}

void JsonRows::cell_date(int32_t days) {
  std::string text;
  format_date(days, text);
  append_json_string(begin_cell(), text);
}

void JsonRows::cell_datetime(int64_t micros) {
  const unsigned scale = columns_[column_].type.scale;
  std::string text;
  format_datetime(micros, scale, text);
  append_json_string(begin_cell(), text);
}

void JsonRows::cell_text(std::string_view text) { append_json_string(begin_cell(), text); }

Status JsonRows::end_row() {
  rows_ += ']';
  is_full_ = ++row_count_ >= rows_max_;
  return is_full_ ? Status::Cancelled("there are rows enough") : Status::OK();
}

Status JsonRows::rows_end(uint16_t) { return Status::OK(); }

std::string JsonRows::json(uint64_t time_ms) const {
  if (!has_rows_) return fmt::format(R"({{"type":"exec_status","status":{{}},"time":{}}})", time_ms);
  std::string meta;
  for (const query::ResultColumn& column : columns_) {
    meta += fmt::format(R"({}{{"name":{},"type":{}}})", meta.empty() ? "" : ",", json_string(column.name),
                        json_string(column.type.to_string()));
  }
  return fmt::format(R"({{"type":"result_set","data":[{}],"meta":[{}],"status":{{}},"time":{}}})", rows_, meta, time_ms);
}

}  // namespace freshet::connectors::http
