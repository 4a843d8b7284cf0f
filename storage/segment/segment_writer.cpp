#include "storage/segment/segment_writer.h"

#include <algorithm>
#include <optional>

#include "storage/base/limits.h"
#include "storage/base/log.h"
#include "storage/segment/column_writer.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/primary_key_index.h"
#include "storage/segment/short_key_index.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

/// What the table's property "compression" asks for. A name that CREATE TABLE took before it looked at them is LZ4.
PageCompression table_compression(const TableSchema& schema) {
  for (const auto& [name, value] : schema.properties) {
    if (name != kCompressionProperty) continue;
    const auto method = parse_compression(value);
    return method.ok() ? *method : PageCompression::kLz4;
  }
  return PageCompression::kLz4;
}

class SegmentFileWriter final : public SegmentWriter {
 public:
  SegmentFileWriter(std::unique_ptr<WritableFile> file, RowsetId id, TabletId tablet, SchemaPtr schema,
                    const SegmentWriterOptions& options)
      : schema_(std::move(schema)),
        options_(options),
        delete_time_(schema_->delete_time_column()),
        sink_(std::move(file), id),
        row_store_(options.with_row_store ? row_store_options(*schema_) : RowStoreOptions()),
        compression_(table_compression(*schema_)),
        encoder_(compression_) {
    footer_.id = id;
    footer_.tablet = tablet;
    footer_.schema_version = schema_->version;
    footer_.newest_commit = options.newest_commit;
    footer_.level = options.level;
  }

  Status begin() { return sink_.append_raw(make_segment_header(footer_.id, !row_store_.columns.empty())); }
  Status append_column(size_t column_index, const Column& values) override;
  Status append_keys(const KeyRun& keys) override;
  Result<SegmentMeta> finish() override;

 private:
  void count_deletes(const Column& times);
  Status finish_column();
  Status check_complete() const;
  Status check_order(const KeyRun& keys);
  Status write_rows();
  Status write_key_index();
  Status write_short_keys();

  SchemaPtr schema_;
  SegmentWriterOptions options_;
  const std::optional<size_t> delete_time_;  ///< position of the column
  uint32_t deletes_ = 0;
  int64_t newest_delete_seconds_ = 0;
  PageSink sink_;
  const RowStoreOptions row_store_;
  const PageCompression compression_;
  PageEncoder encoder_;
  SegmentFooter footer_;
  std::optional<ColumnWriter> column_;  ///< of column footer_.columns.size(), while it is being written

  uint64_t key_count_ = 0;
  std::optional<KeyRun> last_key_;  ///< one key: the last one appended
  std::unique_ptr<PrimaryKeyIndexBuilder> key_index_;
  std::vector<uint64_t> key_hashes_;
  ShortKeyIndex short_keys_;
};

Status SegmentFileWriter::append_column(size_t column_index, const Column& values) {
  FRESHET_ASSERT(column_index < schema_->columns.size());
  if (column_ && column_index == footer_.columns.size() + 1) FRESHET_RETURN_IF_ERROR(finish_column());
  FRESHET_ASSERT(column_index == footer_.columns.size());
  if (!column_) column_.emplace(schema_->columns[column_index], compression_, encoder_, sink_);
  if (column_index == delete_time_) count_deletes(values);
  return column_->append(values);
}

void SegmentFileWriter::count_deletes(const Column& times) {
  for (size_t row = 0; row < times.size(); ++row) {
    if (times.is_null(row)) continue;
    ++deletes_;
    newest_delete_seconds_ = std::max(newest_delete_seconds_, times.values<int64_t>()[row]);
  }
}

Status SegmentFileWriter::finish_column() {
  FRESHET_RETURN_IF_ERROR(column_->finish());
  const uint64_t rows = column_->row_count();
  if (footer_.columns.empty()) {
    if (rows == 0 || rows > kMaxSegmentRows) {
      return Status::Internal("a segment of {} rows; it has 1 to {}", rows, kMaxSegmentRows);
    }
    footer_.row_count = static_cast<uint32_t>(rows);
  } else if (rows != footer_.row_count) {
    return Status::Internal("column {} of a segment has {} rows, the ones before it {}", footer_.columns.size(), rows,
                            footer_.row_count);
  }
  footer_.columns.push_back(column_->take_footer());
  column_.reset();
  return Status::OK();
}

