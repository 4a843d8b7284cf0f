#include "storage/segment/prefix_key_index.h"

#include <algorithm>

#include "storage/base/coding.h"
#include "storage/segment/prefix_block.h"

namespace freshet::storage {
namespace {

/// From this many candidates on, a block is walked once instead of searched for each of them.
constexpr size_t kMinCandidatesToMerge = 6;

uint32_t keys_of_block(size_t block, uint32_t row_count) {
  return std::min(kPrefixKeysPerBlock, row_count - static_cast<uint32_t>(block) * kPrefixKeysPerBlock);
}

/// Block `index` of a page that was checked. Page: number of blocks, one offset each and an end, blocks.
PrefixBlock block_at(std::string_view page, size_t index) {
  const std::string_view payload = page_payload(page);
  const char* offsets = payload.data() + sizeof(uint32_t);
  const auto blocks = load_fixed<uint32_t>(payload.data());
  const auto begin = load_fixed<uint32_t>(offsets + index * sizeof(uint32_t));
  const auto end = load_fixed<uint32_t>(offsets + (index + 1) * sizeof(uint32_t));
  const char* bytes = offsets + (blocks + 1) * sizeof(uint32_t);
  return {{bytes + begin, end - begin}, keys_of_block(index, page_header(page).row_count)};
}

void merge_block(const PrefixBlock& block, uint32_t first_row, const KeyRun& keys, std::span<const uint32_t> candidates,
                 std::vector<KeyMatch>& out) {
  PrefixBlock::Cursor cursor(block);
  for (uint32_t candidate : candidates) {
    const std::string_view key = keys.bytes_at(candidate);
    while (!cursor.at_end() && cursor.key() < key) cursor.next();
    if (cursor.at_end()) return;
    if (cursor.key() == key) out.push_back({candidate, first_row + cursor.index()});
  }
}

void search_block(const PrefixBlock& block, uint32_t first_row, const KeyRun& keys, std::span<const uint32_t> candidates,
                  std::vector<KeyMatch>& out) {
  for (uint32_t candidate : candidates) {
    const auto position = block.lower_bound(keys.bytes_at(candidate));
    if (position.is_equal) out.push_back({candidate, first_row + position.index});
  }
}

}  // namespace

Result<std::unique_ptr<PrimaryKeyIndex>> PrefixKeyIndex::open(const PageSource& source, PageLocation top,
                                                              uint32_t row_count) {
  const auto check = [](std::string_view page) -> std::string_view {
    return page_header(page).kind == PageKind::kKeyTop ? "" : "not a key index";
  };
  FRESHET_ASSIGN_OR_RETURN(const std::string page, source.read(top, check));
  const uint32_t blocks = (row_count + kPrefixKeysPerBlock - 1) / kPrefixKeysPerBlock;
  std::vector<PageLocation> locations;
  std::vector<uint32_t> firsts;
  KeyRun separators(false);
  ByteReader reader(page_payload(page));
  const auto pages = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < pages && reader.ok(); ++i) {
    const auto offset = reader.fixed<uint64_t>();
    locations.push_back({offset, reader.fixed<uint32_t>()});
    firsts.push_back(reader.fixed<uint32_t>());
  }
  for (uint32_t i = 0; i < blocks && reader.ok(); ++i) separators.append_bytes(reader.length_prefixed());
  const bool pages_ascend = std::adjacent_find(firsts.begin(), firsts.end(), std::greater_equal<>()) == firsts.end();
  if (!reader.ok() || !reader.at_end() || firsts.empty() || firsts.front() != 0 || firsts.back() >= blocks ||
      !pages_ascend) {
    return source.bad_page(top, "the key index does not fit its rows");
  }
  for (size_t i = 1; i < blocks; ++i) {
    if (separators.bytes_at(i - 1) >= separators.bytes_at(i)) {
      return source.bad_page(top, "the key index is out of order");
    }
  }
  return std::unique_ptr<PrimaryKeyIndex>(
      new PrefixKeyIndex(std::move(separators), CachedPages(source, std::move(locations)), std::move(firsts), row_count));
}

