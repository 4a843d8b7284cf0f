#include "storage/segment/segment_reader.h"

#include <algorithm>
#include <array>

#include "storage/segment/file_column_reader.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/primary_key_index.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/short_key_index.h"

namespace freshet::storage {
namespace {

/// With fewer rows than this for each probed key, asking the filter first costs more than it spares.
constexpr size_t kMinRowsPerFilteredKey = 4;
constexpr size_t kFilterBatchKeys = 32;
/// So many keys tell whether the filter would let nearly all pass; it is asked when it stands for many more.
constexpr size_t kFilterSampleKeys = 64;
constexpr size_t kMinKeysPerSample = 16;
constexpr uint32_t kVerifyKeys = 64 * 1024;

class SegmentFileReader final : public SegmentReader {
 public:
  SegmentFileReader(std::shared_ptr<const ReadableFile> file, PageCache& cache, SegmentMeta meta)
      : meta_(std::move(meta)), source_(std::move(file), &cache, meta_.id), cache_(cache) {}

  Status load(const TableSchema& schema);

  const SegmentMeta& meta() const override { return meta_; }
  uint32_t row_count() const override { return meta_.row_count; }
  CommitNumber newest_commit_at_write() const override { return footer_.newest_commit; }
  const ColumnReader* column(ColumnId id) const override;
  const RowStore* row_store() const override { return row_store_.get(); }

  Status find_keys(const KeyRun& sorted_keys, std::span<const uint32_t> wanted, std::vector<KeyMatch>& out) const override;
  Result<std::optional<RowOrdinal>> find_key(const KeyRun& keys, size_t key) const override;
  bool may_have_key(const KeyRun& keys, size_t key) const override;
  Result<RowOrdinal> lower_bound(std::string_view encoded) const override;
  Status read_keys(RowOrdinal first, uint32_t count, KeyRun& out) const override;

