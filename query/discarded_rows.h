#pragma once

#include "query/result_writer.h"

namespace freshet::query {

/// Takes an answer that nobody sees: of DO. One thread.
class DiscardedRows final : public ResultWriter {
 public:
  Status ok(const OkResult&) override { return Status::OK(); }
  Status columns(std::span<const ResultColumn>) override { return Status::OK(); }
  void begin_row() override { ++rows_; }
  void cell_null() override {}
  void cell_int64(int64_t) override {}
  void cell_float(float) override {}
  void cell_double(double) override {}
  void cell_date(int32_t) override {}
  void cell_datetime(int64_t) override {}
  void cell_text(std::string_view) override {}
  Status end_row() override { return Status::OK(); }
  Status rows_end(uint16_t) override { return Status::OK(); }
  uint64_t row_count() const override { return rows_; }

 private:
  uint64_t rows_ = 0;
};

}  // namespace freshet::query