std::string_view PrefixKeyIndex::find_page_fault(std::string_view bytes, size_t page) const {
  const PageHeader header = page_header(bytes);
  const std::string_view payload = page_payload(bytes);
  const uint32_t first_block = page_first_blocks_[page];
  const auto end_block = static_cast<uint32_t>(page + 1 < pages_.size() ? page_first_blocks_[page + 1] : separators_.size());
  const uint32_t first_row = first_block * kPrefixKeysPerBlock;
  const uint32_t end_row = std::min(end_block * kPrefixKeysPerBlock, row_count_);
  if (header.kind != PageKind::kKeyBlocks || header.first_row != first_row || header.row_count != end_row - first_row) {
    return "not this page of the key index";
  }
  const uint32_t blocks = end_block - first_block;
  const size_t directory_bytes = (size_t{blocks} + 2) * sizeof(uint32_t);
  if (payload.size() < directory_bytes || load_fixed<uint32_t>(payload.data()) != blocks) {
    return "the directory of key blocks is cut off";
  }
  const std::string_view area = payload.substr(directory_bytes);
  uint32_t begin = load_fixed<uint32_t>(payload.data() + sizeof(uint32_t));
  for (uint32_t i = 0; i < blocks; ++i) {
    const auto end = load_fixed<uint32_t>(payload.data() + (i + 2) * sizeof(uint32_t));
    if (begin > end || end > area.size()) return "a key block is outside its page";
    if (!PrefixBlock::is_valid(area.substr(begin, end - begin), keys_of_block(i, header.row_count))) {
      return "a key block does not hold its keys";
    }
    begin = end;
  }
  return "";
}

Result<PageCache::PagePtr> PrefixKeyIndex::page(size_t page) const {
  return pages_.get(page, [&](std::string_view bytes) { return find_page_fault(bytes, page); });
}

size_t PrefixKeyIndex::page_of(size_t block) const {
  const auto above = std::upper_bound(page_first_blocks_.begin(), page_first_blocks_.end(), block);
  return static_cast<size_t>(above - page_first_blocks_.begin()) - 1;
}

size_t PrefixKeyIndex::blocks_not_above(std::string_view key, size_t from) const {
  size_t step = 1;
  while (from + step <= separators_.size() && separators_.bytes_at(from + step - 1) <= key) {
    from += step;
    step *= 2;
  }
  for (size_t left = std::min(step - 1, separators_.size() - from); left > 0;) {
    const size_t half = left / 2;
    const bool is_not_above = separators_.bytes_at(from + half) <= key;
    from = is_not_above ? from + half + 1 : from;
    left = is_not_above ? left - half - 1 : half;
  }
  return from;
}

Status PrefixKeyIndex::find_sorted(const KeyRun& keys, std::span<const uint32_t> candidates,
                                   std::vector<KeyMatch>& out) const {
  PageCache::PagePtr page;
  size_t loaded_page = pages_.size();
  size_t blocks = 0;
  for (size_t begin = 0; begin < candidates.size();) {
    blocks = blocks_not_above(keys.bytes_at(candidates[begin]), blocks);
    size_t end = begin + 1;
    const bool is_last = blocks == separators_.size();
    while (end < candidates.size() && (is_last || keys.bytes_at(candidates[end]) < separators_.bytes_at(blocks))) ++end;
    const auto group = candidates.subspan(begin, end - begin);
    begin = end;
    if (blocks == 0) continue;
    const size_t block = blocks - 1;
    if (const size_t wanted_page = page_of(block); wanted_page != loaded_page) {
      loaded_page = wanted_page;
      FRESHET_ASSIGN_OR_RETURN(page, this->page(loaded_page));
    }
    const PrefixBlock view = block_at(*page, block - page_first_blocks_[loaded_page]);
    const auto first_row = static_cast<uint32_t>(block * kPrefixKeysPerBlock);
    group.size() >= kMinCandidatesToMerge ? merge_block(view, first_row, keys, group, out)
                                          : search_block(view, first_row, keys, group, out);
  }
  return Status::OK();
}

Result<std::optional<RowOrdinal>> PrefixKeyIndex::find(const KeyRun& keys, size_t key, const KeyFilter& filter) const {
  if (!filter.may_contain(keys.hash_at(key))) return std::optional<RowOrdinal>();
  const size_t blocks = blocks_not_above(keys.bytes_at(key), 0);
  if (blocks == 0) return std::optional<RowOrdinal>();
  const size_t page_index = page_of(blocks - 1);
  FRESHET_ASSIGN_OR_RETURN(const PageCache::PagePtr page, this->page(page_index));
  const auto position = block_at(*page, blocks - 1 - page_first_blocks_[page_index]).lower_bound(keys.bytes_at(key));
  if (!position.is_equal) return std::optional<RowOrdinal>();
  return std::optional<RowOrdinal>(static_cast<uint32_t>((blocks - 1) * kPrefixKeysPerBlock) + position.index);
}

Result<RowOrdinal> PrefixKeyIndex::lower_bound(std::string_view encoded) const {
  const size_t blocks = blocks_not_above(encoded, 0);
  if (blocks == 0) return RowOrdinal{0};
  const size_t page_index = page_of(blocks - 1);
  FRESHET_ASSIGN_OR_RETURN(const PageCache::PagePtr page, this->page(page_index));
  const auto position = block_at(*page, blocks - 1 - page_first_blocks_[page_index]).lower_bound(encoded);
  return static_cast<uint32_t>((blocks - 1) * kPrefixKeysPerBlock) + position.index;
}

