#pragma once

#include <optional>
#include <string>

#include "query/result_writer.h"

namespace freshet::query {

/// Takes an answer that must be one value, as text. One thread.
class OneValue final : public ResultWriter {
 public:
  /// InvalidArgument unless the answer was one column and at most one row; none is NULL.
  Status check() const;
  const std::optional<std::string>& text() const { return text_; }
  bool is_number() const;

  Status ok(const OkResult&) override { return Status::OK(); }
  Status columns(std::span<const ResultColumn> columns) override;
  void begin_row() override { ++rows_; }
  void cell_null() override { text_.reset(); }
  void cell_int64(int64_t value) override { text_ = std::to_string(value); }
  void cell_float(float value) override;
  void cell_double(double value) override;
  void cell_date(int32_t days) override;
  void cell_datetime(int64_t micros) override;
  void cell_text(std::string_view text) override { text_ = text; }
  Status end_row() override { return check(); }
  Status rows_end(uint16_t) override { return Status::OK(); }
  uint64_t row_count() const override { return rows_; }

 private:
  std::string& fresh_text() { return text_.emplace(); }

  size_t column_count_ = 0;
  DataType type_;
  uint64_t rows_ = 0;
  std::optional<std::string> text_;
};

}  // namespace freshet::query
