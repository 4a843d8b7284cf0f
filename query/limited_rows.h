#pragma once

#include "query/result_writer.h"

namespace freshet::query {

/// Passes an answer on up to a number of rows, then ends its statement: SET sql_select_limit, which drivers set for a limit
/// of rows. One thread.
class LimitedRows final : public ResultWriter {
 public:
  LimitedRows(ResultWriter& out, uint64_t rows_max) : out_(out), rows_max_(rows_max) {}

  /// What the statement's `status` is when the end that it met may be this one's.
  Status end(const Status& status) { return is_cut_ ? out_.rows_end(0) : status; }

  Status ok(const OkResult& result) override { return out_.ok(result); }
  Status columns(std::span<const ResultColumn> columns) override {
    FRESHET_RETURN_IF_ERROR(out_.columns(columns));
    return rows_max_ == 0 ? cut() : Status::OK();
  }
  void begin_row() override { out_.begin_row(); }
  void cell_null() override { out_.cell_null(); }
  void cell_int64(int64_t value) override { out_.cell_int64(value); }
  void cell_float(float value) override { out_.cell_float(value); }
  void cell_double(double value) override { out_.cell_double(value); }
  void cell_date(int32_t days) override { out_.cell_date(days); }
  void cell_datetime(int64_t micros) override { out_.cell_datetime(micros); }
  void cell_text(std::string_view text) override { out_.cell_text(text); }
  Status end_row() override {
    FRESHET_RETURN_IF_ERROR(out_.end_row());
    return ++rows_ == rows_max_ ? cut() : Status::OK();
  }
  Status rows_end(uint16_t warnings) override { return out_.rows_end(warnings); }
  uint64_t row_count() const override { return rows_; }

 private:
  Status cut() {
    is_cut_ = true;
    return Status::Cancelled("the answer has sql_select_limit rows");
  }

  ResultWriter& out_;
  const uint64_t rows_max_;
  uint64_t rows_ = 0;
  bool is_cut_ = false;
};

}  // namespace freshet::query
