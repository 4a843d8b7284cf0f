#pragma once

#include <string>
#include <vector>

#include "query/result_writer.h"

namespace freshet::connectors::http {

/// Takes the answer of one statement as the JSON of POST /api/query: rows as arrays, numbers as numbers, all else as
/// strings. Ends the statement when it has `rows_max` rows. One thread.
class JsonRows final : public query::ResultWriter {
 public:
  explicit JsonRows(size_t rows_max) : rows_max_(rows_max) {}

  /// Whether the statement was ended because there are rows enough: its error is none.
  bool is_full() const { return is_full_; }
  /// {"type":"result_set",...} or {"type":"exec_status",...}
  std::string json(uint64_t time_ms) const;
  /// The rows alone: [[...],...]
  std::string rows_json() const { return "[" + rows_ + "]"; }

  Status ok(const query::OkResult& result) override;
  Status columns(std::span<const query::ResultColumn> columns) override;
  void begin_row() override;
  void cell_null() override { begin_cell() += "null"; }
  void cell_int64(int64_t value) override { begin_cell() += std::to_string(value); }
  void cell_float(float value) override;
  void cell_double(double value) override;
  void cell_date(int32_t days) override;
  void cell_datetime(int64_t micros) override;
  void cell_text(std::string_view text) override;
  Status end_row() override;
  Status rows_end(uint16_t warnings) override;
  uint64_t row_count() const override { return row_count_; }

 private:
  std::string& begin_cell();

  const size_t rows_max_;
  std::vector<query::ResultColumn> columns_;
  std::string rows_;
  size_t row_count_ = 0;
  size_t column_ = 0;  ///< of the next cell
  bool is_full_ = false;
  bool has_rows_ = false;
};

}  // namespace freshet::connectors::http
