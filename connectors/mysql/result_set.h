#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "connectors/mysql/column_definition.h"
#include "connectors/mysql/packet_writer.h"
#include "query/result_writer.h"
#include "query/session.h"

namespace freshet::connectors::mysql {

/// How the rows of a result set are written: COM_QUERY answers in text, COM_STMT_EXECUTE in binary.
enum class RowFormat : uint8_t { kText, kBinary };

/// Writes the answer of one statement after another as packets; the caller flushes after the last. One thread.
///
/// Binary cells take their bytes from the column's type, so a cell call must fit the type given in columns().
class ResultSet final : public query::ResultWriter {
 public:
  /// A row larger than `max_row_bytes` ends its statement with ResourceExhausted.
  ResultSet(PacketWriter& out, size_t max_row_bytes) : out_(out), buffer_(out.buffer()), max_row_bytes_(max_row_bytes) {}

  /// Answers tell of this session from now on.
  void follow(const query::Session& session) { session_ = &session; }
  /// Begins the next answer. `more_follow`: another answer comes after this one (multi-statements).
  void start(RowFormat format, uint32_t capabilities, bool more_follow);
  /// The whole answer of COM_STMT_EXECUTE that opened a cursor.
  Status cursor_opened(std::span<const query::ResultColumn> columns);
  /// Begins the answer of COM_STMT_FETCH: rows of `types`, then fetch_end().
  void start_fetch(uint32_t capabilities, std::span<const CellType> types);
  Status fetch_end(bool is_over);
  /// ok() or rows_end() was called since start().
  bool is_complete() const { return is_complete_; }

  Status ok(const query::OkResult& result) override;
  Status columns(std::span<const query::ResultColumn> columns) override;
  void begin_row() override;
  void cell_null() override;
  void cell_int64(int64_t value) override;
  void cell_float(float value) override;
  void cell_double(double value) override;
  void cell_date(int32_t days) override;
  void cell_datetime(int64_t micros) override;
  void cell_text(std::string_view text) override;
  Status end_row() override;
  Status rows_end(uint16_t warnings) override;
  uint64_t row_count() const override { return row_count_; }
  int64_t told_changes() const override { return told_changes_; }

 private:
  uint16_t status() const;
  Status put_definitions(std::span<const query::ResultColumn> columns);
  bool is_binary() const { return format_ == RowFormat::kBinary; }
  const CellType& next_type();
  void put_binary_int(const DataType& type, int64_t value);
  /// Appends what format(buffer) appends, after its length. REQUIRES: shorter than 251 bytes.
  template <typename Format>
  void put_short_text(Format format);

  PacketWriter& out_;
  std::string& buffer_;  ///< of out_
  size_t max_row_bytes_;
  RowFormat format_ = RowFormat::kText;
  uint32_t capabilities_ = 0;
  bool more_follow_ = false;
  const query::Session* session_ = nullptr;
  bool is_complete_ = false;
  std::vector<CellType> types_;
  uint64_t row_count_ = 0;
  int64_t told_changes_ = -1;
  size_t column_ = 0;       ///< of the next cell
  size_t null_bitmap_ = 0;  ///< position of the binary row's NULL bitmap in the buffer
  bool is_row_too_large_ = false;
};

}  // namespace freshet::connectors::mysql