Status PrefixKeyIndex::read(RowOrdinal first, uint32_t count, KeyRun& out) const {
  const RowOrdinal end = first + count;
  PageCache::PagePtr page;
  size_t loaded_page = pages_.size();
  while (first < end) {
    const size_t block = first / kPrefixKeysPerBlock;
    if (const size_t wanted_page = page_of(block); wanted_page != loaded_page) {
      loaded_page = wanted_page;
      FRESHET_ASSIGN_OR_RETURN(page, this->page(loaded_page));
    }
    const PrefixBlock view = block_at(*page, block - page_first_blocks_[loaded_page]);
    const auto block_row = static_cast<RowOrdinal>(block * kPrefixKeysPerBlock);
    for (PrefixBlock::Cursor cursor(view); !cursor.at_end() && first < end; cursor.next()) {
      if (block_row + cursor.index() < first) continue;
      out.append_bytes(cursor.key());
      ++first;
    }
  }
  return Status::OK();
}

void PrefixKeyIndex::verify_pages(std::vector<std::string>& problems) const {
  for (size_t page = 0; page < pages_.size(); ++page) {
    const auto bytes = pages_.read(page, [&](std::string_view read) { return find_page_fault(read, page); });
    if (!bytes.ok()) problems.push_back("key index: " + bytes.status().message());
  }
}

uint64_t PrefixKeyIndex::resident_bytes() const {
  return sizeof(*this) + separators_.byte_size() + pages_.resident_bytes() +
         page_first_blocks_.capacity() * sizeof(uint32_t);
}

Status PrefixKeyIndexBuilder::add(const KeyRun& keys, PageSink& sink) {
  for (size_t row = 0; row < keys.size(); ++row) {
    add_key(keys.bytes_at(row));
    if (block_keys_ == kPrefixKeysPerBlock) {
      close_block();
      if (blocks_.size() >= kPrefixPageBytes) FRESHET_RETURN_IF_ERROR(write_page(sink));
    }
  }
  return Status::OK();
}

void PrefixKeyIndexBuilder::add_key(std::string_view key) {
  const size_t common = common_prefix(last_key_, key);
  if (block_keys_ == 0) separators_.append_bytes(separators_.size() == 0 ? key : key.substr(0, common + 1));
  const bool is_restart = block_keys_ % kRestartInterval == 0;
  if (is_restart) restarts_.push_back(static_cast<uint32_t>(entries_.size()));
  const size_t shared = is_restart ? 0 : common;
  put_prefix_entry(entries_, shared, key.substr(shared));
  last_key_.assign(key);
  ++block_keys_;
  ++page_keys_;
}

void PrefixKeyIndexBuilder::close_block() {
  block_offsets_.push_back(static_cast<uint32_t>(blocks_.size()));
  for (uint32_t restart : restarts_) put_fixed(blocks_, restart);
  blocks_.append(entries_);
  entries_.clear();
  restarts_.clear();
  block_keys_ = 0;
}

Status PrefixKeyIndexBuilder::write_page(PageSink& sink) {
  std::string payload;
  put_fixed(payload, static_cast<uint32_t>(block_offsets_.size()));
  for (uint32_t offset : block_offsets_) put_fixed(payload, offset);
  put_fixed(payload, static_cast<uint32_t>(blocks_.size()));
  payload.append(blocks_);
  PageHeader header;
  header.kind = PageKind::kKeyBlocks;
  header.row_count = page_keys_;
  header.first_row = rows_written_;
  FRESHET_ASSIGN_OR_RETURN(const PageLocation location, sink.write(header, payload, PageCompression::kNone));
  pages_.push_back(location);
  page_first_blocks_.push_back(static_cast<uint32_t>(separators_.size() - block_offsets_.size()));
  rows_written_ += page_keys_;
  page_keys_ = 0;
  blocks_.clear();
  block_offsets_.clear();
  return Status::OK();
}

Result<PageLocation> PrefixKeyIndexBuilder::finish(PageSink& sink) {
  if (block_keys_ > 0) close_block();
  if (!block_offsets_.empty()) FRESHET_RETURN_IF_ERROR(write_page(sink));
  std::string top;
  put_fixed(top, static_cast<uint32_t>(pages_.size()));
  for (size_t i = 0; i < pages_.size(); ++i) {
    put_fixed(top, pages_[i].offset);
    put_fixed(top, pages_[i].bytes);
    put_fixed(top, page_first_blocks_[i]);
  }
  for (size_t i = 0; i < separators_.size(); ++i) put_length_prefixed(top, separators_.bytes_at(i));
  PageHeader header;
  header.kind = PageKind::kKeyTop;
  header.row_count = rows_written_;
  return sink.write(header, top, PageCompression::kNone);
}

}  // namespace freshet::storage