  uint64_t resident_bytes() const override;
  void verify(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const override;

 private:
  Status mismatch(std::string_view wrong) const;
  Status check_footer(const TableSchema& schema) const;
  Status load_key_index();
  Status load_short_keys();
  bool is_in_range(const KeyRun& keys, size_t key) const;
  bool most_are_here(const KeyRun& keys, std::span<const uint32_t> wanted) const;
  std::vector<uint32_t> filter_candidates(const KeyRun& keys, std::span<const uint32_t> wanted) const;
  void verify_rows(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const;
  void verify_keys(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const;

  SegmentMeta meta_;
  PageSource source_;
  SegmentFooter footer_;                                                         ///< its columns have moved to columns_
  std::vector<std::pair<ColumnId, std::unique_ptr<FileColumnReader>>> columns_;  ///< by id
  std::unique_ptr<RowStore> row_store_;
  KeyRun bounds_{false};  ///< kUnique: the smallest and the largest key
  std::unique_ptr<PrimaryKeyIndex> key_index_;
  KeyFilter key_filter_;
  ShortKeyIndex short_keys_;
  PageCache& cache_;
  PageCache::Reservation resident_;  ///< for resident_bytes(), once all is loaded
};

Status SegmentFileReader::mismatch(std::string_view wrong) const {
  return Status::Corruption("segment file {}: {}", source_.file().name(), wrong);
}

Status SegmentFileReader::check_footer(const TableSchema& schema) const {
  if (footer_.id != meta_.id) return mismatch("it holds another segment than its name says");
  if (footer_.tablet != meta_.tablet || footer_.row_count != meta_.row_count || footer_.min_key != meta_.min_key ||
      footer_.max_key != meta_.max_key || source_.file().size() != meta_.file_bytes) {
    return mismatch("its footer is not the one that the metadata store knows");
  }
  const KeyForm expected = !schema.is_unique()           ? KeyForm::kShortKeys
                           : KeyCodec(schema).is_fixed() ? KeyForm::kFixed
                                                         : KeyForm::kBytes;
  if (footer_.key_form != expected) return mismatch("its keys are not of the form that the table has");
  return Status::OK();
}

Status SegmentFileReader::load(const TableSchema& schema) {
  FRESHET_ASSIGN_OR_RETURN(footer_, read_segment_footer(source_.file()));
  FRESHET_RETURN_IF_ERROR(check_footer(schema));
  if (!footer_.rows.columns.empty()) {
    RowLayout layout = row_layout_of(footer_);
    row_store_ = std::make_unique<RowStore>(source_, std::move(footer_.rows), std::move(layout));
  }
  for (ColumnFooter& column : footer_.columns) {
    const ColumnId id = column.id;
    columns_.emplace_back(id, std::make_unique<FileColumnReader>(source_, std::move(column), footer_.row_count));
  }
  footer_.columns.clear();
  std::sort(columns_.begin(), columns_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  FRESHET_RETURN_IF_ERROR(footer_.key_form == KeyForm::kShortKeys ? load_short_keys() : load_key_index());
  resident_ = cache_.reserve(resident_bytes());
  return Status::OK();
}

Status SegmentFileReader::load_key_index() {
  const bool is_fixed = footer_.key_form == KeyForm::kFixed;
  if (is_fixed && (footer_.min_key.size() != 8 || footer_.max_key.size() != 8))
    return mismatch("its key range is malformed");
  bounds_ = KeyRun(is_fixed);
  bounds_.append_encoded(footer_.min_key);
  bounds_.append_encoded(footer_.max_key);
  FRESHET_ASSIGN_OR_RETURN(key_index_, open_primary_key_index(source_, footer_.key_top, is_fixed, footer_.row_count));
  const auto check = [&](std::string_view page) -> std::string_view {
    const bool is_filter = page_header(page).kind == PageKind::kKeyFilter && key_filter_.assign(page_payload(page));
    return is_filter ? "" : "not a key filter";
  };
  return source_.read(footer_.key_filter, check).status();
}

Status SegmentFileReader::load_short_keys() {
  const auto check = [&](std::string_view page) -> std::string_view {
    const bool is_index =
        page_header(page).kind == PageKind::kShortKeys && short_keys_.assign(page_payload(page), footer_.row_count);
    return is_index ? "" : "not a short-key index of as many rows";
  };
  return source_.read(footer_.short_keys, check).status();
}

const ColumnReader* SegmentFileReader::column(ColumnId id) const {
  const auto at = std::lower_bound(columns_.begin(), columns_.end(), id,
                                   [](const auto& entry, ColumnId wanted) { return entry.first < wanted; });
  return at != columns_.end() && at->first == id ? at->second.get() : nullptr;
}

bool SegmentFileReader::is_in_range(const KeyRun& keys, size_t key) const {
  return keys.compare(key, bounds_, 0) >= 0 && keys.compare(key, bounds_, 1) <= 0;
}

bool SegmentFileReader::most_are_here(const KeyRun& keys, std::span<const uint32_t> wanted) const {
  if (wanted.size() < kFilterSampleKeys * kMinKeysPerSample) return false;
  size_t passed = 0;
  for (size_t i = 0; i < kFilterSampleKeys; ++i) {
    passed += key_filter_.may_contain(keys.hash_at(wanted[i * wanted.size() / kFilterSampleKeys]));
  }
  return passed >= kFilterSampleKeys * 3 / 4;
}

std::vector<uint32_t> SegmentFileReader::filter_candidates(const KeyRun& keys, std::span<const uint32_t> wanted) const {
  std::vector<uint32_t> candidates;
  std::array<uint64_t, kFilterBatchKeys> hashes;
  for (; !wanted.empty(); wanted = wanted.subspan(std::min(kFilterBatchKeys, wanted.size()))) {
    const auto batch = wanted.first(std::min(kFilterBatchKeys, wanted.size()));
    for (size_t i = 0; i < batch.size(); ++i) {
      hashes[i] = keys.hash_at(batch[i]);
      key_filter_.prefetch(hashes[i]);
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      if (key_filter_.may_contain(hashes[i])) candidates.push_back(batch[i]);
    }
  }
  return candidates;
}

Status SegmentFileReader::find_keys(const KeyRun& sorted_keys, std::span<const uint32_t> wanted,
                                    std::vector<KeyMatch>& out) const {
  FRESHET_ASSERT(key_index_ != nullptr && sorted_keys.is_fixed() == bounds_.is_fixed());
  if (wanted.empty()) return Status::OK();
  const bool is_merge = row_count() < wanted.size() * kMinRowsPerFilteredKey;
  if (is_merge || most_are_here(sorted_keys, wanted)) return key_index_->find_sorted(sorted_keys, wanted, out);
  const std::vector<uint32_t> candidates = filter_candidates(sorted_keys, wanted);
  return candidates.empty() ? Status::OK() : key_index_->find_sorted(sorted_keys, candidates, out);
}

Result<std::optional<RowOrdinal>> SegmentFileReader::find_key(const KeyRun& keys, size_t key) const {
  FRESHET_ASSERT(key_index_ != nullptr && keys.is_fixed() == bounds_.is_fixed());
  return is_in_range(keys, key) ? key_index_->find(keys, key, key_filter_) : std::optional<RowOrdinal>();
}

bool SegmentFileReader::may_have_key(const KeyRun& keys, size_t key) const {
  return is_in_range(keys, key) && key_filter_.may_contain(keys.hash_at(key));
}

Result<RowOrdinal> SegmentFileReader::lower_bound(std::string_view encoded) const {
  if (encoded <= meta_.min_key) return RowOrdinal{0};
  if (encoded > meta_.max_key) return row_count();
  return key_index_ ? key_index_->lower_bound(encoded) : short_keys_.lower_bound(encoded);
}

Status SegmentFileReader::read_keys(RowOrdinal first, uint32_t count, KeyRun& out) const {
  FRESHET_ASSERT(key_index_ != nullptr && uint64_t{first} + count <= row_count());
  return key_index_->read(first, count, out);
}

uint64_t SegmentFileReader::resident_bytes() const {
  uint64_t bytes = sizeof(*this) + key_filter_.bytes().size() + short_keys_.resident_bytes();
  if (key_index_) bytes += key_index_->resident_bytes();
  if (row_store_) bytes += row_store_->resident_bytes();
  for (const auto& [id, column] : columns_) bytes += column->resident_bytes();
  return bytes;
}

void SegmentFileReader::verify(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const {
  const size_t known_problems = problems.size();
  const auto footer = read_segment_footer(source_.file());
  if (!footer.ok()) problems.push_back(footer.status().message());
  for (const auto& [id, column] : columns_) {
    for (uint32_t page = 0; page < column->page_count(); ++page) {
      if (is_stopped()) return;
      const auto bytes = column->read_page(page);
      if (!bytes.ok()) problems.push_back(bytes.status().message());
    }
  }
  if (row_store_ && problems.size() == known_problems) verify_rows(problems, is_stopped);
  const auto read_again = [&](PageLocation location) {
    const auto bytes = source_.read(location, [](std::string_view) { return std::string_view(); });
    if (!bytes.ok()) problems.push_back(bytes.status().message());
  };
  if (!key_index_) return read_again(footer_.short_keys);
  read_again(footer_.key_filter);
  read_again(footer_.key_top);
  const size_t problems_before = problems.size();
  key_index_->verify_pages(problems);
  if (problems.size() == problems_before) verify_keys(problems, is_stopped);
}

void SegmentFileReader::verify_rows(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const {
  std::vector<const ColumnReader*> columns;
  for (size_t field = 0; field < row_store_->layout().size(); ++field) {
    columns.push_back(column(row_store_->layout().field(field).column));
  }
  row_store_->verify(columns, problems, is_stopped);
}

void SegmentFileReader::verify_keys(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const {
  const auto report = [&](std::string_view wrong, uint64_t row) {
    problems.push_back(fmt::format("segment file {}: key of row {} {}", source_.file().name(), row, wrong));
  };
  KeyRun previous = bounds_;
  for (RowOrdinal first = 0; first < row_count(); first += std::min(kVerifyKeys, row_count() - first)) {
    if (is_stopped()) return;
    KeyRun keys(bounds_.is_fixed());
    const Status status = read_keys(first, std::min(kVerifyKeys, row_count() - first), keys);
    if (!status.ok()) return problems.push_back(status.message());
    for (size_t i = 0; i < keys.size(); ++i) {
      const bool is_first = first + i == 0;
      const int order = i > 0 ? keys.compare(i - 1, keys, i) : previous.compare(is_first ? 0 : previous.size() - 1, keys, 0);
      if (is_first ? order != 0 : order >= 0) return report("is out of order", first + i);
      if (!key_filter_.may_contain(keys.hash_at(i))) return report("is not in the key filter", first + i);
    }
    previous = std::move(keys);
  }
  if (previous.compare(previous.size() - 1, bounds_, 1) != 0) report("is not the largest key", row_count() - 1);
}

}  // namespace

Result<std::shared_ptr<const SegmentReader>> SegmentReader::open(FileStore& files, PageCache& cache, const SegmentMeta& meta,
                                                                 const TableSchema& schema) {
  FRESHET_ASSIGN_OR_RETURN(auto file, files.open(segment_file_name(meta.id)));
  auto reader = std::make_shared<SegmentFileReader>(std::move(file), cache, meta);
  FRESHET_RETURN_IF_ERROR(reader->load(schema));
  return std::shared_ptr<const SegmentReader>(std::move(reader));
}

}  // namespace freshet::storage