Status SegmentFileWriter::append_keys(const KeyRun& keys) {
  if (keys.size() == 0) return Status::OK();
  FRESHET_RETURN_IF_ERROR(check_order(keys));
  if (key_count_ == 0) footer_.min_key = keys.encoded_at(0);
  footer_.max_key = keys.encoded_at(keys.size() - 1);
  if (schema_->is_unique()) {
    if (!key_index_) {
      footer_.key_form = keys.is_fixed() ? KeyForm::kFixed : KeyForm::kBytes;
      key_index_ = make_primary_key_index_builder(keys.is_fixed());
      key_hashes_.reserve(options_.expected_rows);
    }
    for (size_t row = 0; row < keys.size(); ++row) key_hashes_.push_back(keys.hash_at(row));
    FRESHET_RETURN_IF_ERROR(key_index_->add(keys, sink_));
  } else {
    short_keys_.add(keys, key_count_);
  }
  key_count_ += keys.size();
  return Status::OK();
}

Status SegmentFileWriter::check_order(const KeyRun& keys) {
  const int most = schema_->is_unique() ? -1 : 0;
  bool in_order = !last_key_ || last_key_->compare(0, keys, 0) <= most;
  for (size_t row = 1; row < keys.size(); ++row) in_order &= keys.compare(row - 1, keys, row) <= most;
  if (!in_order) return Status::Internal("keys of a segment are not in order after row {}", key_count_);
  last_key_.emplace(keys.is_fixed());
  last_key_->append_from(keys, keys.size() - 1);
  return Status::OK();
}

Status SegmentFileWriter::check_complete() const {
  if (footer_.columns.size() != schema_->columns.size() || key_count_ != footer_.row_count) {
    return Status::Internal("segment {} has {} of {} columns, {} rows and {} keys", footer_.id.value, footer_.columns.size(),
                            schema_->columns.size(), footer_.row_count, key_count_);
  }
  return Status::OK();
}

Status SegmentFileWriter::write_rows() {
  std::vector<const ColumnFooter*> columns;
  for (const size_t column : row_store_.columns) columns.push_back(&footer_.columns[column]);
  FRESHET_ASSIGN_OR_RETURN(footer_.rows, write_row_store(sink_, columns, footer_.row_count, row_store_.page_bytes,
                                                         compression_, options_.charge_rows));
  return Status::OK();
}

Status SegmentFileWriter::write_key_index() {
  FRESHET_ASSIGN_OR_RETURN(footer_.key_top, key_index_->finish(sink_));
  const KeyFilter filter(key_hashes_);
  PageHeader header;
  header.kind = PageKind::kKeyFilter;
  header.row_count = footer_.row_count;
  FRESHET_ASSIGN_OR_RETURN(footer_.key_filter, sink_.write(header, filter.bytes(), PageCompression::kNone));
  return Status::OK();
}

Status SegmentFileWriter::write_short_keys() {
  PageHeader header;
  header.kind = PageKind::kShortKeys;
  header.row_count = footer_.row_count;
  FRESHET_ASSIGN_OR_RETURN(footer_.short_keys, sink_.write(header, short_keys_.serialize(), compression_));
  return Status::OK();
}

Result<SegmentMeta> SegmentFileWriter::finish() {
  if (column_) FRESHET_RETURN_IF_ERROR(finish_column());
  FRESHET_RETURN_IF_ERROR(check_complete());
  if (!row_store_.columns.empty()) FRESHET_RETURN_IF_ERROR(write_rows());
  FRESHET_RETURN_IF_ERROR(schema_->is_unique() ? write_key_index() : write_short_keys());
  FRESHET_RETURN_IF_ERROR(sink_.append_raw(make_segment_tail(footer_, sink_.size())));
  SegmentMeta meta;
  meta.id = footer_.id;
  meta.tablet = footer_.tablet;
  meta.row_count = footer_.row_count;
  meta.file_bytes = sink_.size();
  meta.schema_version = footer_.schema_version;
  meta.level = footer_.level;
  meta.min_key = footer_.min_key;
  meta.max_key = footer_.max_key;
  meta.deletes = deletes_;
  meta.newest_delete_seconds = newest_delete_seconds_;
  FRESHET_RETURN_IF_ERROR(sink_.finish());
  return meta;
}

}  // namespace

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileStore& files, RowsetId id, TabletId tablet,
                                                             SchemaPtr schema, const SegmentWriterOptions& options) {
  FRESHET_ASSIGN_OR_RETURN(auto file, files.create(segment_file_name(id)));
  auto writer = std::make_unique<SegmentFileWriter>(std::move(file), id, tablet, std::move(schema), options);
  const Status begun = writer->begin();
  if (begun.ok()) return std::unique_ptr<SegmentWriter>(std::move(writer));
  writer.reset();
  const Status removed = files.remove(segment_file_name(id));
  if (!removed.ok()) log_warning("unfinished segment file {} stays: {}", segment_file_name(id), removed.to_string());
  return begun;
}

}  // namespace freshet::storage
